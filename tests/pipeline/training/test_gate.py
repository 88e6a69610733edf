"""The quality gate: what passes, what fails, and that it says why."""

import math

import pytest

from pipeline.measures.fairness import Fairness, RateGap
from pipeline.measures.measure import Comparison, GateResult, Margins, Measure, Metrics
from pipeline.measures.segments import SegmentLoss, Segments
from pipeline.training.gate import Treatment, judge, judge_recalibrated
from pipeline.workspace.fairness_settings import FairnessSettings
from pipeline.workspace.policy import Band, Policy, load_policy
from prompts import policy_text

POLICY = load_policy(policy_text(), {"gate": {"min_roc_auc": 0.78, "max_auc_drop": 0.01, "confidence": 0.95}})


def metrics(roc_auc: float = 0.84, **others: float) -> Metrics:
    values = {
        "pr_auc": 0.6,
        "accuracy": 0.8,
        "f1": 0.5,
        "precision": 0.6,
        "recall": 0.4,
        "log_loss": 0.4,
        "brier": 0.13,
        "calibration_error": 0.02,
        **others,
    }
    measures = {name: Measure(value=value, n=1409) for name, value in values.items()}
    return Metrics(
        n=1409, churners=374, threshold=0.5, roc_auc=Measure(value=roc_auc, n=1409, low=roc_auc - 0.02, high=roc_auc + 0.02), **measures
    )


def comparison(difference: float, reach: float = 0.02) -> Comparison:
    return Comparison(difference=difference, low=difference - reach, high=difference + reach, n=1409)


def margins(log_loss: float = 0.0, brier: float = 0.0, profit: float = 0.0, reach: float = 0.02) -> Margins:
    return Margins(log_loss=comparison(log_loss, reach), brier=comparison(brier, reach), profit=comparison(profit, reach * 100))


def verdicts(result: GateResult) -> dict[str, bool]:
    return {check.rule: check.passed for check in result.checks}


@pytest.mark.parametrize(("roc_auc", "passed"), [(0.84, True), (0.78, True), (0.7799, False)])
def test_a_first_model_must_reach_the_floor(roc_auc: float, passed: bool) -> None:
    result = judge(metrics(roc_auc), None, None, POLICY)
    assert result.passed is passed
    assert verdicts(result) == {"gate.min_roc_auc": passed}


@pytest.mark.parametrize(
    ("roc_auc", "doubt"),
    [(0.9901, "too good to be true"), (0.99, None), (0.51, "no better than chance, because its interval includes 0.5"), (0.6, None)],
)
def test_a_score_that_cannot_be_meant_is_doubted(roc_auc: float, doubt: str | None) -> None:
    (check,) = judge(metrics(roc_auc), None, None, POLICY).checks
    for words in ("too good to be true", "no better than chance"):
        assert (words in check.said) is (doubt is not None and words in doubt)


@pytest.mark.parametrize(
    ("found", "passed"),
    [
        (comparison(0.05), True),
        (comparison(-0.005), True),
        (comparison(-0.01), True),
        (comparison(-0.011), False),  # trails by more than allowed, though the interval reaches 0
        (comparison(-0.005, reach=0.001), False),  # trails by little, but surely
        (comparison(0, reach=0), True),
    ],
)
def test_not_worse_than_the_champion(found: Comparison, passed: bool) -> None:
    result = judge(metrics(), found, "retrain", POLICY)
    assert result.passed is passed
    assert verdicts(result) == {"gate.min_roc_auc": True, "gate.max_auc_drop": passed}


@pytest.mark.parametrize("band", ["monitor", "evaluate"])
@pytest.mark.parametrize(("found", "passed"), [(comparison(0.03), True), (comparison(0.02), False), (comparison(0.01), False)])
def test_below_the_retrain_band_only_a_better_candidate_is_kept(found: Comparison, passed: bool, band: Band) -> None:
    result = judge(metrics(), found, band, POLICY)
    assert result.passed is passed
    assert verdicts(result) == {"gate.min_roc_auc": True, "gate.max_auc_drop": True, "gate.confidence": passed}


def losing(difference: float) -> Segments:
    """One kind of forty whose ROC-AUC moved so far."""
    loss = SegmentLoss(column="Contract", value="One year", roc_auc=comparison(difference), error=0.01)
    return Segments(looked=40, worse=(loss,))


@pytest.mark.parametrize(("difference", "passed", "warns"), [(-0.15, False, False), (-0.045, True, True), (-0.02, True, False)])
def test_a_kind_of_customers_may_lose_a_little_and_not_collapse(difference: float, passed: bool, warns: bool) -> None:
    result = judge(metrics(), comparison(0.02), "retrain", POLICY, segments=losing(difference))
    (check,) = (check for check in result.checks if check.rule == "gate.max_segment_auc_drop")
    assert (result.passed, check.passed, check.warns) == (passed, passed, warns)
    assert ("Contract One year" in check.said) is (not passed or warns)


@pytest.mark.parametrize(("block", "passed"), [(False, True), (True, False)])
@pytest.mark.parametrize("recalibrated", [False, True])
def test_groups_treated_apart_are_a_warning_or_a_bound(block: bool, passed: bool, recalibrated: bool) -> None:
    gap = RateGap(column="gender", rate="missed", higher="f", lower="m", difference=0.4, low=0.3, high=0.5)
    treatment = Treatment(Fairness(groups=(), gaps=(gap,)), FairnessSettings(columns=("gender",), block=block))
    if recalibrated:
        check = judge_recalibrated(metrics(), None, None, POLICY, treatment).checks[-1]
    else:
        check = judge(metrics(), None, None, POLICY, treatment=treatment).checks[-1]
    assert (check.rule, check.passed, check.warns) == ("fairness.max_gap", passed, passed)
    assert "churners missed 0.40 higher with gender f than m" in check.said


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (margins(log_loss=-0.03), "better by log loss"),
        (margins(profit=2.5), "better by profit"),
        (margins(log_loss=-0.03, profit=2.5), "better by log loss and profit"),
    ],
)
def test_better_may_be_shown_by_log_loss_or_profit_too(shown: Margins, words: str) -> None:
    result = judge(metrics(), comparison(0.0), "evaluate", POLICY, shown)
    assert result.passed
    assert words in result.checks[-1].said
    assert not judge(metrics(), comparison(0.0), "evaluate", POLICY, margins(log_loss=-0.01, profit=1.0, brier=-0.02)).passed


def test_too_few_recent_rows_for_a_verdict_ask_for_better() -> None:
    assert not judge(metrics(), comparison(0.01), "not_enough_data", POLICY).passed
    assert judge(metrics(), comparison(0.05), "not_enough_data", POLICY).passed


@pytest.mark.parametrize("band", [None, "retrain"])
def test_a_high_drift_level_or_none_asks_for_not_worse_only(band: Band | None) -> None:
    assert judge(metrics(), comparison(0.01), band, POLICY).passed


@pytest.mark.parametrize(
    ("found", "worse"),
    [
        (margins(log_loss=0.006, reach=0.005), "gate.max_log_loss_rise"),
        (margins(brier=0.003, reach=0.001), "gate.max_brier_rise"),
        (margins(log_loss=0.03, reach=0.031), None),  # much, but it may be chance
        (margins(log_loss=0.004, brier=0.001, reach=0.0001), None),  # surely, but too little to matter
        (margins(log_loss=-0.05), None),
    ],
)
def test_a_new_model_must_not_lose_to_recalibrating_the_old_one(found: Margins, worse: str | None) -> None:
    result = judge(metrics(), comparison(0.0), "retrain", POLICY, margins(), found)
    assert result.passed is (worse is None)
    assert [check.rule for check in result.checks if not check.passed] == ([worse] if worse else [])
    assert {"gate.max_log_loss_rise", "gate.max_brier_rise"} <= set(verdicts(result))


@pytest.mark.parametrize(
    ("found", "passed"),
    [
        (margins(log_loss=-0.02, brier=-0.001), True),
        (margins(log_loss=-0.0103, brier=0.0), True),  # 1.01 standard errors
        (margins(log_loss=-0.0101, brier=-0.01), False),  # 0.99 of them
        (margins(log_loss=-0.02, brier=0.001), False),
        (margins(log_loss=0.02, brier=-0.01), False),
        (margins(log_loss=math.nan), False),
    ],
)
def test_recalibrating_must_lower_the_log_loss_and_not_raise_the_brier_score(found: Margins, passed: bool) -> None:
    result = judge_recalibrated(metrics(), comparison(0, reach=0), found, POLICY)
    assert result.passed is passed
    assert verdicts(result) == {"gate.min_roc_auc": True, "gate.max_auc_drop": True, "gate.recalibration_z": passed}


def test_the_floor_holds_for_a_recalibrated_model_and_says_that_it_can_be_set() -> None:
    result = judge_recalibrated(metrics(0.7), comparison(0, reach=0), margins(log_loss=-0.05), POLICY)
    assert not result.passed
    assert "below the floor of 0.78; where data cannot reach it, set another" in result.checks[0].said


def test_recalibrating_that_turns_the_ranks_upside_down_fails() -> None:
    assert not judge_recalibrated(metrics(), comparison(-0.4), margins(log_loss=-0.05), POLICY).passed


def test_better_than_the_champion_does_not_excuse_the_floor() -> None:
    result = judge(metrics(0.7), comparison(0.1), "evaluate", POLICY)
    assert not result.passed
    assert verdicts(result) == {"gate.min_roc_auc": False, "gate.max_auc_drop": True, "gate.confidence": True}


def test_the_bounds_are_the_policys() -> None:
    lenient: Policy = load_policy(policy_text(), {"gate": {"min_roc_auc": 0.6, "max_auc_drop": 0.1}})
    assert judge(metrics(0.65), comparison(-0.06, reach=0.07), "retrain", lenient).passed
    assert not judge(metrics(0.65), comparison(-0.06, reach=0.07), "retrain", POLICY).passed


@pytest.mark.parametrize("name", ["roc_auc", "pr_auc", "f1", "log_loss", "calibration_error"])
@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_a_number_that_is_none_fails_and_is_named(name: str, broken: float) -> None:
    result = judge(metrics(**{name: broken}), comparison(0.05), "retrain", POLICY)
    assert not result.passed
    assert name in result.checks[0].said


@pytest.mark.parametrize("field", ["difference", "low", "high"])
def test_a_comparison_that_is_no_number_fails(field: str) -> None:
    found = comparison(0.05).model_copy(update={field: math.nan})
    assert not judge(metrics(), found, "evaluate", POLICY).passed


def test_every_check_says_value_interval_and_rows() -> None:
    floor, not_worse, better = judge(metrics(0.8412), comparison(0.0123, reach=0.01), "evaluate", POLICY).checks
    assert floor.said == "ROC-AUC 0.8412 (interval 0.8212 to 0.8612, 1,409 rows) reaches the floor of 0.78."
    assert "+0.0123 (interval +0.0023 to +0.0223, 1,409 rows): not worse" in not_worse.said
    assert "better by ROC-AUC (a whole 95% interval must lie on the better side of 0)" in better.said
