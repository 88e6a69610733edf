"""What was declared and is not so: rows of one column, or the log as a feed."""

from datetime import datetime
from typing import Literal

from pipeline.shown_text import FOLD_BELOW, plain, quoted
from pipeline.stored_record import StoredRecord
from pipeline.words import counted

ColumnKind = Literal["absent", "below", "above", "value", "missing", "repeated"]
FeedKind = Literal["late", "too_few", "too_many"]

_MOMENT = "%Y-%m-%d %H:%M"
_DAY = "%Y-%m-%d"


class Example(StoredRecord):
    """A value that breaks an expectation, and on how many `rows`. `few`: fewer than ten customers have it, so it could point at one."""

    value: str
    rows: int
    few: bool


class ColumnViolation(StoredRecord):
    """Rows of `column`, by the log's name of it, that are not as `declared`: `rows` of `of`. `first` and `last`: their scoring times (UTC), None
    where rows have none. `began`: that of the first one after hardly any, None where they lie all over the rows. `customers`: different ones, None without ids. `feature`: the model's name of the column, None where it is none.
    `examples`: the most frequent values, at most three; none of a column that names customers."""

    kind: ColumnKind
    column: str
    feature: str | None
    declared: str
    rows: int
    of: int
    first: datetime | None = None
    last: datetime | None = None
    began: datetime | None = None
    customers: int | None = None
    examples: tuple[Example, ...] = ()

    @property
    def share(self) -> float:
        """Of the rows, 0-1."""
        return self.rows / self.of if self.of else 0.0

    @property
    def few(self) -> bool:
        """Whether the rows are of fewer than ten customers, whom an exact count could point at."""
        return (self.rows if self.customers is None else min(self.rows, self.customers)) < FOLD_BELOW

    @property
    def said(self) -> str:
        """For people and models: counts, and such values alone as ten customers or more have."""
        if self.kind == "absent":
            return f"`{plain(self.column)}` is not in the log, where {self.declared} is declared."
        named = [quoted(example.value) for example in self.examples if not example.few]
        rows = f"fewer than {FOLD_BELOW} rows" if self.few else f"{counted(self.rows, 'row')} ({_percent(self.share)})"
        values = f", {', '.join(named)} among them" if named and self.kind == "value" else ""
        return f"`{plain(self.column)}` {_BREAKS[self.kind]} in {rows}{values}, where {self.declared} is declared{self._when}."

    @property
    def _when(self) -> str:
        if self.first is None or self.last is None or self.few:
            return ""
        first, last = f"{self.first:{_MOMENT}}", f"{self.last:{_MOMENT}}"
        return f"; scored at {first} UTC" if first == last else f"; scored from {first} to {last} UTC"


class FeedViolation(StoredRecord):
    """The log as a whole is not as `declared`. Late: its `newest` row was scored then (UTC). Otherwise `days` of its `of` whole days have too
    few or too many rows: from `fewest` to `most`, on days from `first` to `last`."""

    kind: FeedKind
    declared: str
    newest: datetime | None = None
    days: int = 0
    of: int = 0
    fewest: int = 0
    most: int = 0
    first: datetime | None = None
    last: datetime | None = None

    @property
    def said(self) -> str:
        """For people and models."""
        if self.kind == "late":
            return f"The newest row was scored on {self.newest:{_MOMENT}} UTC, where {self.declared} is declared: the feed stopped."
        rows = counted(self.fewest, "row") if self.fewest == self.most else f"{self.fewest:,} to {self.most:,} rows"
        first, last = f"{self.first:{_DAY}}", f"{self.last:{_DAY}}"
        span = f"on {first}" if first == last else f"from {first} to {last}"
        what = "too few" if self.kind == "too_few" else "too many"
        return f"{rows[0].upper()}{rows[1:]} a day on {self.days:,} of {counted(self.of, 'whole day')} ({span}) are {what}, where {self.declared} is declared."


Violation = ColumnViolation | FeedViolation

_BREAKS = {
    "below": "is too small",
    "above": "is too great",
    "value": "has another value",
    "missing": "is missing",
    "repeated": "repeats a value",
}


def _percent(share: float) -> str:
    return f"{share:.1%}" if share >= 0.001 else f"{share:.3%}" if share >= 0.00001 else "< 0.001%"
