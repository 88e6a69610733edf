"""What a client sees of the server: a few tools, described for a model, strict in, typed out, small, and none that deploys."""

import json
import re
from typing import Any

import pytest
from mcp.types import Tool

from pipeline.families import families
from pipeline.record.opened_workspace import Opened
from tests.tools.desk import desk, under

OFFERED = [
    "get_drift_summary",
    "get_current_model_metrics",
    "diagnose",
    "inspect_feature",
    "run_training",
    "compare_models",
    "query",
    "preview_repair",
    "inspect_outcomes",
    "inspect_pair",
    "get_history",
    "save_remediation_report",
]
LIST_BYTES = 16_000
DEPLOYS = re.compile(r"deploy|approv|promot|alias|roll.?back", re.IGNORECASE)
DENIES = re.compile(r"\b(nothing|no tool|a person)\b")

pytestmark = pytest.mark.anyio


async def listed(opened: Opened) -> dict[str, Tool]:
    """The tools by name, in the server's order."""
    async with desk(opened) as client:
        return {tool.name: tool for tool in (await client.client.list_tools()).tools}


def descriptions(schema: dict[str, Any]) -> list[str]:
    """Every description within a schema."""
    own = [schema["description"]] if isinstance(schema.get("description"), str) else []
    parts = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()]
    return own + [text for part in parts for text in descriptions(part)]


async def test_the_tools_of_the_loop_are_offered_and_nothing_else(fresh: Opened) -> None:
    assert list(await listed(fresh)) == OFFERED


async def test_every_tool_has_a_title_and_says_what_it_does_and_when(fresh: Opened) -> None:
    for tool in (await listed(fresh)).values():
        assert tool.title
        assert len(tool.description or "") > 80


async def test_annotations_say_what_a_call_may_change(fresh: Opened) -> None:
    hints = {
        name: (
            tool.annotations.read_only_hint,
            tool.annotations.destructive_hint,
            tool.annotations.idempotent_hint,
            tool.annotations.open_world_hint,
        )
        for name, tool in (await listed(fresh)).items()
        if tool.annotations
    }
    assert hints == {
        "get_drift_summary": (False, False, True, False),
        "get_current_model_metrics": (True, None, None, False),
        "diagnose": (False, False, True, False),
        "inspect_feature": (True, None, None, False),
        "run_training": (False, False, True, False),
        "compare_models": (True, None, None, False),
        "query": (True, None, None, False),
        "preview_repair": (True, None, None, False),
        "inspect_outcomes": (True, None, None, False),
        "inspect_pair": (True, None, None, False),
        "get_history": (True, None, None, False),
        "save_remediation_report": (False, False, False, False),
    }


async def test_inputs_allow_only_named_arguments_and_describe_each(fresh: Opened) -> None:
    for tool in (await listed(fresh)).values():
        assert tool.input_schema["type"] == "object"
        assert tool.input_schema["additionalProperties"] is False
        for name, argument in tool.input_schema["properties"].items():
            assert argument["description"], f"{tool.name}.{name}"


async def test_choices_are_listed_in_the_schema(fresh: Opened) -> None:
    tools = await listed(fresh)
    training = tools["run_training"].input_schema["properties"]
    assert training["mode"]["enum"] == ["combined", "recent", "newest", "reweighted", "recalibrate"]
    assert training["estimator"]["anyOf"][0]["enum"] == list(families())
    actions = tools["save_remediation_report"].input_schema["properties"]["action"]["enum"]
    assert actions == ["monitor", "fix_data", "collect_labels", "wait_for_outcomes", "rollback", "recalibrate", "retrain"]


async def test_every_answer_is_typed_and_can_be_cited(fresh: Opened) -> None:
    for tool in (await listed(fresh)).values():
        assert tool.output_schema is not None
        assert {"case_id", "call"} <= set(tool.output_schema["properties"])


async def test_an_answer_may_learn_to_say_more_without_breaking_a_client(fresh: Opened) -> None:
    for tool in (await listed(fresh)).values():
        assert '"additionalProperties": false' not in json.dumps(tool.output_schema)


async def test_the_whole_list_is_small(fresh: Opened) -> None:
    async with desk(fresh) as client:
        found = await client.client.list_tools()
    assert len(found.model_dump_json(by_alias=True, exclude_none=True).encode()) <= LIST_BYTES


async def test_no_tool_takes_or_offers_a_deployment(fresh: Opened) -> None:
    for name, tool in (await listed(fresh)).items():
        arguments = tool.input_schema["properties"]
        assert not DEPLOYS.search(" ".join([name, tool.title or "", *arguments]))
        texts = [tool.description or "", *descriptions(tool.input_schema), *descriptions(tool.output_schema or {})]
        for sentence in re.split(r"(?<=[.;])\s", " ".join(texts)):
            assert not DEPLOYS.search(sentence) or DENIES.search(sentence), f"{name}: {sentence}"


async def test_the_instructions_name_the_first_and_the_last_call_and_who_deploys(fresh: Opened) -> None:
    async with desk(fresh) as client:
        said = client.client.instructions or ""
    assert said.index("get_drift_summary") < said.index("save_remediation_report")
    assert "No tool deploys" in said


async def test_descriptions_state_the_bounds_of_the_policy_in_force(fresh: Opened) -> None:
    other = under(
        fresh,
        training={"retries": 4, "min_labelled_rows": 555, "cooldown_hours": 48},
        hyperparameters={"random_forest": {"max_depth": [3, 7]}},
    )
    training = (await listed(other))["run_training"]
    for bound in ("at most 5 times", "555 labelled rows", "48 h"):
        assert bound in (training.description or "")
    assert training.input_schema["properties"]["max_depth"]["description"].startswith("random_forest: depth, 3 to 7; ")
