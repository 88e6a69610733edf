"""Rates by group, counted by hand, and gaps that are wider than a bound beyond chance."""

import numpy as np
import pytest

from pipeline.measures.fairness import measure_fairness

ROWS = 1_000
GROUPS = np.array(["x", "y"] * (ROWS // 2))


def test_rates_are_shares_of_the_right_customers() -> None:
    y, p = np.tile([1, 1, 0, 0], ROWS // 4), np.tile([0.9, 0.1, 0.8, 0.2], ROWS // 4)
    found = measure_fairness(y, p, 0.5, {"g": GROUPS.tolist()}, 0.95)
    rates = {one.value: tuple(getattr(one, name).value for name in ("selected", "missed", "false_alarms")) for one in found.groups}
    assert rates == {"x": (1.0, 0.0, 1.0), "y": (0.0, 1.0, 0.0)}
    assert {gap.rate: (gap.higher, gap.lower) for gap in found.beyond(0.9)} == {
        "selected": ("x", "y"),
        "missed": ("y", "x"),
        "false_alarms": ("x", "y"),
    }


def test_groups_alike_are_not_called_different_and_few_rows_have_no_rate() -> None:
    draw = np.random.default_rng(1)
    y, p = draw.integers(0, 2, ROWS), draw.uniform(size=ROWS)
    few = np.where(np.arange(ROWS) < 20, "few", GROUPS)
    found = measure_fairness(y, p, 0.5, {"g": few.tolist()}, 0.95)
    assert found.beyond(0.0) == ()
    assert next(one for one in found.groups if one.value == "few").selected is None


@pytest.mark.parametrize("bound", [0.1, 0.3])
def test_a_gap_counts_where_its_whole_interval_lies_beyond_the_bound(bound: float) -> None:
    y, draw = np.tile([1, 0], ROWS // 2), np.random.default_rng(2)
    p = np.where(np.repeat(["x", "y"], ROWS // 2) == "x", draw.uniform(0.2, 1, ROWS), draw.uniform(0, 0.8, ROWS))  # 62% against 38%
    found = measure_fairness(y, p, 0.5, {"g": np.repeat(["x", "y"], ROWS // 2).tolist()}, 0.95)
    assert bool(found.beyond(bound)) is (bound == 0.1)
