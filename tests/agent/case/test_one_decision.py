"""One decision at a time: a window has one case, a challenger that waits is named, and new data say whether they change the answer."""

from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from agent.case.triage import Outcome, triage
from agent.operators.rulebook import Rulebook
from pipeline.errors import ChurnopsError
from pipeline.intake.windows import logged_window
from pipeline.record.cases import Case, Challenger, Decision
from pipeline.record.opened_workspace import Opened
from reports.decisions.approval import draft_approval
from reports.decisions.case_status import is_open, standing_of
from reports.filing import file_report
from reports.verdict import Narrative, Verdict
from tests.conftest import Clock, Simulated, copied
from tests.reports.waiting import move
from tests.tools.desk import case_of, desk, diagnosis_of, training_result

WORDS = Narrative("A summary.", "A reason.")
RETRAIN = Verdict("pending_approval", "retrain", "combined", "rulebook", "finished")
FIX = Verdict("needs_people", "fix_data", None, "rulebook", "finished")
WATCH = Verdict("no_deploy_needed", "monitor", None, "rulebook", "finished")


class NobodyAsked(Rulebook):
    """An operator that must not be needed."""

    async def ask(self, *_: Any) -> Any:
        raise AssertionError("the operator was asked")


def look(opened: Opened, operator: Any = NobodyAsked) -> Outcome:
    return anyio.run(triage, opened, partial(logged_window, opened), operator(opened.policy), None, lambda _: None)


def waiting(opened: Opened, key: str = "an earlier window") -> Case:
    """A case of another window whose challenger waits."""
    result = training_result(passed=True)
    challenger = Challenger(version="2", digest="d" * 64, gate=result.gate, metrics=result.metrics)
    return file_report(opened, case_of(opened, key, challenger=challenger), RETRAIN, WORDS)


@pytest.fixture
def calm(simulated: Simulated, tmp_path: Path) -> Any:
    with copied(simulated("none", 400, 0.5, 1), tmp_path / "calm") as opened:
        yield opened


@pytest.mark.slow
def test_the_same_data_again_show_the_case_that_was_closed(calm: Opened) -> None:
    first = look(calm, Rulebook)
    report = Path(first.report.path).read_bytes()
    again = look(calm)
    assert (again.case_id, again.shown, again.status, again.action) == (first.case_id, True, first.status, first.action)
    assert (again.turns, again.trainings, again.operator) == (0, 0, "rulebook")
    assert Path(first.report.path).read_bytes() == report
    assert [case.case_id for case in calm.cases.all()] == [first.case_id]


@pytest.mark.slow
def test_new_data_while_a_challenger_waits_open_a_case_that_names_it(calm: Opened) -> None:
    earlier = waiting(calm)
    found = look(calm, Rulebook)
    assert found.case_id != earlier.case_id
    assert (found.status, found.exit_code) == ("no_deploy_needed", 20)
    assert found.waiting is not None
    assert (found.waiting.case_id, found.waiting.version) == (earlier.case_id, "2")
    text = Path(found.report.path).read_text(encoding="utf-8")
    assert f"Version 2 of case `{earlier.case_id}` still waits for approval" in text
    assert calm.cases.get(earlier.case_id).status == "pending_approval"


@pytest.mark.anyio
async def test_a_closed_case_can_be_looked_at_and_neither_trained_nor_closed_again(calm: Opened) -> None:
    waiting(calm)
    async with desk(calm) as client:
        opened = await client.ok("get_drift_summary")
        await client.close(opened["case_id"])
        again = await client.ok("get_drift_summary")
        assert (again["case_id"], again["status"]) == (opened["case_id"], "no_deploy_needed")
        assert again["waiting"]["version"] == "2"
        seen = await client.ok("get_current_model_metrics", case_id=opened["case_id"])
        assert seen["call"] > again["call"]
        assert "closed" in await client.refused("run_training", case_id=opened["case_id"])
        assert "closed" in await client.refused(
            "save_remediation_report", case_id=opened["case_id"], action="monitor", summary="Again.", reasoning=""
        )


def test_another_answer_supersedes_the_challenger_that_waits(trained: Opened) -> None:
    earlier = waiting(trained)
    later = case_of(trained, "a later window", diagnosis=diagnosis_of("data_fault"))
    closed = file_report(trained, later, FIX, WORDS)
    ended = trained.cases.get(earlier.case_id)
    assert (ended.status, ended.superseded_by) == ("superseded", closed.case_id)
    assert trained.ledger.entries(earlier.case_id)[-1].kind == "superseded"
    text = Path(closed.report.path).read_text(encoding="utf-8") if closed.report else ""
    assert f"Case `{earlier.case_id}`, whose version 2 waited for approval, is **superseded**" in text
    standing = standing_of(trained, ended)
    assert not is_open(ended, standing)
    assert closed.case_id in standing.headline
    with pytest.raises(ChurnopsError, match="superseded"):
        draft_approval(trained, earlier.case_id, Decision(reviewer="Ada", reason="why not", at=trained.clock()))


def test_an_answer_that_changes_nothing_leaves_it_waiting(trained: Opened) -> None:
    earlier = waiting(trained)
    file_report(trained, case_of(trained, "a later window", diagnosis=diagnosis_of("none")), WATCH, WORDS)
    file_report(trained, case_of(trained, "one more"), Verdict("partial", None, None, "claude", "turn_limit", "Over."), WORDS)
    assert trained.cases.get(earlier.case_id) == earlier


def test_cases_end_by_themselves_when_their_champion_is_replaced(trained: Opened) -> None:
    asks = file_report(trained, case_of(trained, diagnosis=diagnosis_of("data_fault")), FIX, WORDS)
    assert is_open(asks, standing_of(trained, asks))
    move(trained, "9", asks.champion.digest)
    assert is_open(asks, standing_of(trained, asks))  # the same model under another number
    unlike = asks.model_copy(update={"champion": asks.champion.model_copy(update={"digest": "e" * 64})})
    standing = standing_of(trained, unlike)
    assert (standing.status, standing.ended) == ("needs people, ended", True)
    assert not is_open(unlike, standing)


@pytest.mark.slow
def test_too_few_data_are_said_again_only_after_a_while(simulated: Simulated, tmp_path: Path) -> None:
    clock = Clock()
    with copied(simulated("none", 100, 0.5, 1), tmp_path / "few", clock) as opened:
        first = look(opened, Rulebook)
        assert (first.status, first.exit_code) == ("not_enough_data", 10)
        assert look(opened).exit_code == 0
        clock.advance(hours=opened.settings.watch.reminder.total_seconds() / 3600)
        assert look(opened).exit_code == 10
        assert look(opened).exit_code == 0
        assert len(opened.cases.all()) == 1
