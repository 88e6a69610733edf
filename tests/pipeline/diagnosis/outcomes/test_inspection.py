"""Outcomes from near: observed beside expected by group, and the simple cause that made them is the one that fits best."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from pipeline.diagnosis.outcomes.inspection import OutcomeCut, OutcomeView, inspect_outcomes
from pipeline.errors import DataError
from tests.pipeline.known_windows import known_window, leaving, more_churn
from tests.pipeline.small_tables import small_table

RNG = np.random.default_rng


def looked(table: pd.DataFrame, cut: OutcomeCut = "score", feature: str | None = None, **changes: object) -> OutcomeView:
    return inspect_outcomes(replace(known_window(table, days=60), **changes), cut, feature, timedelta(days=30))  # type: ignore[arg-type]


def flipped(table: pd.DataFrame, share: float) -> pd.DataFrame:
    return table.assign(churned=np.where(RNG(1).random(len(table)) < share, 1 - table["churned"], table["churned"]))


@pytest.mark.parametrize(
    ("table", "explains"),
    [
        (small_table(2500, 41), "as_expected"),
        (more_churn(small_table(2500, 12), 3.0, 1), "level"),
        (flipped(small_table(2500, 11), 0.3), "flipped"),
        (small_table(2500, 14).assign(churned=RNG(3).permutation(small_table(2500, 14)["churned"].to_numpy())), "shuffled"),
    ],
)
def test_what_was_done_to_the_outcomes_fits_best(table: pd.DataFrame, explains: str) -> None:
    found = looked(table)
    assert found.hypotheses[0].explains == explains
    assert found.hypotheses[0].behind == 0.0
    assert [one.behind for one in found.hypotheses] == sorted(one.behind for one in found.hypotheses)
    if explains == "flipped":
        assert found.hypotheses[0].parameter == pytest.approx(0.3, abs=0.06)
    if explains == "shuffled":
        assert found.hypotheses[0].parameter == pytest.approx(1.0, abs=0.15)
    if explains == "level":
        assert found.hypotheses[0].parameter == pytest.approx(np.log(3), abs=0.3)


def test_who_behaves_differently_is_seen_by_feature() -> None:
    table = small_table(2500, 13)
    found = looked(leaving(table, table["tenure"] >= 36, 0.7, 2), "feature", "tenure")
    apart = {group.label: group.observed - group.expected for group in found.groups}  # type: ignore[operator]
    assert max(apart, key=lambda label: apart[label]).startswith("from")
    assert sum(group.customers for group in found.groups) == found.customers
    assert all(group.low <= group.observed <= group.high for group in found.groups)  # type: ignore[operator]


def test_tenths_weeks_and_ages_hold_every_customer_once() -> None:
    table = small_table(2500, 41)
    for cut, groups in (("score", 10), ("week", 9), ("label_age", 4)):
        found = looked(table, cut)  # type: ignore[arg-type]
        assert abs(len(found.groups) - groups) <= 1
        assert sum(group.customers for group in found.groups) + found.folded == found.customers
        assert all(group.customers >= 10 for group in found.groups)


def test_when_outcomes_were_written_and_when_they_will_be_matured() -> None:
    observed = known_window(small_table(2500, 41), days=60)
    known = observed.labelled
    recorded = (known.times + pd.Timedelta(days=12)).where(known.churned == 1)
    found = inspect_outcomes(replace(observed, labelled=replace(known, recorded=recorded)), "recording_day", None, timedelta(days=30))
    assert found.recording.churners == int(known.churned.sum())
    assert found.recording.median_days == found.recording.nine_tenths_days == 12.0
    assert found.recording.horizon_days == 30.0
    assert sum(group.customers for group in found.groups) + found.folded <= found.recording.churners
    assert all(group.customers >= 10 and group.expected is None for group in found.groups)
    with pytest.raises(DataError, match="Nobody knows"):
        inspect_outcomes(observed, "recording_day", None, None)


def test_of_fewer_than_ten_outcomes_nothing_is_told() -> None:
    with pytest.raises(DataError, match="Fewer than 10"):
        inspect_outcomes(known_window(small_table(300, 1), known=np.arange(300) < 9), "score", None, None)
    with pytest.raises(DataError, match="no feature"):
        looked(small_table(300, 1), "feature", "nobody")
    with pytest.raises(DataError, match="needs"):
        looked(small_table(300, 1), "feature")
