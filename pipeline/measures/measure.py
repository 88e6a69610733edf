"""The numbers a decision rests on, as types: measures with intervals, comparisons, gate checks, drift."""

from typing import Literal

from pydantic import Field

from pipeline.stored_record import StoredRecord


class Measure(StoredRecord):
    """One number measured on `n` rows, with its interval where one is known."""

    value: float
    n: int
    low: float | None = None
    high: float | None = None


class Metrics(StoredRecord):
    """How a model does on `n` labelled rows, `churners` of them positive. All but log loss and Brier are better when higher,
    calibration error too is better when lower. Label metrics use `threshold` on the probability."""

    n: int
    churners: int
    threshold: float
    roc_auc: Measure
    pr_auc: Measure
    accuracy: Measure
    f1: Measure
    precision: Measure
    recall: Measure
    log_loss: Measure
    brier: Measure
    calibration_error: Measure


class ReliabilityBin(StoredRecord):
    """Labelled rows with neighbouring scores: `predicted` is their mean probability of churn, `observed` the share of them that churned,
    `low` to `high` Wilson's 95% interval of that; all in 0-1."""

    predicted: float
    observed: float
    low: float
    high: float
    rows: int


class Reliability(StoredRecord):
    """Whether a model's probabilities come true: bins of labelled rows, lowest scores first, no score in two of them."""

    bins: tuple[ReliabilityBin, ...]


class Comparison(StoredRecord):
    """A measure of the candidate minus the same of another model on the same `n` rows, with its paired interval; by itself it is of
    ROC-AUC against the champion."""

    difference: float
    low: float
    high: float
    n: int


class Margins(StoredRecord):
    """The candidate against another model on the same rows. Log loss and Brier score are better below 0; `profit`, what a campaign would
    earn, is in percent of the maximum, offers to the churners alone, and better above 0."""

    log_loss: Comparison
    brier: Comparison
    profit: Comparison


class CampaignReach(StoredRecord):
    """Whom a campaign by a model's scores would contact: `contacted` is the share of all customers, `caught` the share of the churners, 0-1."""

    contacted: float
    caught: float


class Campaigns(StoredRecord):
    """Two campaigns on the same rows, by the candidate's scores and by the champion's. `maximum`: what the best campaign would earn for each
    customer scored, in the team's currency, of which `Margins.profit` is a percentage."""

    candidate: CampaignReach
    champion: CampaignReach
    maximum: float


class Profit(StoredRecord):
    """What a campaign by each model's scores would have earned of 1,000 customers, in the team's `currency` (empty: not named), with bootstrap
    intervals; `difference` is paired. The champion's half is None where there is none."""

    candidate: Measure
    champion: Measure | None
    difference: Comparison | None
    currency: str = ""


class WeakestGroup(StoredRecord):
    """Customers with `value` in `column`: the candidate's ROC-AUC among them minus the champion's, with an interval that holds for all groups
    looked at together."""

    column: str
    value: str
    roc_auc: Comparison

    @property
    def worse(self) -> bool:
        """Whether they are ranked worse than before, beyond chance."""
        return self.roc_auc.high < 0


class GateCheck(StoredRecord):
    """One condition of the quality gate: the rule's name in the policy, and what was measured against it. One that `warns` passed, and people
    should read it before they decide."""

    rule: str
    passed: bool
    said: str
    warns: bool = Field(False, exclude_if=lambda warns: not warns)

    @property
    def mark(self) -> str:
        """A sign for it, before its sentence."""
        return "✘" if not self.passed else "⚠" if self.warns else "✔"


class GateResult(StoredRecord):
    """The quality gate's verdict; passed only when every check passed."""

    passed: bool
    checks: tuple[GateCheck, ...]


class CalibrationTrial(StoredRecord):
    """Whether calibrating the probabilities helped on out-of-fold training rows (log loss, lower is better)."""

    method: str
    log_loss_raw: float
    log_loss_calibrated: float
    z: float
    n: int
    kept: bool


class ServingProof(StoredRecord):
    """How single customers would be scored, and what shows that it is exact: the fast path beside scikit-learn on `rows` stored rows and
    `edges` rows made of one of them (values missing, categories never seen).

    `max_difference` is between probabilities, None where there is no fast path; `label_flips` and `tier_flips` are rows whose label or risk
    tier differs. `why`: because of what scikit-learn serves, None on the fast path.
    """

    path: Literal["fast", "scikit-learn"]
    why: str | None
    rows: int
    edges: int
    max_difference: float | None
    label_flips: int
    tier_flips: int
    seconds: float

    def said(self) -> str:
        """One sentence for people."""
        if self.path == "scikit-learn":
            return f"scikit-learn scores single customers, because {self.why}."
        same = "bit for bit" if self.max_difference == 0 else f"to within {self.max_difference:.1g}"
        return (
            f"The fast path scores single customers as scikit-learn does, {same}, on {self.rows:,} stored rows and {self.edges} made of them "
            "with values missing or never seen; no label and no risk tier differs."
        )


class Reweighting(StoredRecord):
    """How the reference was made to resemble customers scored now: of its rows so many were drawn, by weights of at most `greatest_weight` (1: as common
    as in the reference), which leave as much information as `effective_rows` unweighted ones would."""

    reference_rows: int
    drawn: int
    scored_rows: int
    effective_rows: float
    greatest_weight: float

    @property
    def said(self) -> str:
        """For people, as a sentence."""
        return (
            f"Of the reference's {self.reference_rows:,} rows {self.drawn:,} were drawn to train on, by how they resemble the {self.scored_rows:,} customers "
            f"scored now; so weighted, the reference is worth {self.effective_rows:,.0f} rows (effective sample size)."
        )
