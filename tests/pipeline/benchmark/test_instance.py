"""What is asked: every kind, every severity, and every combination of model family and labels in six seeds."""

from itertools import product

import pytest

from pipeline.benchmark.instance import Answer, Truth, questions
from pipeline.worlds.scenarios import KINDS, SEVERITIES

TRUTH = Truth(
    cause="concept_drift",
    columns=("tenure",),
    worth={"monitor": 40.0, "retrain_combined": 44.5, "retrain_recent": 45.0, "recalibrate": None, "fix_data": 39.0},
    acceptable=("retrain_combined", "retrain_recent"),
    unsafe=False,
    invisible=False,
)


def test_a_seed_asks_every_kind_in_every_severity() -> None:
    asked = list(questions(KINDS, SEVERITIES, [1]))
    assert [(question.kind, question.severity) for question in asked] == list(product(KINDS, SEVERITIES))


def test_six_seeds_hold_every_combination() -> None:
    asked = [question for question in questions(KINDS, SEVERITIES, range(1, 7)) if question.kind != "immature_labels"]
    kinds = [kind for kind in KINDS if kind != "immature_labels"]
    found = {(question.kind, question.severity, question.family, question.labels) for question in asked}
    assert found == set(product(kinds, SEVERITIES, ["random_forest", "logistic_regression"], ["full", "partial", "none"]))


def test_immature_labels_are_there_to_be_immature() -> None:
    assert {question.labels for question in questions(["immature_labels"], SEVERITIES, range(6))} == {"full", "partial"}


def test_whatever_is_wrong_with_outcomes_has_some() -> None:
    kinds = ["outcomes_flipped", "contacted_only"]
    assert {question.labels for question in questions(kinds, SEVERITIES, range(6))} == {"full", "partial"}


def test_a_selection_asks_the_same_questions() -> None:
    whole = set(questions(KINDS, SEVERITIES, [3]))
    assert set(questions(["clipped"], ["mild"], [3])) < whole


@pytest.mark.parametrize(
    ("answer", "remedy"),
    [
        (Answer(cause="none", action="monitor"), "monitor"),
        (Answer(cause="prior_shift", action="recalibrate", mode="recalibrate"), "recalibrate"),
        (Answer(cause="concept_drift", action="retrain", mode="recent"), "retrain_recent"),
        (Answer(cause="concept_drift", action="retrain"), "retrain_combined"),
        (Answer(cause="data_fault", action="fix_data", then="retrain"), "fix_then_retrain"),
        (Answer(cause="data_fault", action="fix_data", then="monitor"), "fix_data"),
    ],
)
def test_an_answer_is_something_to_do(answer: Answer, remedy: str) -> None:
    assert answer.remedy == remedy


def test_regret_is_what_was_lost_against_the_best_acceptable_remedy() -> None:
    assert TRUTH.regret("monitor") == 5.0
    assert TRUTH.regret("retrain_recent") == 0.0
    assert TRUTH.regret("recalibrate") == 5.0  # what cannot be done leaves the champion alone
