"""What comes and goes row by row in time is the world; what jumps may be a fault. Customers come in no order, so nothing is said of them."""

import numpy as np
import pandas as pd

from pipeline.diagnosis.data_faults.odd_values import find_odd_values
from pipeline.diagnosis.data_faults.series import gradual
from tests.pipeline.diagnosis.data_faults.test_checks import RNG, observed
from tests.pipeline.seen_customers import RULES, drawn, schema

TIMES = pd.Series(pd.date_range("2026-11-01", periods=1344, freq="30min", tz="UTC"))
LOAD = 10 + 4 * np.sin(np.arange(1344) / 48 * 2 * np.pi) + RNG(1).normal(0, 0.3, 1344)
LOW_DAY = np.arange(1344) // 48 == 5


def test_a_quiet_day_of_a_load_came_gradually() -> None:
    depth = np.interp(np.arange(1344), [240, 252, 276, 288], [0, 1, 1, 0], left=0, right=0)
    assert gradual(LOAD * (1 - 0.55 * depth), TIMES, LOW_DAY)


def test_a_day_in_another_unit_jumps() -> None:
    assert not gradual(np.where(LOW_DAY, LOAD / 2.2046, LOAD), TIMES, LOW_DAY)


def test_customers_are_in_no_order() -> None:
    assert not gradual(RNG(2).permutation(LOAD), TIMES, LOW_DAY)
    assert not gradual(LOAD, None, LOW_DAY)


def test_a_column_that_never_varied_tells_nothing_about_its_bounds() -> None:
    """A market that was enlarged: what stood still in the reference moves now."""
    from pipeline.diagnosis.data_faults.witnesses import Witnesses, witnesses_of

    seen = witnesses_of(observed(drawn(1000, 1)))
    still = Witnesses(schema(), seen.before.assign(tenure=7.0), seen.after, seen.times, 1.0)
    assert find_odd_values(still, "tenure", RULES.data) == ()
