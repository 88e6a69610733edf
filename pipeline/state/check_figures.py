"""What a check measured, as it is kept for charts over time and for what people should hear."""

from datetime import datetime

from pydantic import Field

from pipeline.stored_record import StoredRecord


class IntervalFigure(StoredRecord):
    """A figure with its interval; both ends None where there is none."""

    value: float
    low: float | None = None
    high: float | None = None


class DeployFigure(StoredRecord):
    """How the newest deploy does: its version, the verdict as `reports.deploys` has it, and a sentence for people."""

    version: str
    verdict: str
    said: str


class VolumeFigure(StoredRecord):
    """Predictions of the last whole `day` (UTC) that has any, and how many are `usual` on that day of the week."""

    day: str
    rows: int
    usual: float


class GainFigure(StoredRecord):
    """What a fresh model would have gained over the one that serves: `points` of the maximum campaign profit with their standard `error`, on outcomes of rows
    scored around `at`. `model`: the digest of the one that serves; `age`: months from its newest training data to these rows."""

    model: str
    at: datetime
    age: float
    points: float
    error: float


class CheckFigures(StoredRecord):
    """Figures of one check. `expected` ROC-AUC is without outcomes, `measured` on known ones, of whom `churn_rate` churned (0-1). By feature:
    `drift`, the score over its threshold (1 and more has drifted), and `missing`, the share of the window's rows (0-1). `shadow_problem`: why a model
    could not score in the shadow. `gain`: what a fresh model would have brought. None: no such figure."""

    rows: int
    expected: IntervalFigure | None = None
    measured: IntervalFigure | None = None
    churn_rate: float | None = None
    drift: dict[str, float] = Field({})
    missing: dict[str, float] = Field({})
    deploy: DeployFigure | None = None
    volume: VolumeFigure | None = None
    shadow_problem: str | None = None
    gain: GainFigure | None = Field(None, exclude_if=lambda told: told is None)
