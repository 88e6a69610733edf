"""The kinds of company that the year is lived by: how large they are, how late their outcomes come, how long a log they look at, and how much happens."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd
from company_year import Year, draw_hard_year, draw_year


@dataclass(frozen=True)
class CompanyKind:
    """`base`: customers at first; `joining`: those who join in a month, about as many as leave while nothing happens. `level`: on the log-odds of leaving, of everybody. `reported_after`: from leaving to the
    outcome's record. `window`: how long a log each triage looks at, as `--window` takes it; empty for the product's own. `lures`: whom the competitor's
    offer concerns, `lured`: what it does to their log-odds of leaving; `taken_ill`: the same of a price rise, for those who mind."""

    name: str
    base: int
    joining: int
    level: float
    reported_after: timedelta
    window: str
    lures: Callable[[pd.DataFrame], pd.Series]
    lured: float
    taken_ill: float
    draw: Callable[[np.random.Generator], Year]

    @property
    def labels_after(self) -> timedelta:
        """From scoring until whoever left within 30 days is on record."""
        return timedelta(days=30) + self.reported_after


def _contract_ends(rows: pd.DataFrame) -> pd.Series:
    return (rows["Contract"] != "Month-to-month") & (rows["MonthsToRenewal"] <= 1)


def _under_contract(rows: pd.DataFrame) -> pd.Series:
    return (rows["Contract"] != "Month-to-month") & (rows["InternetService"] != "No")


KINDS = {
    kind.name: kind
    for kind in (
        CompanyKind("usual", 6_000, 300, -1.0, timedelta(days=15), "", _contract_ends, 3.6, 2.0, draw_year),
        CompanyKind("hard", 3_000, 130, -1.3, timedelta(days=30), "84d", _under_contract, 3.0, 2.5, draw_hard_year),
    )
}
