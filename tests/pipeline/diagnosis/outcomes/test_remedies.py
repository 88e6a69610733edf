"""What another model would gain: in worlds where the best remedy is known."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.observed import Observed
from pipeline.diagnosis.outcomes.remedies import _stretches, find_gains
from pipeline.workspace.value_settings import ValueSettings
from tests.pipeline.known_windows import POLICY, days_before, known_window, leaving, more_churn
from tests.pipeline.small_tables import small_table

VALUE = ValueSettings()


def gains(window: Observed) -> dict[str, Finding]:
    return {finding.name: finding for finding in find_gains(window, POLICY, VALUE)}


def worth_having(window: Observed) -> set[str]:
    return {name for name, finding in gains(window).items() if finding.notable}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_more_of_the_same_customers_gain_nothing(seed: int) -> None:
    found = gains(known_window(small_table(800, 300 + seed)))
    assert list(found) == ["gain_recalibrate", "gain_combined", "gain_recent", "gain_newest"]
    assert not any(finding.notable for finding in found.values())


@pytest.mark.slow
def test_another_level_wants_recalibration_and_no_new_model() -> None:
    assert worth_having(known_window(more_churn(small_table(4000, 31), 5.0, 1))) == {"gain_recalibrate"}


def reversed_window(rows: int) -> Observed:
    table = small_table(rows, 32)
    return known_window(leaving(leaving(table, table["tenure"] < 36, 0.1, 1), table["tenure"] >= 36, 0.6, 2))


def test_customers_who_behave_differently_want_a_model_of_recent_ones() -> None:
    found = gains(reversed_window(1500))
    assert found["gain_recent"].notable and found["gain_recent"].strength > 20
    assert "concept_drift" in found["gain_recent"].argues_for
    assert found["gain_recent"].low is not None and found["gain_recent"].low > 0


def test_a_change_that_is_still_under_way_shows_what_a_model_of_the_newest_is_worth() -> None:
    table = small_table(1800, 37)
    late = np.arange(1800) >= 600
    turned = leaving(leaving(table, late & (table["tenure"] < 36), 0.1, 1), late & (table["tenure"] >= 36), 0.6, 2)
    found = gains(known_window(turned))
    assert found["gain_newest"].notable and found["gain_newest"].strength > 20
    assert 400 < found["gain_newest"].n < 700 and "on the newest " in found["gain_newest"].said


@pytest.mark.slow
def test_the_same_window_has_the_same_gains() -> None:
    window = reversed_window(300)
    assert find_gains(window, POLICY, VALUE) == find_gains(window, POLICY, VALUE)


@pytest.mark.slow
def test_the_champion_family_is_the_champions() -> None:
    window = known_window(small_table(300, 33))
    manifest = window.champion.manifest.model_copy(
        update={"estimator": "random_forest", "hyperparameters": {"n_estimators": 200, "max_depth": 4}}
    )
    forest = replace(window, champion=replace(window.champion, manifest=manifest))
    assert gains(forest)["gain_combined"].strength != gains(window)["gain_combined"].strength


def test_too_few_outcomes_train_nothing() -> None:
    assert gains(known_window(small_table(50, 34))) == {}


def test_churners_of_one_stretch_alone_train_nothing() -> None:
    table = small_table(600, 35)
    assert gains(known_window(table.assign(churned=(np.arange(600) < 60).astype(int)))) == {}


def test_columns_that_stopped_arriving_are_no_trouble() -> None:
    window = known_window(small_table(300, 36))
    gone = window.labelled.features.assign(charges=np.nan, payment=pd.Series(np.nan, index=window.labelled.features.index, dtype=object))
    assert len(gains(replace(window, labelled=replace(window.labelled, features=gone)))) == 4


def test_stretches_are_cut_between_days() -> None:
    times = days_before(700, 7)
    stretch = pd.Series(_stretches(times, 700))
    assert sorted(stretch.value_counts()) == [200, 200, 300]
    assert (stretch.groupby(times.dt.floor("D")).nunique() == 1).all() and stretch.is_monotonic_increasing


def test_without_times_the_order_of_the_rows_counts() -> None:
    assert _stretches(None, 90).tolist() == [1] * 30 + [2] * 30 + [3] * 30


@pytest.mark.parametrize("minutes", [0, 1, 20])
def test_a_batch_has_no_order_in_time_so_its_rows_lie_in_each_stretch_in_turn(minutes: int) -> None:
    times = pd.Series([pd.Timestamp("2026-11-21", tz="UTC") + pd.Timedelta(minutes=minutes * row) for row in range(90)])
    assert _stretches(times, 90).tolist() == [1, 2, 3] * 30
