"""Families are compared on the same folds, searched within a number of fits, and the simplest that is as good as the best is chosen."""

import pickle
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from pipeline.measures.measure import CalibrationTrial
from pipeline.training import child, family_comparison
from pipeline.training.family_comparison import Compared, ComparedFamilies, compare_families
from pipeline.training.job import TrainingJob
from pipeline.workspace.policy import load_policy
from pipeline.workspace.value_settings import ValueSettings
from prompts import policy_text
from tests.pipeline.small_tables import COLUMNS, small_table

POLICY = load_policy(policy_text(), {})
TRAIN = small_table(300, 1)
TRIAL = CalibrationTrial(method="sigmoid", log_loss_raw=0.4, log_loss_calibrated=0.4, z=0.0, n=100, kept=False)


def compared(*names: str, budget: int = 10, told: list[tuple[str, bool]] | None = None) -> ComparedFamilies:
    def note(family: str, line: Compared | None) -> None:
        if told is not None:
            told.append((family, line is not None))

    return compare_families(names, TRAIN, COLUMNS, POLICY, ValueSettings(), seed=3, budget=budget, on_family=note)


def line(family: str, log_loss: float, behind: float, error: float) -> Compared:
    return Compared(
        family=family,
        hyperparameters={},
        tried=1,
        fits=5,
        seconds=1.0,
        calibration=TRIAL,
        log_loss=log_loss,
        behind=behind,
        behind_error=error,
        roc_auc=0.8,
        average_precision=0.6,
        calibration_error=0.01,
        worth=40.0,
        worth_error=2.0,
    )


def test_each_family_is_told_and_judged_by_rows_that_its_models_had_not_seen() -> None:
    told: list[tuple[str, bool]] = []
    found = compared("logistic_regression", "hist_gradient_boosting", told=told)
    assert told == [(name, done) for name in ("logistic_regression", "hist_gradient_boosting") for done in (False, True)]
    assert {name: p.shape for name, p in found.probabilities.items()} == dict.fromkeys(found.probabilities, (300,))
    assert found.selection.best == min(found.selection.compared, key=lambda one: one.log_loss).family
    best = found.selection.of(found.selection.best)
    assert (best.behind, best.behind_error) == (0.0, 0.0)
    assert all(one.fits <= 10 for one in found.selection.compared)
    assert all(0.6 < one.roc_auc < 0.95 for one in found.selection.compared)


def test_the_search_stays_within_its_fits_and_the_policys_ranges_and_can_be_repeated() -> None:
    first, again = (compared("logistic_regression", budget=40).selection.compared[0] for _ in range(2))
    assert first.model_dump(exclude={"seconds"}) == again.model_dump(exclude={"seconds"})
    assert first.tried > 5
    assert 20 < first.fits <= 40
    low, high = POLICY.hyperparameters["logistic_regression"]["C"]
    assert low <= first.hyperparameters["C"] <= high


@pytest.mark.parametrize("fits", [10, 19, 25, 40, 100, 500])
def test_no_search_begins_with_more_than_its_fits_allow(fits: int) -> None:
    candidates = family_comparison._candidates(fits)
    spent, rounds = 0, 1 + int(np.floor(np.log(candidates) / np.log(3) + 1e-9))
    for _ in range(rounds):
        spent += 3 * candidates
        candidates = int(np.ceil(candidates / 3))
    assert spent <= fits


def test_the_simplest_within_one_standard_error_is_chosen() -> None:
    boosting = line("hist_gradient_boosting", 0.40, 0.0, 0.0)
    near, far = line("logistic_regression", 0.402, 0.002, 0.003), line("logistic_regression", 0.41, 0.01, 0.003)
    forest = line("random_forest", 0.401, 0.001, 0.002)
    assert family_comparison._simplest([boosting, forest, near], "hist_gradient_boosting") == "logistic_regression"
    assert family_comparison._simplest([boosting, forest, far], "hist_gradient_boosting") == "random_forest"
    assert family_comparison._simplest([boosting, far], "hist_gradient_boosting") == "hist_gradient_boosting"


def test_ended_by_a_person_it_keeps_what_is_done() -> None:
    def note(family: str, done: Compared | None) -> None:
        if family == "random_forest":
            raise KeyboardInterrupt

    names = ("logistic_regression", "random_forest")
    found = compare_families(names, TRAIN, COLUMNS, POLICY, ValueSettings(), seed=3, budget=10, on_family=note)
    assert [one.family for one in found.selection.compared] == ["logistic_regression"]
    assert found.selection.chosen == "logistic_regression"
    with pytest.raises(KeyboardInterrupt):
        compare_families(names[1:], TRAIN, COLUMNS, POLICY, ValueSettings(), seed=3, budget=10, on_family=note)


def test_what_a_comparison_was_told_out_of_fold_makes_the_very_model_that_a_training_without_it_makes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = compared("logistic_regression")
    (line,), unseen = found.selection.compared, found.unseen["logistic_regression"]
    job = TrainingJob(
        columns=COLUMNS,
        estimator=line.family,
        hyperparameters=line.hyperparameters,
        seed=3,
        threshold=0.5,
        confidence=0.95,
        trained_at=datetime(2026, 11, 21, tzinfo=UTC),
    )
    usual = child._fitted(job, TRAIN, tmp_path / "nothing", lambda *_: None)
    np.save(tmp_path / "unseen.npy", np.stack([unseen.probability, unseen.response]))
    monkeypatch.setattr("pipeline.models.calibration.out_of_fold", None)  # nothing is fitted again
    again = child._fitted(job, TRAIN, tmp_path / "unseen.npy", lambda *_: None)
    assert pickle.dumps(again.model) == pickle.dumps(usual.model)
    assert np.array_equal(again.scores, usual.scores)
    assert again.manifest == usual.manifest
