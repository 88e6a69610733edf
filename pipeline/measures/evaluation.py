"""How a candidate did on the test set, by itself and beside the champion."""

from typing import Literal

from pydantic import Field

from pipeline.measures.fairness import Fairness
from pipeline.measures.measure import Campaigns, Comparison, Margins, Metrics, Profit, Reliability, ServingProof, WeakestGroup
from pipeline.measures.risk_tiers import TierFlow
from pipeline.measures.segments import Segments
from pipeline.stored_record import StoredRecord


class Evaluation(StoredRecord):
    """What was measured on the test set. The champion's half, and what is over it, is None where there is no champion.

    `margins` are over the champion, `margins_recalibrated` over the champion recalibrated on the recent training rows. `serving`: how single
    customers would be scored; `tier_flow`: who changes risk tier from the champion to the candidate; `reliability`: whether its
    probabilities came true, and the champion's. `fitted_elsewhere`: which of the two others fitted, on rows that nobody here knows.
    `campaigns`: whom an offer by either model's scores would reach; `weakest_group`: whom it would serve
    worst. `profit`: what either would earn; `pr_auc`: the candidate's minus the champion's, by bootstrap; `segments`: kinds of customers
    whom it ranks worse; `on_reference`: its ROC-AUC minus the champion's on the test set of the reference, where it is judged on other rows: below 0 it
    forgot; `fairness`: how it treats the groups of [fairness]. All of these are absent from records of earlier versions, whose digests must stay what they were.
    """

    metrics: Metrics
    champion_metrics: Metrics | None
    comparison: Comparison | None
    margins: Margins | None = None
    margins_recalibrated: Margins | None = None
    serving: ServingProof | None = Field(None, exclude_if=lambda found: found is None)
    tier_flow: TierFlow | None = Field(None, exclude_if=lambda found: found is None)
    reliability: Reliability | None = Field(None, exclude_if=lambda found: found is None)
    champion_reliability: Reliability | None = Field(None, exclude_if=lambda found: found is None)
    campaigns: Campaigns | None = Field(None, exclude_if=lambda found: found is None)
    weakest_group: WeakestGroup | None = Field(None, exclude_if=lambda found: found is None)
    profit: Profit | None = Field(None, exclude_if=lambda found: found is None)
    pr_auc: Comparison | None = Field(None, exclude_if=lambda found: found is None)
    segments: Segments | None = Field(None, exclude_if=lambda found: found is None)
    on_reference: Comparison | None = Field(None, exclude_if=lambda found: found is None)
    fairness: Fairness | None = Field(None, exclude_if=lambda found: found is None)
    fitted_elsewhere: tuple[Literal["candidate", "champion"], ...] = Field((), exclude_if=lambda found: not found)

    def whether_unseen(self) -> str:
        """What is known of the test set's rows, to follow "rows, ": whether a model was trained on them."""
        if not self.fitted_elsewhere:
            return "which neither was trained on"
        return f"on which the {' and the '.join(self.fitted_elsewhere)} may have been trained, because others fitted it"
