"""Recalibration: slope and intercept of log-odds and nothing else, made of parts that load anywhere."""

import pickle
import subprocess
import sys
from pathlib import Path

import cloudpickle
import numpy as np
import pytest
from scipy.special import expit, logit

from pipeline.models.recalibration import recalibrate
from tests.pipeline.small_artifacts import FEATURES, FITTED
from tests.pipeline.small_tables import small_table

NEW = small_table(4000, 5)
SCORES = np.clip(FITTED.predict_proba(NEW[FEATURES])[:, 1], 1e-6, 1 - 1e-6)


def outcomes(slope: float, intercept: float) -> np.ndarray:
    """Outcomes of the new rows in a world where the model's log-odds are off by this much."""
    return (np.random.default_rng(3).random(len(NEW)) < expit(slope * logit(SCORES) + intercept)).astype(np.int8)


@pytest.mark.parametrize(("slope", "intercept"), [(1.0, 0.0), (1.0, 0.9), (0.6, -0.5)])
def test_it_finds_what_the_log_odds_are_off_by_and_keeps_the_ranks(slope: float, intercept: float) -> None:
    made = recalibrate(FITTED, NEW[FEATURES], outcomes(slope, intercept))
    assert made.slope == pytest.approx(slope, abs=0.1)
    assert made.intercept == pytest.approx(intercept, abs=0.1)
    p = made.model.predict_proba(NEW[FEATURES])[:, 1]
    assert p == pytest.approx(expit(made.slope * logit(SCORES) + made.intercept), abs=1e-9)
    assert (np.diff(p[np.argsort(SCORES)]) >= -1e-12).all()


def test_scores_can_be_passed_through_it_without_the_rows() -> None:
    made = recalibrate(FITTED, NEW[FEATURES], outcomes(0.8, 0.4))
    assert made.passed_through(SCORES) == pytest.approx(made.model.predict_proba(NEW[FEATURES])[:, 1], abs=1e-12)


def test_a_model_that_is_sure_stays_a_number() -> None:
    made = recalibrate(FITTED, NEW[FEATURES], outcomes(1.0, 0.5))
    assert np.isfinite(made.passed_through(np.array([0.0, 1.0]))).all()


def test_a_recalibrated_model_can_be_recalibrated_again() -> None:
    truth = outcomes(0.7, 0.6)
    once = recalibrate(FITTED, NEW[FEATURES], truth)
    twice = recalibrate(once.model, NEW[FEATURES], truth)
    assert (twice.slope, twice.intercept) == (pytest.approx(1, abs=1e-3), pytest.approx(0, abs=1e-3))


@pytest.mark.slow
def test_who_loads_it_from_the_registry_needs_nothing_of_ours(tmp_path: Path) -> None:
    made = recalibrate(FITTED, NEW[FEATURES], outcomes(1.0, 0.5))
    (tmp_path / "model.pkl").write_bytes(cloudpickle.dumps(made.model))
    NEW[FEATURES].head(20).to_pickle(tmp_path / "rows.pkl")
    script = (
        "import pickle, sys, pathlib; m = pickle.loads(pathlib.Path('model.pkl').read_bytes()); "
        "x = pickle.loads(pathlib.Path('rows.pkl').read_bytes()); assert not any(n.split('.')[0] == 'pipeline' for n in sys.modules); "
        "pathlib.Path('p.pkl').write_bytes(pickle.dumps(m.predict_proba(x)))"
    )
    subprocess.run([sys.executable, "-P", "-c", script], cwd=tmp_path, check=True)
    found = pickle.loads((tmp_path / "p.pkl").read_bytes())
    assert (found == made.model.predict_proba(NEW[FEATURES].head(20))).all()
