"""Parts of a window by days: consecutive days with rows enough to be asked, and some rows as a window of their own."""

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.diagnosis.observed import Observed
from pipeline.profiles.counting import profile_window
from pipeline.profiles.profile import of_features
from pipeline.sources.source import Frame
from pipeline.windows.window import Labelled

_PERIODS = 8  # of a stretch at most, each asked for itself: shorter ones have fewer rows to show a fault by, and every one takes its time


def periods_of(days: pd.Series, least: int) -> list[list[pd.Timestamp]]:
    """Consecutive days of so many rows together; the last ones go with those before them where they are fewer."""
    counts = days.value_counts().sort_index()
    size = max(least, int(np.ceil(counts.sum() / _PERIODS)))
    periods: list[list[pd.Timestamp]] = []
    rows = size
    for day, number in zip(pd.DatetimeIndex(counts.index), counts, strict=True):
        if rows >= size:
            periods.append([])
            rows = 0
        periods[-1].append(day)
        rows += number
    if rows < least and len(periods) > 1:
        periods[-2:] = [periods[-2] + periods[-1]]
    return periods


def part_of(observed: Observed, meant: NDArray[np.bool_]) -> Observed:
    """Some rows of the sample as a window without outcomes. What is known of their customers from before is not asked again, but for whether they were."""
    rows = observed.window[meant].reset_index(drop=True)
    columns = observed.columns.model_copy(update={"id": None, "time": None})
    return replace(
        observed,
        rows=len(rows),
        customers=None if observed.ids is None else len(rows),
        profile=of_features(profile_window(Frame(rows), columns, observed.profile_before), columns),
        window=rows,
        times=None if observed.times is None else observed.times[meant].reset_index(drop=True),
        ids=None if observed.ids is None else observed.ids[meant].reset_index(drop=True),
        scores=observed.scores[meant],
        labelled=Labelled(observed.labelled.features.head(0), observed.labelled.churned.head(0), None, None),
        labelled_scores=np.zeros(0),
        scorings=None,
        set_aside=0,
        past=replace(observed.past, reference=None, scorings=None),
    )
