"""Figures: what counts as right, over which questions, and how sure that is."""

import pytest

from pipeline.benchmark.grading import mean, report, score
from pipeline.benchmark.instance import Answer, Answered, Broken, Question, Skipped, Truth
from pipeline.diagnosis.finding import Cause

QUESTION = Question(kind="clipped", severity="mild", seed=1, family="random_forest", labels="full")
RETRAIN = Answer(cause="concept_drift", action="retrain", mode="combined")
WORTH = {
    "monitor": 50.0,
    "fix_data": 52.0,
    "collect_labels": 49.0,
    "recalibrate": 40.0,
    "retrain_combined": 45.0,
    "retrain_recent": 44.0,
    "fix_then_retrain": 53.0,
}


def answered(cause: Cause, acceptable: str, answer: Answer, *, columns: tuple[str, ...] = (), invisible: bool = False) -> Answered:
    truth = Truth.model_validate(
        {
            "cause": cause,
            "columns": columns,
            "worth": WORTH,
            "acceptable": (acceptable,),
            "unsafe": cause in ("data_fault", "label_fault"),
            "invisible": invisible,
        }
    )
    return Answered(question=QUESTION, truth=truth, answers={"me": answer})


def test_both_kinds_of_moved_population_are_one_of_six_and_two_of_seven() -> None:
    found = score([answered("covariate_harmful", "monitor", Answer(cause="covariate_benign", action="monitor"))], "me")
    assert found.diagnosis.value == 1
    assert found.diagnosis_of_seven.value == 0


def test_either_of_two_causes_at_once_is_right() -> None:
    both = answered("data_fault", "fix_then_retrain", RETRAIN)
    two = both.model_copy(update={"truth": both.truth.model_copy(update={"also": "concept_drift"})})
    assert score([both], "me").diagnosis.value == 0
    assert score([two], "me").diagnosis.value == score([two], "me").diagnosis_of_seven.value == 1
    assert score([two], "me").unsafe.count == 1


def test_a_column_is_asked_for_where_one_is_broken() -> None:
    broken = answered("data_fault", "fix_data", Answer(cause="data_fault", column="b", action="fix_data"), columns=("a", "b"))
    moved = answered("covariate_benign", "monitor", Answer(cause="none", action="monitor"), columns=("a",))
    found = score([broken, moved], "me").column
    assert (found.count, found.n) == (1, 1)


def test_unsafe_is_of_faults_and_wasted_of_the_rest() -> None:
    on_fault, in_vain = answered("data_fault", "fix_data", RETRAIN), answered("none", "monitor", RETRAIN)
    right = answered("concept_drift", "retrain_combined", RETRAIN)
    found = score([on_fault, in_vain, right], "me")
    assert (found.unsafe.count, found.unsafe.n) == (1, 1)
    assert (found.wasted.count, found.wasted.n) == (1, 2)
    assert found.acceptable.count == 1
    assert found.regret.value == pytest.approx((7 + 5 + 0) / 3)


def test_recalibrating_on_a_fault_is_unsafe_too() -> None:
    trained = Answer(cause="prior_shift", action="recalibrate", mode="recalibrate")
    assert score([answered("label_fault", "collect_labels", trained)], "me").unsafe.count == 1


def test_the_invisible_is_scored_apart_and_counted_in() -> None:
    seen = answered("none", "monitor", Answer(cause="none", action="monitor"))
    unseen = answered("concept_drift", "collect_labels", Answer(cause="none", action="monitor"), invisible=True)
    found = report("me", 2, [seen, unseen])
    assert found.scores["me"].diagnosis.value == 1
    assert found.with_invisible["me"].diagnosis.value == 0.5
    assert found.invisible["me"].n == 1
    assert found.confusion == {"none": {"none": 1}}


def test_what_failed_is_neither_right_nor_wrong() -> None:
    seen = answered("none", "monitor", Answer(cause="none", action="monitor"))
    found = report("me", 3, [seen, Broken(question=QUESTION, said="no memory"), Skipped(question=QUESTION, said="no numbers")])
    assert found.answered == found.scores["me"].n == 1
    assert len(found.broken) == len(found.skipped) == 1


def test_a_run_without_answers_has_no_figures() -> None:
    found = report("me", 4, [])
    assert found.answered == 0
    assert found.scores == {}


def test_shares_carry_wilsons_interval() -> None:
    # Nine of ten, from the table in Wilson's paper's successors: 0.596 to 0.982.
    right = [answered("none", "monitor", Answer(cause="none", action="monitor"))] * 9
    wrong = [answered("none", "monitor", RETRAIN)]
    found = score(right + wrong, "me").diagnosis
    assert (found.low, found.high) == (pytest.approx(0.596, abs=0.001), pytest.approx(0.982, abs=0.001))


def test_means_carry_a_seeded_bootstrap_interval() -> None:
    found = mean([0.0] * 50 + [10.0] * 50)
    assert found.value == 5
    assert found.low is not None and found.high is not None
    assert 3.5 < found.low < 4.5 < 5.5 < found.high < 6.5
    assert found == mean([0.0] * 50 + [10.0] * 50)
