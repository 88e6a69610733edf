"""What a fall of the champion's measure comes from, as a record: shares that add up, each with its interval."""

from typing import Literal

from pydantic import Field

from pipeline.shown_text import plain
from pipeline.stored_record import StoredRecord

AttributedMeasure = Literal["profit", "roc_auc", "log_loss"]
Mechanism = Literal["broken_column", "customer_mix", "changed_behaviour", "churn_level", "unexplained"]

_TOLD = 0.05  # of what was lost; smaller parts are told together
_CENTS = 1e-9


class Share(StoredRecord):
    """What one mechanism changed of the measure, in its unit: below zero, it made a profit or a ROC-AUC smaller. `where`: the column, the columns that moved
    most, or the kind of customers; None where it is all of them. `low` and `high`: 90% interval."""

    what: Mechanism
    where: str | None
    amount: float
    low: float
    high: float

    @property
    def said(self) -> str:
        """What happened, as part of a sentence."""
        where = plain(self.where) if self.where else ""
        return {
            "broken_column": f"`{where}` broken",
            "customer_mix": f"another mix of customers ({where})" if where else "another mix of customers",
            "changed_behaviour": f"customers with {where} behave differently" if where else "customers of the same kind behave differently",
            "churn_level": "another churn rate among all customers",
            "unexplained": "chance, or not explained",
        }[self.what]


class Attribution(StoredRecord):
    """The champion's `measured` measure on `rows` customers with a known outcome, less the `promised` one of its reference, out of fold: `total`, with
    its 90% interval, is the sum of the amounts of all shares, the last of which is unexplained. `unit`: of all of them; a ROC-AUC has none. `others`: the
    same of the other measures."""

    measure: AttributedMeasure
    unit: str
    promised: float
    measured: float
    total: float
    low: float
    high: float
    shares: tuple[Share, ...]
    rows: int
    others: tuple["Attribution", ...] = Field((), exclude_if=lambda told: not told)

    @property
    def lost(self) -> bool:
        """Whether the measure is worse than promised, beyond chance."""
        return self.low > 0 if self.measure == "log_loss" else self.high < 0

    @property
    def worse(self) -> tuple[tuple[Share, float], ...]:
        """The mechanisms that made it worse, the largest first, each with its part of what they lost together (0-1)."""
        sign = 1 if self.measure == "log_loss" else -1
        losses = sorted(((share, sign * share.amount) for share in self.shares if sign * share.amount > _CENTS), key=lambda one: -one[1])
        together = sum(loss for _, loss in losses)
        return tuple((share, loss / together) for share, loss in losses)

    def parts(self) -> str:
        """The parts of the loss, as in "70% customers with …, 20% …", those below 5% together."""
        told = [f"{part:.0%} {share.said}" for share, part in self.worse if part >= _TOLD]
        rest = sum(part for _, part in self.worse if part < _TOLD)
        return ", ".join([*told, f"{rest:.0%} other"] if rest >= _TOLD / 10 else told)
