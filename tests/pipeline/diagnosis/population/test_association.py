"""How closely two columns belong together, for numbers and categories alike."""

import numpy as np
import pandas as pd
import pytest

from pipeline.diagnosis.population.association import correlation, counts_of, strong_ties
from pipeline.diagnosis.population.crosstab import Crosstab, crosstab
from tests.pipeline.seen_customers import drawn, seen, shuffled


def tab(window: pd.DataFrame) -> Crosstab:
    return crosstab(seen(window))


def ties_of(found: Crosstab, least: float = 0.3) -> dict[frozenset[str], float]:
    ties = strong_ties(found, counts_of(found.indicators(found.reference)), least)
    return {frozenset((found.names[tie.one], found.names[tie.other])): tie.strength for tie in ties}


def test_columns_that_tell_each_other_are_tied_by_one_and_unrelated_ones_not_at_all() -> None:
    ties = ties_of(tab(drawn(50, 1)), 0.1)
    assert ties[frozenset(("PhoneService", "MultipleLines"))] == pytest.approx(1, abs=0.01)
    assert ties[frozenset(("tenure", "TotalCharges"))] > 0.8
    assert not [pair for pair in ties if "gender" in pair]


def test_a_tie_keeps_its_direction() -> None:
    window = drawn(3000, 2)
    for changed, low, high in (
        (window, 0.85, 1.0),
        (shuffled(window, "tenure"), -0.05, 0.05),
        (window.assign(tenure=73 - window["tenure"]), -1.0, -0.3),
    ):
        found = tab(changed)
        pair = {found.names.index("tenure"), found.names.index("TotalCharges")}
        (tie,) = (tie for tie in strong_ties(found, counts_of(found.indicators(found.reference)), 0.3) if {tie.one, tie.other} == pair)
        seen_now = correlation(tie, counts_of(found.indicators(found.window))[found.spans[tie.one], found.spans[tie.other]])
        assert seen_now is not None
        assert low < seen_now.value < high


def test_a_constant_column_has_no_correlation() -> None:
    found = tab(drawn(500, 3).assign(Contract="One year"))
    place = found.names.index("Contract")
    window = counts_of(found.indicators(found.window))
    ties = [tie for tie in strong_ties(found, counts_of(found.indicators(found.reference)), 0.3) if place in (tie.one, tie.other)]
    assert ties
    assert all(correlation(tie, window[found.spans[tie.one], found.spans[tie.other]]) is None for tie in ties)


def test_every_row_lies_in_one_cell_of_each_column() -> None:
    window = drawn(400, 4)
    window.loc[:99, "tenure"] = np.nan
    window.loc[100:149, "Contract"] = "Half a year"
    found = tab(window)
    for codes in (found.reference, found.window):
        assert (found.indicators(codes).sum(axis=1) == len(found.names)).all()
