"""Calls made from the tools' own schemas, and calls that break them: an answer or a sentence, whatever is thrown at the door."""

import json
import random
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis_jsonschema import from_schema
from mcp.types import CallToolResult

from pipeline.record.opened_workspace import Opened
from pipeline.worlds.simulation import simulate
from tests.injections import PAYLOADS
from tests.standing import standing, within_bounds
from tests.tools.desk import case_of, desk, diagnosis_of, under
from tests.tools.served import bearer, issue, on_a_thread
from tests.tools.test_server import OFFERED
from tools.http_server import HttpBounds

CALLS = 5000
VERSION = "2026-07-28"
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=80),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=5,
)

pytestmark = pytest.mark.anyio


def argument(part: dict[str, Any], parts: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values of one argument. Of objects field by field: for whole objects hypothesis-jsonschema reaches into a part of hypothesis that is gone."""
    if part.get("type") == "array":
        return st.lists(argument(part["items"], parts), min_size=part.get("minItems", 0), max_size=part.get("maxItems", 5))
    told = parts[part["$ref"].removeprefix("#/$defs/")] if "$ref" in part else part
    if "properties" in told:
        return st.fixed_dictionaries({name: argument(field, parts) for name, field in told["properties"].items()})
    return from_schema(told)


def calls(schemas: dict[str, dict[str, Any]], case_ids: list[str]) -> st.SearchStrategy[tuple[tuple[str, dict[str, Any]], ...]]:
    """A call of each tool and one of no tool, name and arguments: as its schema allows, with a real case in them, with one argument wrong, or anything at all."""

    def of(name: str) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
        schema = schemas[name]
        given = {name: argument(part, schema.get("$defs", {})) for name, part in schema["properties"].items()}
        required = schema.get("required", [])
        valid = st.fixed_dictionaries(
            {name: given[name] for name in required}, optional={name: part for name, part in given.items() if name not in required}
        )
        known = st.sampled_from(case_ids)
        real = st.tuples(valid, known).map(lambda two: {**two[0], "case_id": two[1]} if "case_id" in schema["properties"] else two[0])
        names = [*schema["properties"], "force", "seed", "deploy"]
        hostile = st.sampled_from([payload.text for payload in PAYLOADS]) | st.just("x" * 20_000) | _JSON
        broken = st.tuples(real, st.sampled_from(names), hostile).map(lambda three: {**three[0], three[1]: three[2]})
        return st.tuples(st.just(name), valid | real | broken | st.dictionaries(st.text(max_size=12), _JSON, max_size=4))

    unknown = st.tuples(st.sampled_from(["approve", "deploy", "rollback", "set_alias"]) | st.text(max_size=40), st.just({}))
    return st.tuples(*map(of, sorted(schemas)), unknown)


def harmless(said: str) -> None:
    """A sentence, and no stack."""
    assert said
    assert "Traceback" not in said
    assert "pydantic" not in said
    assert not said.startswith("Error executing tool")
    assert len(said) <= 1400


async def test_whatever_is_called_answers_or_says_what_is_wrong(trained: Opened) -> None:
    roomy = under(trained, limits={"tool_calls": 100_000, "seconds": 1e9})
    case = case_of(roomy, diagnosis=diagnosis_of("data_fault"))
    before = standing(roomy)
    drawn: list[tuple[str, dict[str, Any]]] = []
    async with desk(roomy) as at:
        schemas = {tool.name: tool.input_schema for tool in (await at.client.list_tools()).tools if tool.name != "save_remediation_report"}

        # Hypothesis draws ahead: its examples run outside the event loop, the calls within it.
        @settings(max_examples=7, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
        @given(calls(schemas, [case.case_id]))
        def draw(each: tuple[tuple[str, dict[str, Any]], ...]) -> None:
            drawn.extend(each)

        draw()
        for name, arguments in drawn:
            result = await at.client.call_tool(name, arguments)
            if result.is_error:
                harmless(" ".join(block.text for block in result.content if block.type == "text"))
    assert len(drawn) >= 60
    assert {name for name, _ in drawn} >= set(schemas)
    assert standing(roomy) == before
    assert roomy.cases.trainings(case.case_id) == ()


OUT_OF_RANGE: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("run_training", {"n_estimators": 10**30}, "200 to 300"),
    ("run_training", {"n_estimators": -1}, "200 to 300"),
    ("run_training", {"max_depth": 2**63}, "10 to 12"),
    ("run_training", {"estimator": "logistic_regression", "C": 1e308}, "`hyperparameters.logistic_regression.C`"),
    ("run_training", {"estimator": "logistic_regression", "C": -1.0}, "`hyperparameters.logistic_regression.C`"),
    ("inspect_feature", {"feature": "x" * 201}, "at most 200 characters"),
    ("save_remediation_report", {"action": "monitor", "summary": "s", "reasoning": "\ud800"}, "valid Unicode"),
)


@pytest.mark.slow
async def test_a_value_out_of_range_names_the_field_and_what_is_allowed(drifted: Opened) -> None:
    async with desk(drifted) as at:
        case_id = (await at.ok("get_drift_summary"))["case_id"]
        for name, arguments, said in OUT_OF_RANGE:
            answer = await at.refused(name, case_id=case_id, **arguments)
            assert said in answer, (name, arguments)
            harmless(answer)
    assert drifted.cases.trainings(case_id) == ()


def request(number: int, method: str, params: Any) -> tuple[dict[str, str], bytes]:
    """A request of the stateless era; the name in its header is the one in its body."""
    meta = {"io.modelcontextprotocol/protocolVersion": VERSION, "io.modelcontextprotocol/clientCapabilities": {}}
    body = {"jsonrpc": "2.0", "id": number, "method": method, "params": {**params, "_meta": meta}}
    headers = {"MCP-Protocol-Version": VERSION, "Mcp-Method": method, "Accept": "application/json, text/event-stream"}
    name = str(params.get("name") or params.get("uri") or "")
    if name.isascii() and name.isprintable() and name.strip() == name:
        headers["Mcp-Name"] = name
    return {**headers, "Content-Type": "application/json"}, json.dumps(body).encode()


def mangled(dice: random.Random, body: bytes) -> bytes:
    """The body with bytes changed, cut off, or doubled."""
    how = dice.randrange(4)
    if how == 0:
        return body[: dice.randrange(len(body))]
    if how == 1:
        return body + body
    place = dice.randrange(len(body))
    return body[:place] + bytes([dice.randrange(256)]) + body[place + (how == 2) :]


@pytest.mark.slow
def test_thousands_of_calls_over_http_crash_nothing_and_change_nothing_outside_the_guard(trained: Opened) -> None:
    import anyio

    simulate(trained, "none", 200, labelled_share=0.5, seed=3)
    roomy = under(trained, limits={"tool_calls": 1_000_000, "seconds": 1e9})
    faulty = [case_of(roomy, f"fuzzed {place}", diagnosis=diagnosis_of("data_fault")) for place in range(40)]
    ids, dice = [case.case_id for case in faulty], random.Random(8)
    schemas: dict[str, dict[str, Any]] = {}

    async def list_tools() -> None:
        async with desk(roomy) as at:
            schemas.update({tool.name: tool.input_schema for tool in (await at.client.list_tools()).tools})

    anyio.run(list_tools)
    assert sorted(schemas) == sorted(OFFERED)
    drawn: list[tuple[str, dict[str, Any]]] = []

    rounds = -(-CALLS // (len(schemas) + 1))  # of a call of each tool, and one of none

    @settings(max_examples=rounds, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(calls(schemas, ids))
    def draw(made: tuple[tuple[str, dict[str, Any]], ...]) -> None:
        drawn.extend(made)

    draw()
    while len(drawn) < CALLS:  # hypothesis stops where it thinks it has seen all
        drawn.append(dice.choice(drawn))
    secret = issue(roomy, "train")
    before = standing(roomy)
    statuses: dict[int, int] = {}
    answers = errors = 0
    with on_a_thread(roomy, HttpBounds(requests=10**9)) as address, httpx2.Client(headers=bearer(secret), timeout=120) as http:
        for number, (name, arguments) in enumerate(drawn[:CALLS]):
            headers, body = request(number, "tools/call", {"name": name, "arguments": arguments})
            if number % 10 == 9:
                body = mangled(dice, body)
            found = http.post(address, headers=headers, content=body)
            statuses[found.status_code] = statuses.get(found.status_code, 0) + 1
            assert found.status_code < 500, (name, arguments, found.text[:400])
            assert "Traceback" not in found.text
            if found.status_code == 200 and "result" in (told := found.json()):
                result = CallToolResult.model_validate(told["result"])
                answers += not result.is_error
                errors += bool(result.is_error)
                if result.is_error:
                    harmless(result.content[0].text)  # type: ignore[union-attr]
        alive = http.post(address, headers=request(0, "tools/list", {})[0], content=request(0, "tools/list", {})[1])
    assert alive.status_code == 200
    assert answers > 200
    assert errors > 2000
    assert standing(roomy) == before
    for case in roomy.cases.all():
        within_bounds(roomy, case.case_id)
        assert roomy.cases.trainings(case.case_id) == ()
    assert {case.case_id for case in roomy.cases.all()} - set(ids) <= {
        case.case_id for case in roomy.cases.all() if case.started_by == "mcp"
    }
