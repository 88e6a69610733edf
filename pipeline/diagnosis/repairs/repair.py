"""What undoes a plausible fault: each repair makes of the rows as sent the rows as they would have been."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.diagnosis.data_faults.unit_change import foreign_values
from pipeline.diagnosis.finding import RepairName
from pipeline.shown_text import plain, quoted

Mask = NDArray[np.bool_]
Numbers = NDArray[np.float64]


class Repair(Protocol):
    """`column` is the one at fault, None where rows are; `columns` are all it changes; `done` says what it does, as in "with … "."""

    @property
    def name(self) -> RepairName: ...
    @property
    def column(self) -> str | None: ...
    @property
    def columns(self) -> tuple[str, ...]: ...
    @property
    def done(self) -> str: ...

    def lost(self, values: pd.Series) -> "pd.Series[bool] | None":
        """Which of the column's `values`, repaired or the reference's, nobody can restore once they were sent like these; None where all can be."""

    def apply(self, frame: pd.DataFrame, times: pd.Series | None) -> pd.DataFrame:
        """`frame` (features), repaired; a row that is left out is not in it. `times` (UTC) are its rows', None where there are none."""


@dataclass(frozen=True)
class Place:
    """Rows of a window: those with one value of a column, those from a first day to a last (as text), or all."""

    segment: tuple[str, str] | None = None
    days: tuple[str, str] | None = None

    def rows(self, frame: pd.DataFrame, times: pd.Series | None) -> Mask:
        """Which rows of `frame` lie there, shape (rows,)."""
        if self.segment is not None:
            column, value = self.segment
            return np.asarray(frame[column].astype(str) == value)
        if self.days is None or times is None:
            return np.ones(len(frame), dtype=bool)
        first, last = self.days
        return np.asarray(times.dt.strftime("%Y-%m-%d").between(first, last))


EVERYWHERE = Place()


@dataclass(frozen=True)
class _OfOneColumn:
    column: str

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.column,)

    def lost(self, values: pd.Series) -> "pd.Series[bool] | None":
        return None


@dataclass(frozen=True)
class TurnedRound(_OfOneColumn):
    """The sign turned: of the values below zero, or of all."""

    below_zero: bool
    name: RepairName = "turned_round"

    @property
    def done(self) -> str:
        return f"the sign of `{plain(self.column)}` turned round"

    def apply(self, frame: pd.DataFrame, times: pd.Series | None) -> pd.DataFrame:
        values = frame[self.column]
        return frame.assign(**{self.column: values.abs() if self.below_zero else -values})


@dataclass(frozen=True, eq=False)
class Scaled(_OfOneColumn):
    """Divided by `factor` in the rows of `place`; with `known`, shape (reference,), only values that the reference does not have."""

    factor: float
    place: Place = EVERYWHERE
    known: Numbers | None = None
    name: RepairName = "factor"

    @property
    def done(self) -> str:
        divided = f"divided by {self.factor:.4g}" if self.factor > 1 else f"multiplied by {1 / self.factor:.4g}"
        return f"`{plain(self.column)}` {divided}"

    def apply(self, frame: pd.DataFrame, times: pd.Series | None) -> pd.DataFrame:
        values = frame[self.column].to_numpy(dtype=np.float64)
        rows = self.place.rows(frame, times)
        if self.known is not None:
            rows &= foreign_values(self.known, values)[0]
        return frame.assign(**{self.column: np.where(rows, values / self.factor, values)})


@dataclass(frozen=True)
class Shifted(_OfOneColumn):
    """`offset` taken off again. What was cut off at `clamped` on the way is not known any more: `filled` is typical of such values."""

    offset: float
    clamped: float | None = None
    filled: float | None = None
    name: RepairName = "shift"

    @property
    def done(self) -> str:
        return f"{abs(self.offset):.4g} {'taken off' if self.offset > 0 else 'added to'} `{plain(self.column)}`"

    def lost(self, values: pd.Series) -> "pd.Series[bool] | None":
        return None if self.clamped is None else values <= self.clamped - self.offset

    def apply(self, frame: pd.DataFrame, times: pd.Series | None) -> pd.DataFrame:
        values = frame[self.column].astype("float64")
        back = values - self.offset
        return frame.assign(**{self.column: back if self.clamped is None else back.mask(values == self.clamped, self.filled)})


@dataclass(frozen=True)
class SetMissing(_OfOneColumn):
    """A default, or whatever else was put in, is a missing value again."""

    value: float | str
    name: RepairName = "set_missing"

    @property
    def done(self) -> str:
        shown = f"{self.value:.6g}" if isinstance(self.value, float) else quoted(self.value)
        return f"{shown} in `{plain(self.column)}` set missing"

    def lost(self, values: pd.Series) -> "pd.Series[bool] | None":
        return values == self.value

    def apply(self, frame: pd.DataFrame, times: pd.Series | None) -> pd.DataFrame:
        values = frame[self.column]
        return frame.assign(**{self.column: values.mask(values == self.value)})


@dataclass(frozen=True, eq=False)
class Renamed(_OfOneColumn):
    """Categories under the names that the reference has for them; `old` by new name."""

    old: Mapping[str, str]
    name: RepairName = "renamed"

    @property
    def done(self) -> str:
        return f"`{plain(self.column)}` under its old names"

    def apply(self, frame: pd.DataFrame, times: pd.Series | None) -> pd.DataFrame:
        values = frame[self.column]
        return frame.assign(**{self.column: values.map(lambda value: self.old.get(value, value)).astype(values.dtype)})


@dataclass(frozen=True)
class Exchanged:
    """Two columns under each other's name put back."""

    column: str
    other: str
    name: RepairName = "exchanged"

    def lost(self, values: pd.Series) -> "pd.Series[bool] | None":
        return None

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.column, self.other)

    @property
    def done(self) -> str:
        return f"`{plain(self.column)}` and `{plain(self.other)}` put back"

    def apply(self, frame: pd.DataFrame, times: pd.Series | None) -> pd.DataFrame:
        return frame.assign(**{self.column: frame[self.other], self.other: frame[self.column]})


def changed(before: pd.DataFrame, after: pd.DataFrame) -> Mask:
    """Which rows of `before` a repair changed or left out, shape (rows,)."""
    same = after.reindex(before.index)
    equal = (same == before) | (same.isna() & before.isna())
    return np.asarray(~equal.all(axis=1))
