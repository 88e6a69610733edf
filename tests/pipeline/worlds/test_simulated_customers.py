"""Where the customers of a simulated week come from."""

import numpy as np
import pandas as pd
import pytest

from pipeline.tables.schema import Schema
from pipeline.worlds.change import Change, labelled
from pipeline.worlds.simulated_customers import HeldBack, Replaying

COLUMNS = Schema(target="churned", positive="1", numerical=("number",))
FRESH = HeldBack(labelled(pd.DataFrame({"number": np.arange(90.0), "churned": np.int8(0)}), COLUMNS))
OLD = labelled(pd.DataFrame({"number": 1_000 + np.arange(50.0), "churned": np.int8(1)}), COLUMNS)


@pytest.mark.parametrize(("share", "most"), [(0.4, 90), (1.0, 50)])
def test_old_customers_come_again_in_the_share_that_is_replayed(share: float, most: int) -> None:
    source = Replaying(FRESH, OLD, share)
    week = source.for_week(Change(replayed=share), 60, 0)
    assert (week.frame["number"] >= 1_000).mean() == pytest.approx(share)
    assert (week.expected == (week.frame["number"] >= 1_000)).all()
    assert source.most_in_a_week(Change(replayed=share)) == most
    assert source.planning is FRESH.planning
