"""Since when, until when and where rows are broken."""

import numpy as np
import pandas as pd

from pipeline.diagnosis.onset import onset

TIMES = pd.Series(pd.date_range("2026-11-01", periods=800, freq="1h", tz="UTC"))


def test_first_and_last_bad_day_and_the_share_per_span() -> None:
    bad = (np.arange(800) >= 500) & (np.arange(800) % 2 == 0)
    told = onset(bad, TIMES, ("Channel", "app"))
    assert told is not None
    assert (told.first, told.last, told.where) == ("2026-11-21", "2026-12-04", ("Channel", "app"))
    assert [round(share, 1) for _, share in told.spans] == [0, 0, 0, 0, 0, 0.5, 0.5, 0.5]
    assert told.bounded


def test_what_was_so_all_the_time_is_not_bounded() -> None:
    told = onset(np.arange(800) % 3 == 0, TIMES, None)
    assert told is not None
    assert not told.bounded
    assert onset(np.zeros(800, dtype=bool), TIMES, None) is None
    assert onset(np.ones(800, dtype=bool), None, None) is None
