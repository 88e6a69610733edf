"""A kind of customers by its definition, so that it is found again in any rows: a value of a column, a range of one, a range of the score."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.diagnosis.outcomes.segments import Segment
from pipeline.stored_record import StoredRecord


class Region(StoredRecord):
    """`column` is None for the score; `value` is a category's; a range holds `low` and is below `high`, None where it is open; where all three
    are None the value is missing. `said` is value or range, for people."""

    column: str | None
    said: str
    value: str | None = None
    low: float | None = None
    high: float | None = None
    missing: bool = False

    @classmethod
    def of(cls, segment: Segment) -> "Region":
        """The same kind without its rows."""
        low, high = (None if end is None or np.isinf(end) else end for end in (segment.low, segment.high))
        missing = segment.value is None and segment.low is None
        return cls(column=segment.column, said=segment.said, value=segment.value, low=low, high=high, missing=missing)

    def holds(self, rows: pd.DataFrame, scores: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which of the rows are such customers; all of shape (rows,)."""
        if self.value is not None and self.column is not None:
            texts = rows[self.column]
            return np.asarray((texts.astype(str) == self.value) & texts.notna())
        numbers = scores if self.column is None else rows[self.column]
        if self.missing:
            return np.asarray(pd.isna(numbers))
        values = np.asarray(numbers, dtype=np.float64)
        low, high = -np.inf if self.low is None else self.low, np.inf if self.high is None else self.high
        return np.asarray((values >= low) & (values < high))
