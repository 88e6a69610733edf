"""Each answer stands beside the other one on the same customers; too little is never a verdict, and nothing is applied by itself."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.measures.measure import Comparison
from pipeline.shadow.deployed import Deploy
from pipeline.shadow.scoring import score_in_shadow, shadow_models
from prompts import policy_text
from reports.counterfactual.calibration import promise_calibration
from reports.counterfactual.decided import DecisionOutcome, _monthly, decision_outcomes
from reports.counterfactual.policy_proposal import policy_proposals, proposal_diff
from reports.decisions.approval import reject
from reports.month import first_of, month, month_markdown
from tests.conftest import NOON, Clock
from tests.end_to_end.command_line import CommandLine
from tests.reports.live_customers import log_live_customers
from tests.reports.record import policy
from tests.reports.waiting import DECISION, LATER, Waiting, approve_case, roll_back_to

FIRST, MICROSECOND = datetime(2026, 11, 1, tzinfo=UTC), timedelta(microseconds=1)


def a_day_later(waiting: Waiting) -> None:
    assert isinstance(waiting.opened.clock, Clock)
    waiting.opened.clock.advance(days=1)


def test_an_approval_is_held_against_the_model_it_replaced(waiting: Waiting, churnops: CommandLine) -> None:
    approve_case(waiting.opened, waiting.ours)
    a_day_later(waiting)
    (early,) = decision_outcomes(waiting.opened)
    assert (early.other, early.customers) == (None, 0) and "is not known" in early.said
    log_live_customers(waiting.opened, LATER + timedelta(hours=1))
    score_in_shadow(waiting.opened)
    told = churnops("decisions", "--json").json
    (found,) = told["decisions"]
    assert (found["given"], found["by"], found["customers"], found["labelled"]) == ("approved", "Ada", 400, 400)
    assert found["other"]["difference"] == pytest.approx(-found["brought"]["difference"])
    assert [one["month"] for one in found["months"]] == ["2026-11"] and found["months"][0]["brought"] == found["brought"]
    assert told["calibration"]["decisions"] == 1 and told["calibration"]["share"] is None and told["diff"] == ""
    assert churnops("decisions", "--month", "2026-12", "--json").json["decisions"] == []
    text = month_markdown(month(waiting.opened, first_of("2026-11")), "churn")
    assert "| Ada | version 3 approved | 400, 400 |" in text or "| Ada | version 2 approved | 400, 400 |" in text


def test_a_signature_from_a_clock_that_is_ahead_is_of_its_own_deploy(waiting: Waiting, churnops: CommandLine) -> None:
    opened, began = waiting.opened, waiting.opened.clock()
    approve_case(opened, waiting.ours, DECISION.model_copy(update={"at": began + timedelta(minutes=3)}))
    log_live_customers(opened, LATER + timedelta(hours=1))
    a_day_later(waiting)
    score_in_shadow(opened)
    roll_back_to(opened, None)
    (found,) = decision_outcomes(opened)
    assert (found.given, found.customers) == ("approved", 400)


@pytest.mark.parametrize(
    ("first", "names"), [(FIRST, ["2026-11"]), (FIRST - MICROSECOND, ["2026-11"]), (FIRST - 2 * MICROSECOND, ["2026-10", "2026-11"])]
)
def test_what_is_scored_at_the_first_moment_of_a_month_is_of_that_month(first: datetime, names: list[str]) -> None:
    bounds = [*_monthly(first, FIRST + timedelta(days=3))]
    assert [name for name, _, _ in bounds] == names
    (after, before) = bounds[-1][1:]
    assert after == max(first, FIRST - MICROSECOND) and before == FIRST + timedelta(days=3)


def test_automatic_fixes_push_no_answer_out_and_are_of_nobody(waiting: Waiting, monkeypatch: pytest.MonkeyPatch) -> None:
    reject(waiting.opened, waiting.ours, DECISION)
    fix = waiting.opened.cases.get(waiting.other)
    fixes = [
        fix.model_copy(update={"case_id": f"{number}", "action": "fix_data", "closed_at": LATER + timedelta(days=1), "person": "ops"})
        for number in range(45)
    ]
    cases = [waiting.opened.cases.get(waiting.ours), *fixes]
    monkeypatch.setattr(type(waiting.opened.cases), "all", lambda _: tuple(cases))
    found = decision_outcomes(waiting.opened)
    assert [one.by for one in found] == [*[""] * 40, "Ada"] and found[-1].given == "rejected"


def test_a_rejected_model_scores_on_so_that_people_learn_what_it_would_have_brought(waiting: Waiting) -> None:
    reject(waiting.opened, waiting.ours, DECISION)
    rejected = next(model for model in shadow_models(waiting.opened) if model.role == "rejected")
    assert rejected.until == LATER + waiting.opened.settings.watch.shadow_span
    log_live_customers(waiting.opened, LATER + timedelta(hours=1), bad=True)
    a_day_later(waiting)
    score_in_shadow(waiting.opened)
    (found,) = decision_outcomes(waiting.opened)
    assert (found.given, found.customers) == ("rejected", 400)
    # The champion's scores were noise, so the answer was the wrong one.
    assert found.other is not None and found.other == found.brought and found.other.low > 0
    assert "would have brought more" in found.said


def decided(promised: float, brought: float, error: float = 0.5, version: str = policy().version) -> DecisionOutcome:
    def gain(points: float) -> Comparison:
        return Comparison(difference=points, low=points - 1.645 * error, high=points + 1.645 * error, n=500)

    return DecisionOutcome(
        case_id="c", at=NOON, given="approved", by="Ada", policy_version=version, version="2", promised=gain(promised), customers=500, labelled=500,
        brought=gain(brought), other=gain(-brought), money=None, fault=None, months=(), said="",
    )  # fmt: skip


def test_promises_that_half_come_true_raise_the_least_gain_and_kept_ones_change_nothing() -> None:
    halves = [(4, 2), (6, 3), (8, 4), (5, 2.5)]
    half = promise_calibration([decided(*one) for one in halves])
    assert half.share == pytest.approx(0.5) and half.high is not None and half.high < 1 and half.within == 0
    (proposal,) = policy_proposals(policy(), [decided(*one) for one in halves], [])
    assert (proposal.rule, proposal.value, proposal.proposed) == ("evidence.challengers.gain", 1.5, 3.0)
    kept = [decided(4, 4.2), decided(6, 5.8), decided(8, 8.1), decided(5, 4.9)]
    assert promise_calibration(kept).within == 4 and policy_proposals(policy(), kept, []) == ()
    assert policy_proposals(policy(), [decided(4, 1), decided(6, 2)], []) == (), "two decisions are no record"
    before = [decided(*one, version="before") for one in halves]
    assert policy_proposals(policy(), before, []) == (), "what raised the threshold once does not raise it again"


def test_the_diff_changes_the_one_line_and_keeps_its_reason() -> None:
    told = proposal_diff(policy_text(), policy_proposals(policy(), [decided(promised, 0.6 * promised) for promised in (4, 5, 6, 8, 9)], []))
    changed = [line for line in told.splitlines() if line[:1] in "+-" and not line.startswith(("+++", "---"))]
    assert [line[:14] for line in changed] == ["-gain = 1.5 # ", "+gain = 2.5 # "] and "points of the maximum; the record:" in changed[1]
    assert proposal_diff(policy_text(), ()) == ""


def test_models_that_serve_much_longer_than_the_policy_weighs_are_told(waiting: Waiting) -> None:
    approve_case(waiting.opened, waiting.ours)
    from pipeline.shadow.deployed import deploys

    (one,) = deploys(waiting.opened)
    served = [Deploy(one.champion, one.predecessor, NOON, None, "", NOON + timedelta(days=300), "replaced")] * 4
    (proposal,) = policy_proposals(policy(), [], served)
    assert (proposal.rule, proposal.proposed) == ("retraining.months", 6)
    assert policy_proposals(policy(), [], served[:3]) == ()


def test_a_file_that_is_there_is_never_overwritten(waiting: Waiting, churnops: CommandLine) -> None:
    settings: Path = waiting.opened.workspace.settings_file
    before = settings.read_bytes()
    refused = churnops("decisions", "--diff", settings.name)
    assert refused.code == 1 and refused.err.count("\n") == 1 and settings.read_bytes() == before
