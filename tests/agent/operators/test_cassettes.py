"""Recorded cases played under the real SDK: the whole request is the key, so nothing that is sent changes unseen."""

import json
from pathlib import Path

import pytest
from mcp import Client

from agent.case.briefing import system_prompt
from agent.case.loop import Ending, run, tool_specs
from agent.conversation.messages import Briefing
from agent.operators.claude import Claude
from pipeline.workspace.operator_settings import OperatorSettings
from tests.agent.case_tools import CASE, CaseTools, clock_at, diagnosed, shipped_policy
from tests.agent.operators.cassette import Cassette, key_of
from tests.agent.operators.test_claude import isolated as isolated
from tests.messages_server import Reply, Tool

CASSETTES = Path(__file__).parent / "cassettes"
TRAIN = Tool("run_training", {"case_id": CASE, "mode": "recent", "n_estimators": 250}, id="toolu_train")


def save(action: str) -> Tool:
    return Tool("save_remediation_report", {"case_id": CASE, "action": action, "summary": "s", "reasoning": "r"}, id="toolu_save")


def facts(name: str) -> CaseTools:
    """The case of each cassette."""
    if name == "retrain":
        return CaseTools(band="retrain", diagnosis=diagnosed("concept_drift", "retrain", "recent"))
    return CaseTools(band="monitor", diagnosis=diagnosed("data_fault", "fix_data", column="tenure"))


# What was answered when they were recorded. A new recording is what the last test but two writes.
SCRIPTS: dict[str, list[Reply]] = {
    "retrain": [Reply(["Behaviour changed, I train. ", TRAIN]), Reply(["The gate passed. ", save("retrain")])],
    "fix_data": [Reply(["`tenure` is broken. ", save("fix_data")])],
}


async def play(cassette: Cassette, case: CaseTools, briefing: Briefing | None = None) -> Ending:
    with cassette as server:
        async with Client(case.server()) as client:
            # A prompt of its own: the shipped one changes with the policy's prose, and that is no fault of the wire.
            operator = Claude(OperatorSettings(base_url=server.url), "You operate a churn model.")
            tools = await tool_specs(client)
            limits = shipped_policy().limits
            return await run(operator, None, client, tools, (briefing or case.briefing(),), limits, lambda _: None, clock_at)


@pytest.mark.slow
@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.anyio
async def test_a_recorded_case_plays_to_its_end(name: str) -> None:
    case = facts(name)
    ending = await play(Cassette(CASSETTES / f"{name}.json"), case)
    assert (ending.stopped, ending.turns) == ("finished", len(SCRIPTS[name]))
    assert case.saved()["action"] == name


@pytest.mark.anyio
async def test_a_request_that_changed_misses_and_the_failure_says_what_changed() -> None:
    case = facts("fix_data")
    briefing = case.briefing()
    changed = briefing.model_copy(update={"text": briefing.text.replace("Decide, act", "Decide and act")})
    with pytest.raises(AssertionError, match="not on the cassette") as missed:
        await play(Cassette(CASSETTES / "fix_data.json"), case, changed)
    said = str(missed.value)
    assert "--- recorded" in said
    assert "+++ sent" in said


@pytest.mark.anyio
async def test_an_answer_that_nobody_asks_for_fails(tmp_path: Path) -> None:
    tape = json.loads((CASSETTES / "fix_data.json").read_text())
    longer = tmp_path / "longer.json"
    longer.write_text(json.dumps({**tape, "0" * 64: next(iter(tape.values()))}))
    with pytest.raises(AssertionError, match="1 recorded answers were not asked for"):
        await play(Cassette(longer), facts("fix_data"))


@pytest.mark.anyio
async def test_recording_writes_what_playing_reads(tmp_path: Path) -> None:
    for name, script in SCRIPTS.items():
        await play(Cassette(tmp_path / f"{name}.json", script), facts(name))
        recorded, kept = (json.loads((folder / f"{name}.json").read_text()) for folder in (tmp_path, CASSETTES))
        assert recorded == kept, (
            f"{name}: copy the new recording over tests/agent/operators/cassettes if the change of the request is meant"
        )


def test_the_prefix_that_the_provider_caches_is_the_same_bytes_for_the_same_policy() -> None:
    asked = [Claude(OperatorSettings(), system_prompt(shipped_policy())) for _ in range(2)]
    first, second = (one.request((CaseTools().briefing(),), ()) for one in asked)
    assert json.dumps(first) == json.dumps(second)


def test_every_part_of_the_request_is_part_of_its_key() -> None:
    request = Claude(OperatorSettings(), "s").request((CaseTools().briefing(),), ())
    changed = [{**request, key: "changed"} for key in request]
    assert len({key_of(request), *(key_of(one) for one in changed)}) == 1 + len(request)
