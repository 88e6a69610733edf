"""How outcomes came in over the months, and a sample of the rows that were scored meanwhile: read beside a window, so that it is seen whether they
stopped or mean something else."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pandas as pd

from pipeline.diagnosis.observed import SAMPLE_ROWS, SEED
from pipeline.intake.window_labels import label_rule
from pipeline.record.opened_workspace import Opened
from pipeline.sources.sampling import draw_sample
from pipeline.state.outcome_intakes import intake_times
from pipeline.state.outcome_labels import churn_recorded
from pipeline.tables.categories import Spelling
from pipeline.windows.window import Labelled, OutcomeRecord, Window

_YEAR = timedelta(days=365)
_SAMPLED = timedelta(days=190)  # six monthly scorings
_FEWEST_DAYS = 5  # on which churn was recorded: with fewer nothing is read, as nothing can be told


def with_outcome_record(
    opened: Opened, window: Window, told: pd.DataFrame, spelling: Spelling, count: Callable[[datetime, datetime], int], *, logged: bool
) -> Window:
    """The window with its record of outcomes: those `told` (as `read_outcomes` gives them) of the last year, which are `logged` or stand in for
    the log. `count` says how many rows of the source lie between two moments.

    Raises:
        DataError: the source of the window cannot be read any more.
    """
    until = window.until
    if window.restriction.segment is not None or told.empty:
        return window
    words = told[told["_recorded"] > told["_recorded"].max() - _YEAR]
    if words.loc[words["_churned"] == 1, "_recorded"].dt.floor("D").nunique() < _FEWEST_DAYS:
        return window
    sample = None if until is None or not _recorded_apart(words) else _sample(opened, window, told, spelling, count, until)
    with opened.state.read() as connection:
        taken_in = intake_times(connection) if logged else ()
    return replace(window, record=OutcomeRecord(words[["_time", "_recorded", "_churned"]], taken_in, until, sample))


def _recorded_apart(words: pd.DataFrame) -> bool:
    """Whether churn of one scoring time was recorded on several days: else the two times say the same."""
    churns = words[words["_churned"] == 1]
    waits = (churns["_recorded"] - churns["_time"]).dt.floor("D")
    return bool(churns["_time"].isna().any() or waits.nunique() > 1)


def _sample(
    opened: Opened, window: Window, told: pd.DataFrame, spelling: Spelling, count: Callable[[datetime, datetime], int], until: datetime
) -> Labelled | None:
    since, end = until - _SAMPLED, window.restriction.until or until
    meant = replace(window.restriction, since=since, until=end)
    drawn = draw_sample(window.source, window.columns, meant, spelling, count(since, end), SAMPLE_ROWS, SEED)
    if drawn.ids is None or drawn.times is None:
        return None
    recorded = churn_recorded(drawn.ids, drawn.times, told, label_rule(opened.settings))
    return Labelled(drawn.features, recorded.notna().astype("int64"), drawn.ids, drawn.times, recorded)
