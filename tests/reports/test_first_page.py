"""The first page: short, in plain words, the same for every reader, and nothing on it that a person could not act on."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.diagnosis.attribution.attribution import POINTS, Attribution, LossShare, Mechanism
from pipeline.diagnosis.diagnosis import Diagnosis
from pipeline.diagnosis.finding import Cause, Finding
from pipeline.diagnosis.hypothesis import Hypothesis
from pipeline.measures.measure import CampaignReach, Campaigns, Comparison, Margins, WeakestGroup
from pipeline.measures.risk_tiers import tier_flow
from pipeline.record.cases import Case, Override, TrainingResult
from pipeline.windows.stretch import Stretch, TwoWindows
from pipeline.workspace.value_settings import ValueSettings
from reports.first_page.confidence import RIGHT_OF_100, confidence_words
from reports.first_page.happened import happened
from reports.first_page.loss import loss_words
from reports.first_page.page import FirstPage, Setting, first_page
from reports.markdown_cells import escaped
from reports.second_opinion import SecondOpinion
from reports.verdict import Narrative, Verdict
from tests.checkout import ROOT
from tests.conftest import NOON
from tests.reports.record import a_case, a_challenger, policy, report, trainings_of
from tests.tools.desk import diagnosis_of

VALUE = ValueSettings(margin=400, offer_cost=20, acceptance=0.25, capacity=0.2)
PENDING = Verdict("pending_approval", "retrain", "recent", "rulebook", "finished")
ENDS: dict[Cause, Verdict] = {
    "none": Verdict("no_deploy_needed", "monitor", None, "rulebook", "finished"),
    "covariate_benign": Verdict("no_deploy_needed", "monitor", None, "rulebook", "finished"),
    "data_fault": Verdict("needs_people", "fix_data", None, "rulebook", "finished"),
    "label_fault": Verdict("needs_people", "collect_labels", None, "rulebook", "finished"),
    "concept_drift": PENDING,
}


def segment_finding(strength: float = 53.5) -> Finding:
    """Customers of one kind who behave differently."""
    return Finding(
        family="performance", name="conditional_change", column="TotalCharges", segment=("TotalCharges", "7040 or more"), strength=strength,
        unit="points of churn rate at today's level", n=454, z=38.3, argues_for=("concept_drift",),
        said="Customers with `TotalCharges` 7040 or more churn at 74.4% where 21.0% are expected of them at today's level "
        "(+53.5 ± 8.5 points, p < 0.001 among 95 segments): customers like those of the reference behave differently now.",
    )  # fmt: skip


def level(strength: float) -> Finding:
    """The churn rate of all moved by so many points."""
    return Finding(
        family="performance", name="level_change", strength=strength, unit="points of churn rate", n=400, z=12.0,
        argues_for=("prior_shift",), said="The level moved.",
    )  # fmt: skip


def found_of(cause: Cause, *findings: Finding, **changes: Any) -> Diagnosis:
    settle = "Outcomes of a small random sample of all customers, scored and then left alone."
    told = {"findings": findings, "hypotheses": (Hypothesis(cause=cause, probability=0.87, settle=settle),)}
    return diagnosis_of(cause).model_copy(update={**told, **changes})


def a_told_case(found: Diagnosis, **changes: Any) -> Case:
    recent = Stretch(since=NOON - timedelta(days=7), until=NOON, rows=4000, customers=4000)
    matured = Stretch(since=NOON - timedelta(days=60), until=NOON - timedelta(days=30), rows=400, customers=400, labelled=400)
    case = a_case(diagnosis=found, **changes)
    assert case.window is not None
    return case.model_copy(update={"window": case.window.model_copy(update={"windows": TwoWindows(recent=recent, matured=matured)})})


def a_result(**changes: Any) -> TrainingResult:
    result = trainings_of(passed=True)[0].result
    assert result is not None
    better = Comparison(difference=30.0, low=20.0, high=40.0, n=300)
    measured = {
        "campaigns": Campaigns(
            candidate=CampaignReach(contacted=0.2, caught=0.47), champion=CampaignReach(contacted=0.2, caught=0.31), maximum=16.0
        ),
        "margins": Margins(log_loss=better, brier=better, profit=better),
        "tier_flow": tier_flow([0.1, 0.9], [0.5, 0.9]),
        "weakest_group": WeakestGroup(column="Contract", value="One year", roc_auc=Comparison(difference=0.1, low=0.01, high=0.2, n=90)),
    }
    return result.model_copy(update={**measured, **changes})


def page_of(case: Case, verdict: Verdict = PENDING, result: TrainingResult | None = None, own: str = "", **setting: Any) -> FirstPage:
    where = Setting(**{"root": Path("/srv/a b"), "policy": policy(), "value": VALUE, "until": NOON + timedelta(days=3), **setting})
    return first_page(case, verdict, result, None, where, own)


def waiting(*findings: Finding, result: TrainingResult | None = None, **changes: Any) -> FirstPage:
    found = found_of("concept_drift", *(findings or (segment_finding(), level(19.5))), column="TotalCharges", **changes)
    return page_of(a_told_case(found, challenger=a_challenger()), result=result or a_result())


def row(page: FirstPage, label: str) -> tuple[str, str]:
    (answer,) = (answer for answer in page.answers if answer.label.startswith(label))
    return answer.approved, answer.rejected


def test_headline_sentences_and_both_answers_say_what_a_decision_needs() -> None:
    page = waiting()
    assert page.headline == "Approve version 4? The same customers behave differently: customers with TotalCharges 7040 or more"
    assert (
        page.advice
        == "Advice: approve. It earns more, beyond chance, on known outcomes, whatever the cause. Open until 2026-11-24 12:00 UTC, after that it takes a new triage. Version 3 serves until a person decides."
    )
    assert page.happened.split(". ")[1:] == [
        "Overall 28 of 100 customers left instead of 8",
        "Judged on 400 customers with a known outcome, scored 22 Sep 2026 to 22 Oct 2026.",
    ]
    assert "±" not in page.happened
    assert row(page, "Churners caught of 100") == ("47", "31")
    assert row(page, "Contacts a week (4,000 scored)") == ("800", "800")
    # 30% (20% to 40%) of the 16 that the best campaign earns for each of 4,000 customers a week, 30 days
    assert row(page, "Money a month") == ("+82,000 (+55,000 to +110,000)", "0")
    assert row(page, "Customers who change risk tier") == ("50 of 100", "none")
    assert row(page, "Worse served group") == ("none found", "none")
    assert row(page, "To go back") == ("churnops rollback -w '/srv/a b'", "nothing changed; a new model may be trained after 24 hours")
    assert "Waiting costs about 19,000 a week (13,000 to 26,000)." in page.urgency
    assert [command for step in page.steps for command in step.commands] == [
        "churnops reports show 2026-11-21-abc123 -w '/srv/a b'",
        "churnops reports approve 2026-11-21-abc123 -w '/srv/a b' --reason \"…\"",
        "churnops reports reject 2026-11-21-abc123 -w '/srv/a b' --reason \"…\"",
    ]


def test_a_group_that_moves_against_all_others_is_explained_in_one_sentence() -> None:
    against = segment_finding(-20.0)
    page = waiting(against, level(19.5))
    assert (
        "These customers leave less than others do now, while of all customers more leave: 28 of 100 customers left instead of 8."
        in page.happened
    )


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        ({"weakest_group": WeakestGroup(column="Plan", value="B", roc_auc=Comparison(difference=-0.2, low=-0.3, high=-0.1, n=90))},
         "Advice: weigh it. Over all it passed, but it ranks customers with Plan B worse."),
        ({"margins": None, "comparison": Comparison(difference=0.0, low=-0.1, high=0.1, n=9)},
         "Advice: no reason to change. No clear difference is measured between the two."),
        ({"margins": None, "comparison": Comparison(difference=0.2, low=0.1, high=0.3, n=9)},
         "Advice: approve. It ranks churners better, beyond chance, on known outcomes, whatever the cause; whether it earns more is not sure."),
        ({"comparison": Comparison(difference=-0.05, low=-0.06, high=-0.04, n=9)},
         "Advice: weigh it. It is better in one respect and worse in another."),
    ],
    ids=["a worse group", "no difference", "ranks better", "worse in one respect"],
)  # fmt: skip
def test_what_speaks_against_a_challenger_is_in_the_advice(changes: dict[str, Any], advice: str) -> None:
    assert waiting(result=a_result(**changes)).advice.startswith(advice)


def test_outcomes_that_may_be_polluted_come_before_an_approval() -> None:
    doubt = tuple(
        Hypothesis(cause=cause, probability=p, settle="The same outcomes a month later.")
        for cause, p in (("concept_drift", 0.6), ("label_fault", 0.3))
    )
    page = waiting(hypotheses=doubt)
    assert page.advice.startswith("Advice: wait, do not approve yet. It may be that the outcomes cannot be trusted yet, and the gain")
    assert any(
        "the outcomes cannot be trusted yet (30 of 100). What would make it certain: the same outcomes a month later." in one
        for one in page.unknown
    )


def test_two_opinions_are_read_before_a_decision() -> None:
    other = SecondOpinion("monitor", None, "Watch on.", "nothing")
    verdict = Verdict("pending_approval", "retrain", "recent", "claude", "finished", second=other)
    page = page_of(a_told_case(found_of("concept_drift"), challenger=a_challenger()), verdict, a_result())
    assert page.advice.startswith("Advice: read the two opinions below")


@pytest.mark.parametrize("cause", ENDS)
def test_the_page_has_at_most_250_words_and_its_summary_80(cause: Cause) -> None:
    findings = (segment_finding(), level(19.5)) if cause == "concept_drift" else ()
    found = found_of(
        cause, *findings, column="TotalCharges", said="Nothing in 4,000 rows speaks for a change. " * 3, blind_spots=("It lags. " * 8,)
    )
    case = a_told_case(found, challenger=a_challenger() if cause == "concept_drift" else None)
    text = report(case, ENDS[cause], trainings=trainings_of(passed=True) if cause == "concept_drift" else ())
    page = text.split("---\n", 2)[2].split("\n---\n")[0]
    assert len([word for word in page.split() if re.search(r"\w", word)]) <= 250
    assert len(page_of(case, ENDS[cause], a_result()).summary().split()) <= 80


def test_what_the_lag_of_outcomes_hides_is_said_once() -> None:
    case = a_told_case(found_of("data_fault"))
    windows = case.window.windows if case.window else None
    assert windows is not None and windows.unseen is not None
    found = found_of("data_fault", blind_spots=(windows.unseen, "Nobody vouches for the column."))
    unknown = page_of(a_told_case(found), ENDS["data_fault"]).unknown
    assert [unknown.count(said) for said in found.blind_spots] == [1, 1]


@pytest.mark.parametrize("cause", ENDS)
def test_nothing_is_offered_for_approval_where_nothing_waits(cause: Cause) -> None:
    if cause == "concept_drift":
        return
    page = page_of(a_told_case(found_of(cause)), ENDS[cause], a_result())
    assert page.answers == ()
    assert page.advice.startswith("Nothing to approve")
    assert "reports approve" not in str(page.steps)


def test_without_prices_of_the_team_no_money_is_told() -> None:
    case = a_told_case(found_of("concept_drift"), challenger=a_challenger())
    page = page_of(case, result=a_result(), value=ValueSettings())
    assert row(page, "Campaign profit, of 100 that could be earned") == ("+30 (+20 to +40)", "0")
    assert "Money" not in str(page.answers)


def test_a_training_of_an_earlier_version_tells_whom_the_models_call_churners() -> None:
    page = waiting(result=a_result(campaigns=None, margins=None, tier_flow=None, weakest_group=None))
    assert [answer.label for answer in page.answers] == ["Churners caught of 100", "To go back"]


def test_the_operators_own_words_come_first_where_every_number_has_a_source() -> None:
    case = a_told_case(found_of("concept_drift", segment_finding()), challenger=a_challenger())
    by_claude = Verdict("pending_approval", "retrain", "recent", "claude", "finished")

    def told(summary: str) -> str:
        text = report(case, by_claude, Narrative(summary, "A reason."), trainings=trainings_of(passed=True))
        return text.split("## What happened")[1].split("\n## ")[0]

    assert "Of 19 features 8 drifted." in told("Of 19 features 8 drifted.")
    assert "Of 23 features" not in told("Of 23 features 8 drifted.")
    assert "churn at 74.4%" in told("Of 23 features 8 drifted.")


def test_the_hundred_of_a_confidence_is_the_one_that_was_measured() -> None:
    table = (ROOT / "docs/benchmark.md").read_text().split("**How sure.**")[1].split("\n\n")[1]
    shares = [int(line.rstrip("| ").rsplit(" ", 1)[1].rstrip("%")) for line in table.splitlines() if "%" in line.rsplit("|", 2)[1]]
    assert shares == [right for _, right in reversed(RIGHT_OF_100)]
    assert confidence_words(found_of("data_fault", confidence=0.97)).startswith(
        "This cause is very likely right: 88 of 100 verdicts this sure"
    )
    assert confidence_words(found_of("data_fault", confidence=0.8)).startswith("This cause is uncertain: 47 of 100")


def test_rulings_of_the_own_people_are_counted() -> None:
    found = found_of("data_fault", confidence=0.97)
    overruled = Override(cause="covariate_benign", reason="r", by="Ada", at=NOON)
    agreed = overruled.model_copy(update={"cause": "data_fault"})
    cases = [a_case(diagnosis=found), a_case(diagnosis=found, override=overruled), a_case(diagnosis=found, override=agreed)]
    assert confidence_words(found, cases).endswith("; 1 of 2 of yours.")


def test_outcomes_that_cannot_be_trusted_say_why_in_the_headline() -> None:
    swapped = segment_finding().model_copy(update={"name": "labels_inverted", "argues_for": ("label_fault",)})
    page = page_of(a_told_case(found_of("label_fault", swapped)), ENDS["label_fault"])
    assert page.headline == "The outcomes cannot be trusted yet: yes and no look swapped"
    assert page.advice == "Nothing to approve, and no model is trained on wrong outcomes."
    assert page.steps[0].what.startswith("have the outcomes of this window corrected by whoever records them")
    assert "lists may go out" in page.urgency


def test_where_outcomes_are_in_doubt_the_page_says_why_nothing_was_trained() -> None:
    doubt = Hypothesis(cause="label_fault", probability=0.18, settle="The same outcomes a month later.")
    found = found_of("concept_drift", level(19.5), action="collect_labels")
    page = page_of(a_told_case(found.model_copy(update={"hypotheses": (*found.hypotheses, doubt)})), ENDS["label_fault"])
    assert page.headline == "The same customers behave differently: more outcomes are needed before a decision"
    assert page.advice == (
        "Nothing to approve. It may be something else: the outcomes cannot be trusted yet. Find that out first; until then no model is trained."
    )


def test_where_more_outcomes_would_settle_it_the_first_step_is_to_ask_for_them() -> None:
    page = page_of(a_told_case(found_of("concept_drift", level(19.5), action="collect_labels")), ENDS["label_fault"])
    assert "outcomes ask --out calls.csv" in page.steps[0].commands[0]
    assert "outcomes add FILE" in page.steps[1].commands[0]


def test_who_was_judged_is_said_without_dates_too() -> None:
    assert happened(a_case().window, found_of("none"))[2] == "Judged on 400 scored rows with a known outcome."


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("p < 0.001 & more", "p < 0.001 & more"),
        ("set `x` under [predictions])", "set \\`x\\` under [predictions])"),
        ("snake_case", "snake_case"),
        ("_em_ [a](b) [c]: d <b>", "\\_em\\_ \\[a\\](b) \\[c\\]: d &lt;b&gt;"),
    ],
)
def test_only_what_would_be_markup_is_escaped(line: str, said: str) -> None:
    assert escaped(line) == said


def a_loss(*shares: tuple[Mechanism, str | None, float], unit: str = "per 1,000 customers") -> Attribution:
    """Shares beyond chance, and 500 that are not explained."""
    told = [LossShare(what=what, where=where, amount=lost, low=lost - 100, high=lost + 100) for what, where, lost in shares]
    total = sum(share.amount for share in told) - 500
    left = LossShare(what="unexplained", where=None, amount=-500, low=-900, high=100)
    return Attribution(
        measure="profit", unit=unit, promised=20_000, measured=20_000 + total, total=total, low=total - 900, high=total + 900,
        shares=(*told, left), rows=400,
    )  # fmt: skip


SPLIT = a_loss(
    ("changed_behaviour", "Contract prepaid", -6500), ("customer_mix", "tenure", -2000), ("broken_column", "TotalCharges", -1000)
)


def test_what_a_loss_comes_from_is_one_sentence_with_money_a_month() -> None:
    page = page_of(a_told_case(found_of("concept_drift", attribution=SPLIT)))
    assert page.loss == (
        "Of the 170,000 a month that campaigns earn less than promised: 65% customers with Contract prepaid behave differently, "
        "20% another mix of customers (tenure), 10% `TotalCharges` broken, 5% chance, or not explained."
    )
    assert page.loss in report(a_told_case(found_of("concept_drift", attribution=SPLIT)), PENDING).replace("\\", "")


def test_what_came_back_is_told_beside_the_loss_and_points_where_money_is_not_set() -> None:
    told = a_loss(("changed_behaviour", None, -9500), ("churn_level", None, 2000), unit=POINTS)
    assert loss_words(told, 4000) == (
        "Campaigns earn 8000.0 points of the maximum less than promised. Of the 10000.0 points of the maximum lost: 95% customers of the same kind "
        "behave differently, 5% chance, or not explained. Came back: 2000.0 points of the maximum by another churn rate among all customers."
    )


def test_a_loss_within_chance_is_not_split_and_a_share_within_chance_is_not_named() -> None:
    assert loss_words(SPLIT.model_copy(update={"high": 10.0}), 4000) == ""
    unsure = SPLIT.shares[0].model_copy(update={"high": 10.0})
    assert "Contract" not in loss_words(SPLIT.model_copy(update={"shares": (unsure, *SPLIT.shares[1:])}), 4000)


def test_where_no_share_is_beyond_chance_none_is_given_a_percentage() -> None:
    unsure = tuple(share.model_copy(update={"low": -9e3, "high": 9e3}) for share in SPLIT.shares)
    said = loss_words(SPLIT.model_copy(update={"shares": unsure}), None)
    assert said.endswith(f"less than promised; what that comes from cannot be told on {SPLIT.rows:,} outcomes.") and "%" not in said
