"""A month of customers with a known outcome, sixty a day, with a column broken on some of its days."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from pipeline.diagnosis.observed import Observed
from pipeline.windows.stretch import BrokenDays
from pipeline.windows.window import Labelled
from tests.pipeline.seen_customers import drawn, schema, seen

BEGIN = datetime(2026, 10, 1, tzinfo=UTC)
ROWS, DAYS = 1800, 30
Days = tuple[int, int]


def dated_rows(*broken: Days, column: str = "MonthlyCharges", where: tuple[str, str] | None = None) -> Observed:
    """An amount arrived in cents on the days from the first to before the second of each pair; `where` says of which customers alone."""
    rows, day = drawn(ROWS, 5), np.repeat(np.arange(DAYS), ROWS // DAYS)
    for first, end in broken:
        rows.loc[(day >= first) & (day < end) & (where is None or (rows[where[0]] == where[1])), column] *= 100
    return on_days(rows, day)


def on_days(rows: pd.DataFrame, day: np.ndarray) -> Observed:  # type: ignore[type-arg]
    """Rows scored at nine on the days that `day` counts from `BEGIN`."""
    times = pd.Series(pd.Timestamp(BEGIN) + pd.to_timedelta(day * 24 + 9, unit="h"))
    known = Labelled(rows[list(schema().features)], rows[schema().target].astype("int64"), None, times)
    return replace(seen(rows), times=times, labelled=known, scores=np.full(len(rows), 0.3))


def spanned(found: tuple[BrokenDays, ...]) -> list[Days]:
    """First and last day of each stretch, counted from `BEGIN`."""
    return [((one.since - BEGIN).days, (one.until - BEGIN).days) for one in found]
