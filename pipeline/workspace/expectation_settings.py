"""The section [expectations]: what a team declares its log to be like, checked before anything is concluded from statistics."""

import math
from datetime import timedelta
from typing import Any

from pydantic import Field, field_validator, model_validator

from pipeline.clock import length_of
from pipeline.workspace.section import Section


class ColumnExpectation(Section):
    """What every row of one column is expected to hold; None and empty: anything. A missing value breaks `max_missing` alone."""

    min: float | None = None
    max: float | None = None
    values: tuple[str, ...] = ()
    unique: bool = False
    max_missing: float | None = Field(None, ge=0, le=1)

    @field_validator("values", mode="before")
    @classmethod
    def _as_text(cls, values: Any) -> Any:
        """Numbers and booleans are named as they are written."""
        if not isinstance(values, list | tuple):
            return values
        return [
            str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, int | float) else value for value in values
        ]

    @model_validator(mode="after")
    def _consistent(self) -> "ColumnExpectation":
        if not self.model_fields_set:
            raise ValueError("nothing is declared; say min, max, values, unique or max_missing")
        if any(limit is not None and not math.isfinite(limit) for limit in (self.min, self.max)):
            raise ValueError("`min` and `max` are finite numbers; leave out the one that has no limit")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"`min` {self.min:g} is above `max` {self.max:g}")
        if self.values and (self.min is not None or self.max is not None):
            raise ValueError("a column has `values` or a range, not both")
        return self


class ExpectationSettings(Section):
    """What you declare your log to be like. It is checked first, in every diagnosis and by `churnops expectations check`;
    docs/expectations.md."""

    newest_within: str = Field("", description="The newest row is at most this old, like 26h or 2d; empty: not checked")
    rows_per_day: tuple[int, ...] = Field((), description="Fewest and most rows of a whole day (UTC), like [900, 1500]; empty: not checked")
    columns: dict[str, ColumnExpectation] = Field(
        {},
        description="Per column, by the log's name of it: min and max, or values; unique = true; max_missing, a share from 0 to 1",
    )

    @field_validator("newest_within")
    @classmethod
    def _a_length(cls, text: str) -> str:
        if text and length_of(text) is None:
            raise ValueError("it is a length of time like 26h, 2d or 1w")
        return text

    @field_validator("rows_per_day")
    @classmethod
    def _two_counts(cls, counts: tuple[int, ...]) -> tuple[int, ...]:
        if counts and (len(counts) != 2 or not 0 <= counts[0] <= counts[1]):
            raise ValueError("it names the fewest and the most rows of a day, like [900, 1500]")
        return counts

    @property
    def oldest(self) -> timedelta | None:
        """How old the newest row may be, None where nothing is declared."""
        return length_of(self.newest_within)

    @property
    def declared(self) -> bool:
        """Whether anything is."""
        return bool(self.newest_within or self.rows_per_day or self.columns)
