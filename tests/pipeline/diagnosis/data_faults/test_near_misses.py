"""Checks of the data that found nothing say how near they came, and in which column."""

import numpy as np
import pytest

from pipeline.diagnosis.data_faults.near_misses import near_misses
from tests.pipeline.seen_customers import RULES, drawn, seen


def test_a_rise_of_missing_values_short_of_the_threshold_is_told_with_its_column() -> None:
    window = drawn(2000, 1)
    window.loc[np.arange(30), "tenure"] = np.nan
    told = {one.name: one for one in near_misses(seen(window), RULES.data)}
    assert (told["more_missing"].column, told["more_missing"].threshold) == ("tenure", RULES.data.missing_points)
    assert told["more_missing"].strength == pytest.approx(0.015, abs=1e-3)
    assert all(one.strength < one.threshold for one in told.values() if one.threshold is not None)
    assert {"unit_change", "value_spike", "renamed_category", "vanished_category", "swapped_columns", "replayed_rows"} <= {*told}
