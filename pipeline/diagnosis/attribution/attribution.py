"""What a fall of the champion's measure comes from, as a record: shares that add up, each with its interval."""

from typing import Literal

from pydantic import Field

from pipeline.shown_text import plain
from pipeline.stored_record import StoredRecord

AttributedMeasure = Literal["profit", "roc_auc", "log_loss"]
Mechanism = Literal["broken_column", "customer_mix", "changed_behaviour", "churn_level", "changed_customers", "unexplained"]

POINTS = "points of the maximum"  # of a campaign's profit, where the team has not set what offers cost and bring
_WORTH_A_WORD = 0.05  # of what was lost; smaller parts are told together
_WORTH_SAYING = 0.005  # of the same, that rounds to a percent


class LossShare(StoredRecord):
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
            "changed_customers": "customers changed, in mix or in behaviour",
            "unexplained": "chance, or not explained",
        }[self.what]


class Attribution(StoredRecord):
    """The champion's `measured` measure on `rows` customers with a known outcome, less the `promised` one of its reference, out of fold: `total`, with
    its 90% interval, is the sum of the amounts of all shares, the last of which is unexplained. `unit`: of all of them; a ROC-AUC has none. `joined`: the shares again, those as one that are beyond chance
    only together; empty where there are none. `others`: the same of the other measures."""

    measure: AttributedMeasure
    unit: str
    promised: float
    measured: float
    total: float
    low: float
    high: float
    shares: tuple[LossShare, ...]
    rows: int
    joined: tuple[LossShare, ...] = Field((), exclude_if=lambda told: not told)
    others: tuple["Attribution", ...] = Field((), exclude_if=lambda told: not told)

    @property
    def lost(self) -> bool:
        """Whether the measure is worse than promised, beyond chance."""
        return self.low > 0 if self.measure == "log_loss" else self.high < 0

    @property
    def told(self) -> tuple[LossShare, ...]:
        """The shares that are beyond chance, the largest first, and in one all that is left, as unexplained; they add up to the total, too."""
        clear = sorted(
            (one for one in self.joined or self.shares if one.what != "unexplained" and one.low * one.high > 0),
            key=lambda one: -abs(one.amount),
        )
        left = self.total - sum(one.amount for one in clear)
        return (*clear, LossShare(what="unexplained", where=None, amount=left, low=left, high=left))

    @property
    def loss(self) -> float:
        """What those that made it worse lost together, above zero."""
        return sum(max(0.0, self.lost_by(share)) for share in self.told)

    @property
    def gains(self) -> tuple[LossShare, ...]:
        """The mechanisms that made it better, if by more than a twentieth of the loss."""
        return tuple(share for share in self.told if share.what != "unexplained" and -self.lost_by(share) > _WORTH_A_WORD * self.loss)

    def parts(self) -> str:
        """The parts of the loss, as in "70% customers with …, 20% …", those below a twentieth together."""
        parts = [(share, self.lost_by(share) / self.loss) for share in self.told if self.lost_by(share) > 0]
        small = sum(part for _, part in parts if part < _WORTH_A_WORD)
        named = [f"{part:.0%} {share.said}" for share, part in parts if part >= _WORTH_A_WORD]
        return ", ".join([*named, f"{small:.0%} other"] if small >= _WORTH_SAYING else named)

    def figure(self, number: float) -> str:
        """An amount with its sign, for people."""
        places = 3 if self.measure != "profit" else 1 if self.unit == POINTS else 0
        return f"{number:+,.{places}f}"

    def lost_by(self, share: LossShare) -> float:
        """What a share made it worse by; below zero where it made it better."""
        return share.amount if self.measure == "log_loss" else -share.amount
