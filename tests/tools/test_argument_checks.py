"""Arguments are taken as they are or refused: nothing is coerced, and the sentence names the field and what is allowed."""

from typing import Any

import jsonschema
import pytest

from pipeline.record.opened_workspace import Opened
from tests.tools.desk import desk
from tools.schemas import answer, compact

REPORT = {"case_id": "c", "action": "monitor", "summary": "s", "reasoning": "r"}

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"n_estimators": "5"}, ("n_estimators", "must be an integer", "string '5'")),
        ({"n_estimators": 250.5}, ("n_estimators", "must be an integer", "number")),
        ({"n_estimators": True}, ("n_estimators", "must be an integer", "boolean")),
        ({"max_depth": [10]}, ("max_depth", "must be an integer", "array")),
        ({"C": "yes"}, ("C", "must be a number", "string 'yes'")),
        ({"C": False}, ("C", "must be a number", "boolean")),
        ({"case_id": 5}, ("case_id", "must be a string", "integer")),
        ({"case_id": None}, ("case_id", "must be a string", "null")),
        ({"case_id": {"id": 1}}, ("case_id", "must be a string", "object")),
        ({"case_id": ""}, ("case_id", "at least 1 character")),
        ({"case_id": "x" * 65}, ("case_id", "at most 64 characters", "65")),
        ({"case_id": "\ud800"}, ("case_id", "valid Unicode")),
        ({"estimator": "perceptron"}, ("estimator", "'random_forest', ", "'logistic_regression' or 'xgboost'", "'perceptron'")),
        ({"estimator": 7}, ("estimator", "'logistic_regression' or 'xgboost'", "integer")),
    ],
)
async def test_a_value_of_the_wrong_kind_is_refused_and_never_coerced(fresh: Opened, given: dict[str, Any], words: tuple[str, ...]) -> None:
    async with desk(fresh) as client:
        said = await client.refused("run_training", **{"case_id": "c", **given})
    for word in ("run_training", *words):
        assert word in said
    assert said.endswith(".")
    assert "pydantic" not in said
    assert "type=" not in said


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"action": "deploy"}, ("action", "'monitor'", "'fix_data'", "'collect_labels'", "'recalibrate'", "'retrain'", "'deploy'")),
        ({"summary": ""}, ("summary", "at least 1 character")),
        ({"summary": "x" * 1501}, ("summary", "at most 1500 characters", "1501")),
        ({"reasoning": "x" * 6001}, ("reasoning", "at most 6000 characters", "6001")),
    ],
)
async def test_a_report_outside_its_bounds_is_refused(fresh: Opened, given: dict[str, Any], words: tuple[str, ...]) -> None:
    async with desk(fresh) as client:
        said = await client.refused("save_remediation_report", **{**REPORT, **given})
    for word in words:
        assert word in said


@pytest.mark.parametrize("missing", list(REPORT))
async def test_a_missing_argument_is_named(fresh: Opened, missing: str) -> None:
    async with desk(fresh) as client:
        said = await client.refused("save_remediation_report", **{name: value for name, value in REPORT.items() if name != missing})
    assert said == f"save_remediation_report: {missing} is required."


async def test_an_unknown_argument_is_refused_with_those_allowed(fresh: Opened) -> None:
    async with desk(fresh) as client:
        assert "takes no argument 'case_id'. It takes: none." in await client.refused("get_drift_summary", case_id="c")
        said = await client.refused("run_training", case_id="c", seed=1)
    assert "takes no argument 'seed'" in said
    assert "case_id, mode, estimator, n_estimators, max_depth, learning_rate, max_leaf_nodes, C" in said


async def test_a_misspelt_argument_gets_a_hint(fresh: Opened) -> None:
    async with desk(fresh) as client:
        assert "Did you mean n_estimators?" in await client.refused("run_training", case_id="c", n_estimator=250)


async def test_an_unknown_tool_is_refused_with_those_there_are(fresh: Opened) -> None:
    async with desk(fresh) as client:
        said = await client.refused("approve_challenger", case_id="c")
    assert "no tool 'approve_challenger'" in said
    for name in ("get_drift_summary", "get_current_model_metrics", "run_training", "save_remediation_report"):
        assert name in said


async def test_an_unknown_case_is_refused_with_where_to_find_one(trained: Opened) -> None:
    async with desk(trained) as client:
        for tool, rest in (("get_current_model_metrics", {}), ("run_training", {}), ("save_remediation_report", {**REPORT})):
            said = await client.refused(tool, **{**rest, "case_id": "2020-01-01-nobody"})
            assert said == "There is no case '2020-01-01-nobody'. `churnops reports list` shows the cases."


@pytest.mark.parametrize("size", [100, 100_000])
async def test_a_refusal_never_echoes_more_than_a_little(fresh: Opened, size: int) -> None:
    async with desk(fresh) as client:
        for said in (
            await client.refused("run_training", case_id="c", estimator="x" * size),
            await client.refused("run_training", case_id="x" * size),
            await client.refused("run_training", **{"x" * size: 1}),
            await client.refused("x" * size),
        ):
            assert len(said) < 300


async def test_nothing_refused_here_reaches_the_case(trained: Opened) -> None:
    async with desk(trained) as client:
        await client.refused("run_training", case_id="c", n_estimators="5")
        await client.refused("save_remediation_report", **{**REPORT, "action": "deploy"})
    assert trained.cases.all() == ()


def test_a_short_schema_says_the_same() -> None:
    schema = {
        "title": "Given",
        "type": "object",
        "properties": {
            "title": {"title": "Title", "type": "string", "default": "none"},
            "n": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None, "title": "N", "description": "How many"},
            "c": {"anyOf": [{"type": "integer"}, {"type": "number"}, {"type": "null"}]},
            "part": {"anyOf": [{"$ref": "#/$defs/Part"}, {"type": "null"}]},
        },
        "$defs": {"Part": {"title": "Part", "additionalProperties": False, "type": "object", "description": "A part"}},
        "additionalProperties": False,
        "description": "Given",
    }
    short = compact(schema)
    assert short["properties"] == {
        "title": {"type": "string", "default": "none"},
        "n": {"type": ["integer", "null"], "description": "How many"},
        "c": {"type": ["number", "null"]},
        "part": {"anyOf": [{"$ref": "#/$defs/Part"}, {"type": "null"}]},
    }
    assert short["additionalProperties"] is False
    assert "$defs" not in answer(schema)
    assert answer(schema)["properties"] == {
        "title": {},
        "n": {},
        "c": {},
        "part": {"anyOf": [{"type": "object"}, {"type": "null"}]},
    }
    assert not {"additionalProperties", "description", "title"} & set(answer(schema))


def test_a_short_answer_says_a_part_once_and_takes_a_null_for_it() -> None:
    measure = {"type": "object", "properties": {"value": {"type": "number"}}}
    metrics = {"type": "object", "properties": {"n": {"type": "integer"}, **{name: {"$ref": "#/$defs/Measure"} for name in "abcde"}}}
    schema = {
        "type": "object",
        "properties": {
            "now": {"anyOf": [{"$ref": "#/$defs/Metrics"}, {"type": "null"}]},
            "before": {"$ref": "#/$defs/Metrics"},
            "once": {"anyOf": [{"$ref": "#/$defs/Once"}, {"type": "null"}]},
            "rows": {"type": "array", "items": {"$ref": "#/$defs/Measure"}},
        },
        "$defs": {"Measure": measure, "Metrics": metrics, "Once": {"type": "object", "properties": {"x": {"type": "string"}}}},
    }
    short = answer(schema)
    assert short["properties"] == {
        "now": {"$ref": "#/$defs/Metrics"},
        "before": {"$ref": "#/$defs/Metrics"},
        "once": {"properties": {"x": {}}},
        "rows": {"items": {"$ref": "#/$defs/Measure"}},
    }
    assert short["$defs"]["Metrics"] == {"properties": {"n": {}}, "additionalProperties": {"$ref": "#/$defs/Measure"}}
    told = {"n": 3, **{name: {"value": 0.5} for name in "abcde"}}
    jsonschema.validate({"now": None, "before": told, "once": None, "rows": [{"value": 1.0}]}, short)
