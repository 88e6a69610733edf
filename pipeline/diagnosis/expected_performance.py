"""What the champion is expected to reach in a window before outcomes are known, as a record."""

from typing import Literal

from pipeline.stored_record import StoredRecord

Expectation = Literal["roc_auc", "profit", "log_loss", "churn_rate"]


class Estimate(StoredRecord):
    """One measure of the window as its own outcomes are expected to show it, and its interval. ROC-AUC and churn rate lie in 0-1, the profit
    is percent of the maximum of a campaign, the log loss is in nats per customer."""

    measure: Expectation
    value: float
    low: float
    high: float


class ExpectedPerformance(StoredRecord):
    """What the champion is expected to reach if customers of each kind behave as in the reference.

    `roc_auc` with `low` and `high` is None where it cannot be estimated, and so is each other measure. The intervals hold what the outcomes
    will show with the probability `level`. `unsupported` is the share of the window's rows (0-1) that the reference hardly covers, where the
    estimate is a guess; `rows` is how many rows it rests on.
    """

    roc_auc: float | None
    low: float | None
    high: float | None
    level: float
    profit: Estimate | None
    log_loss: Estimate | None
    churn_rate: Estimate | None
    unsupported: float
    rows: int

    @property
    def told(self) -> tuple[tuple[str, str, str], ...]:
        """Measure, value and interval of each that can be estimated, for people."""
        ranking = None if self.roc_auc is None or self.low is None or self.high is None else (self.roc_auc, self.low, self.high)
        lines = [] if ranking is None else [("ROC-AUC", f"{ranking[0]:.3f}", f"{ranking[1]:.3f} to {ranking[2]:.3f}")]
        if self.churn_rate is not None:
            lines.append(("churn rate", f"{self.churn_rate.value:.1%}", f"{self.churn_rate.low:.1%} to {self.churn_rate.high:.1%}"))
        if self.log_loss is not None:
            lines.append(("log loss", f"{self.log_loss.value:.3f}", f"{self.log_loss.low:.3f} to {self.log_loss.high:.3f}"))
        if self.profit is not None:
            profit = self.profit
            lines.append(("campaign profit", f"{profit.value:.0f}% of the maximum", f"{profit.low:.0f}% to {profit.high:.0f}%"))
        return tuple(lines)

    @property
    def said(self) -> str:
        """How far to trust it, one sentence for people."""
        if self.roc_auc is None:
            return (
                f"Performance cannot be estimated before outcomes arrive: the reference hardly covers {self.unsupported:.0%} of the rows."
            )
        covered = f" The reference hardly covers {self.unsupported:.0%} of the rows." if self.unsupported >= 0.005 else ""
        return f"The estimate is blind to customers who behave differently than they did.{covered}"
