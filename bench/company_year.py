"""What happens to a company in a year, and when: drawn per seed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np
import pandas as pd

FIRST_MONTH = datetime(2025, 1, 1, 5, tzinfo=UTC)
DECIDED_AFTER = timedelta(days=1)  # from scoring
_STOPPED, _FILLED_AFTER = (
    timedelta(days=21),
    timedelta(days=42),
)  # how long no outcome is recorded, and when those of then are, from its begin

Kind = Literal["unit", "default"]

_UNITS = {"TotalCharges": 100.0, "UsageGB": 1024.0, "MonthlyCharges": 100.0}
_DEFAULTS = {"tenure": 0, "SupportCalls": 0.0, "Contract": "Month-to-month", "InternetService": "DSL"}
_MINDERS: tuple[Callable[[pd.DataFrame], pd.Series], ...] = (
    lambda rows: rows["SeniorCitizen"].astype(str) == "1",
    lambda rows: rows["StreamingTV"] == "Yes",
    lambda rows: rows["Partner"] == "No",
    lambda rows: rows["PaymentMethod"] != "Electronic check",
)


@dataclass(frozen=True)
class FeedFault:
    """A column that is sent wrong for two or three weeks, so that the scoring of one `month` reads it."""

    month: int
    column: str
    kind: Kind

    def sent(self, rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        """Rows as the broken feed sends them: all of them in another unit, or seven in ten with the default."""
        if self.kind == "unit":
            return rows.assign(**{self.column: rows[self.column] * _UNITS[self.column]})
        hit = rng.random(len(rows)) < 0.7
        return rows.assign(**{self.column: rows[self.column].mask(hit, _DEFAULTS[self.column])})


@dataclass(frozen=True)
class Year:
    """Months are counted from 0, the first of the year. `season` shifts the seasons; `minds` tells who takes the price rise ill."""

    season: float
    price_rise: int
    competitor: int
    faults: tuple[FeedFault, FeedFault]
    labels_stop: datetime
    redefined: datetime
    minds: Callable[[pd.DataFrame], pd.Series]

    @property
    def labels_resume(self) -> datetime:
        """When outcomes are recorded again; those of the three weeks before are not among them yet."""
        return self.labels_stop + _STOPPED

    @property
    def labels_filled(self) -> datetime:
        """When they are."""
        return self.labels_stop + _FILLED_AFTER


def scored_at(month: int) -> datetime:
    """When the whole base is scored: at five in the morning of the month's first day (UTC)."""
    years, number = divmod(FIRST_MONTH.month - 1 + month, 12)
    return FIRST_MONTH.replace(year=FIRST_MONTH.year + years, month=number + 1)


def draw_year(rng: np.random.Generator) -> Year:
    """A year in which all of it happens early enough to be answered."""
    unit, default = rng.choice(np.arange(1, 11), 2, replace=False)
    return Year(
        season=float(rng.uniform(0, 12)),
        price_rise=int(rng.integers(2, 8)),
        competitor=int(rng.integers(1, 5)),
        faults=(
            FeedFault(int(unit), str(rng.choice(list(_UNITS))), "unit"),
            FeedFault(int(default), str(rng.choice(list(_DEFAULTS))), "default"),
        ),
        labels_stop=FIRST_MONTH + timedelta(days=int(rng.integers(60, 270))),
        redefined=FIRST_MONTH + timedelta(days=int(rng.integers(90, 250))),
        minds=_MINDERS[int(rng.integers(len(_MINDERS)))],
    )


def draw_hard_year(rng: np.random.Generator) -> Year:
    """A year whose competitor comes about its fifth month, and whose feed breaks two months later, when nobody has answered yet."""
    year = draw_year(rng)
    competitor = int(rng.integers(3, 6))
    unit, default = year.faults
    late = int(rng.choice([month for month in range(1, 11) if month != competitor + 2]))
    return replace(year, competitor=competitor, faults=(replace(unit, month=competitor + 2), replace(default, month=late)))
