"""A report at the terminal: everything a decision needs, in any width, and nothing in it steers the terminal."""

import io

import pytest
from rich.console import Console

from agent.views.report_view import report_view
from pipeline.measures.measure import Comparison, Margins
from pipeline.measures.risk_tiers import tier_flow
from pipeline.record.cases import Case, Decision, TrainingResult
from pipeline.shown_text import plain
from reports.decisions.case_status import Standing
from reports.verdict import Verdict
from tests.conftest import NOON
from tests.reports.record import a_case, a_challenger, policy, report, trainings_of
from tests.reports.test_audit_hostile import HOSTILE, drift, feature

PENDING = Verdict("pending_approval", "retrain", "recent", "rulebook", "finished")


OPEN = Standing("waits for approval")


def shown(case: Case, text: str, result: TrainingResult | None, width: int = 100, standing: Standing = OPEN) -> str:
    """What a terminal of this width shows, without colours."""
    console = Console(file=io.StringIO(), width=width, highlight=False)
    console.print(report_view(case, standing, text, result, policy()))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def waiting_case(**changes: object) -> tuple[Case, str, TrainingResult]:
    """A case that waits, its report and its training."""
    case = a_case(challenger=a_challenger(), status="pending_approval", action="retrain", **changes)
    result = trainings_of(passed=True)[0].result
    assert result is not None
    margin = Comparison(difference=-0.1, low=-0.15, high=-0.05, n=300)
    update = {"tier_flow": tier_flow([0.1, 0.9], [0.5, 0.9]), "margins": Margins(log_loss=margin, brier=margin, profit=margin)}
    return case, report(case, PENDING, trainings=trainings_of(passed=True)), result.model_copy(update=update)


@pytest.mark.parametrize("width", [60, 100, 200])
def test_all_that_a_decision_needs_is_there_at_any_width(width: int) -> None:
    text = shown(*waiting_case(), width=width)
    assert max(len(line) for line in text.splitlines()) <= width
    words = " ".join(text.split())
    for said in (
        "Shall version 4",
        "8 of 19 features drifted (42%)",
        "mean 32.4 → 41.1",
        "0.712 (0.672–0.752)",
        "ROC-AUC: +0.012 (-0.010 to +0.034), no clear difference",
        "log loss: -0.100 (-0.150 to -0.050), better",
        "extra campaign profit, points of the maximum: -0.1 (-0.1 to -0.1), worse",
        "1 from low to medium",
        "Approved: Version 4 serves from the next request on.",
        "Rejected: Version 3 goes on as it is;",
        "The operator's reasoning",
    ):
        assert said in words, said


def test_what_was_decided_since_takes_the_place_of_the_question() -> None:
    case, text, result = waiting_case()
    decided = case.model_copy(update={"status": "approved", "decision": Decision(reviewer="Ada", reason="I read it.", at=NOON)})
    said = shown(decided, text, result, standing=Standing("approved, serves", "Approved by Ada, and serves"))
    assert "Approved by Ada, and serves" in said
    assert "waits for approval" not in said
    assert "Decided since: Ada approved it on 2026-11-21 12:00 UTC: I read it." in said
    assert "Shall version" not in said
    assert "What happens next" not in said


def test_what_expired_is_not_asked_any_more() -> None:
    case, text, result = waiting_case()
    said = shown(case, text, result, standing=Standing("expired", "Expired on 2026-11-24 12:00 UTC", expired=True))
    assert "Expired on 2026-11-24 12:00 UTC" in said
    assert "Nobody decided in time" in said
    assert "Rejected: Version 3 goes on" in said
    for gone in ("waits for approval", "Shall version", "Approved:"):
        assert gone not in said


def test_a_record_of_an_earlier_version_lacks_the_tiers() -> None:
    case, text, result = waiting_case()
    assert "Not recorded for this training." in shown(case, text, result.model_copy(update={"tier_flow": None}))


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_nothing_in_it_steers_the_terminal(hostile: str) -> None:
    case, text, result = waiting_case()
    case = case.model_copy(
        update={
            "drift": drift(feature(hostile, f"“{plain(hostile)}” 12.0% → 40.0%")),
            "decision": Decision(reviewer=hostile, reason=hostile, at=NOON),
        }
    )
    said = shown(case, f"{text}\n\n{hostile}", result)
    assert [character for character in said if not character.isprintable() and character != "\n"] == []


def test_sections_are_known_by_name_whatever_their_headings_say() -> None:
    case, text, result = waiting_case()
    said = shown(case, text.replace("## Drift\n", "## Something else\n"), result)
    assert "8 of 19 features drifted" in said
    assert "Something else" not in said


def test_a_report_of_an_earlier_version_that_names_no_sections_is_shown_whole() -> None:
    case, text, result = waiting_case()
    earlier = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("sections: "))
    said = shown(case, earlier, result)
    assert "Shall version 4" in said
    assert "Policy rules applied" in said
