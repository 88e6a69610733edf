"""Each customer counts once, however often it is scored, and a score that many share is one: where nothing changed nothing is told, and what
changed is."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from pipeline.diagnosis.comparable_scores import comparable_scores
from pipeline.diagnosis.diagnose import diagnose
from pipeline.diagnosis.diagnosis import Diagnosis
from pipeline.diagnosis.observed import Observed
from pipeline.workspace.value_settings import ValueSettings
from tests.pipeline.diagnosis.daily_worlds import POLICY, Rows, Trained, customers, scored, seen, trained

BASE = 800
RNG = np.random.default_rng


def found(observed: Observed) -> Diagnosis:
    return diagnose(observed, POLICY, {"challengers"}, value=ValueSettings())


def daily(_: Trained, base: pd.DataFrame, seed: int) -> NDArray[np.int64]:
    return np.full(len(base), 7)


def calm_ones_daily(world: Trained, base: pd.DataFrame, seed: int) -> NDArray[np.int64]:
    """Who is likely to churn is scored once."""
    return np.where(world.champion.scores(base) < 0.4, 7, 1)


def churners_leave(_: Trained, base: pd.DataFrame, seed: int) -> NDArray[np.int64]:
    return np.where(base["churned"] == 1, RNG(seed).integers(1, 8, len(base)), 7)


def of_customers(log: pd.DataFrame, seed: int) -> Rows:
    return log["customer"].isin(log["customer"].drop_duplicates().sample(frac=0.5, random_state=seed)).to_numpy()


def of_scorings(log: pd.DataFrame, seed: int) -> Rows:
    return RNG(seed).random(len(log)) < 0.5


def of_first_scorings(log: pd.DataFrame, seed: int) -> Rows:
    return of_customers(log, seed) & ~log["customer"].duplicated().to_numpy()


@pytest.mark.parametrize(
    ("shape", "family", "times", "half", "seed"),
    [
        ("plain", "logistic_regression", calm_ones_daily, of_customers, 1),
        ("plain", "logistic_regression", calm_ones_daily, of_scorings, 2),
        ("plain", "logistic_regression", calm_ones_daily, of_first_scorings, 3),
        pytest.param("plain", "random_forest", daily, of_customers, 4, marks=pytest.mark.slow),
        pytest.param("flat", "logistic_regression", daily, of_scorings, 5, marks=pytest.mark.slow),
        ("flat", "logistic_regression", churners_leave, of_customers, 6),
        ("flat", "random_forest", calm_ones_daily, of_scorings, 7),
        ("nearly flat", "logistic_regression", churners_leave, of_first_scorings, 8),
        pytest.param("coarse", "logistic_regression", calm_ones_daily, of_scorings, 9, marks=pytest.mark.slow),
    ],
)
def test_where_nothing_changed_nothing_is_told(
    shape: str,
    family: str,
    times: Callable[[Trained, pd.DataFrame, int], NDArray[np.int64]],
    half: Callable[[pd.DataFrame, int], Rows],
    seed: int,
) -> None:
    world, base = trained(shape, family), customers(BASE, 100 + seed, shape)
    log = scored(base, times(world, base, seed))
    said = found(seen(world, log, half(log, seed)))
    assert said.cause == "none", said.said
    assert "of 800 customers" in said.said


def test_outcomes_of_high_scores_are_no_random_sample_of_a_daily_base_either() -> None:
    world, base = trained(), customers(BASE, 21)
    log = scored(base, calm_ones_daily(world, base, 21))
    high = (world.champion.scores(log) > 0.3) & (RNG(1).random(len(log)) < 0.8)
    assert found(seen(world, log, high)).cause == "label_fault"


def test_nor_are_those_of_churners_who_left_while_nobody_else_is_known() -> None:
    """They were scored less often than all others, so there is nobody to compare them with: the scores alone decide."""
    world, base = trained(), customers(3 * BASE, 22)
    log = scored(base, np.where(base["churned"] == 1, 3, 7))
    told = found(seen(world, log, (log["churned"] == 1).to_numpy()))
    assert told.cause == "label_fault", told.said


def test_behaviour_that_changed_on_a_daily_base_is_seen() -> None:
    world, base = trained(), customers(2 * BASE, 23)
    log = scored(base.assign(churned=(RNG(1).random(len(base)) < 0.4).astype("int64")), np.full(len(base), 7))
    assert found(seen(world, log, of_customers(log, 1))).cause == "concept_drift"


@pytest.mark.slow
def test_other_customers_on_a_daily_base_are_seen() -> None:
    world, pool = trained("flat"), customers(4 * BASE, 24, "flat")
    base = pool[(pool["plan"] == "free") | (RNG(1).random(len(pool)) < 0.2)].reset_index(drop=True)
    told = found(seen(world, scored(base, np.full(len(base), 7))))
    assert told.cause.startswith("covariate"), told.said


def test_a_changed_unit_on_a_daily_base_is_broken_data() -> None:
    world, base = trained(), customers(BASE, 25)
    log = scored(base, np.full(len(base), 7))
    told = found(seen(world, log.assign(usage=log["usage"] * np.where(log["scored"] >= log["scored"].unique()[4], 100, 1))))
    assert (told.cause, told.column) == ("data_fault", "usage")


def test_a_shared_score_that_moved_is_still_seen_and_one_known_by_heart_is_not_taken() -> None:
    rng = RNG(3)
    own = np.where(np.arange(1000) < 400, 0.05, rng.uniform(0, 1, 1000))
    apart = np.clip(own + rng.normal(0, 0.004, 1000), 0, 1)
    assert (comparable_scores(apart, own)[:400] == 0.05).all(), "folds differ by as much as fits do"
    by_heart = np.where(np.arange(1000) < 400, rng.uniform(0.1, 0.4, 1000), apart)
    np.testing.assert_array_equal(comparable_scores(by_heart, own)[:400], by_heart[:400])
    np.testing.assert_array_equal(comparable_scores(apart, own)[400:], apart[400:])


def test_of_a_part_of_a_large_window_customers_scored_daily_are_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.diagnosis.observed.SAMPLE_ROWS", 1500)
    world, base = trained(), customers(3000, 26)
    calm = base["fee"] < 60
    observed = seen(world, scored(base, np.where(calm, 7, 1)))
    assert observed.ids is not None and observed.ids.is_unique
    assert len(observed.window) < 800 < 3000 == observed.customers
    assert (observed.window["fee"] < 60).mean() == pytest.approx(calm.mean(), abs=0.08), "among the rows it is nine in ten"
