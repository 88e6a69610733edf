"""How a window differs from the reference, as types: drift by feature, blind spots, and the summary of both verdicts."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from pipeline.stored_record import StoredRecord
from pipeline.tables.schema import Kind
from pipeline.workspace.policy import Band

Direction = Literal["up", "down", "mixed"]


What = Literal[
    "missing_column",
    "extra_column",
    "all_missing",
    "more_missing",
    "text_in_numbers",
    "constant",
    "new_values",
    "duplicate_ids",
    "clipped",
    "future_rows",
]


class FeatureDrift(StoredRecord):
    """Drift of one feature.

    Evidently's verdict: `score` is a p-value or a distance, by `method`; counted from a profile, it lies in [`low`, `high`].
    The calibrated verdict: `calibrated` is None where there is not enough data; `p_adjusted` is the chance of such a distance had nothing
    changed, among all columns. `why` says where the two differ. `change` says what moved, in the column's own unit; `moved_share` is
    the least share of the window's rows (0-1) that moved. `importance`: what the champion's ROC-AUC loses without the feature.
    """

    name: str
    kind: Kind
    method: str
    score: float
    low: float
    high: float
    threshold: float
    drifted: bool
    direction: Direction | None
    change: str
    moved_share: float
    calibrated: bool | None
    p_adjusted: float | None
    importance: float
    why: str | None


class BlindSpot(StoredRecord):
    """Something wrong with the data that no drift score shows. `column` is None where the rows as such are meant; `share` is the
    share of the window's rows it concerns, 0-1 (of rows set aside, of both together); `z`, where it is a share that rose, by how many standard errors; `said` is one sentence for
    people."""

    what: What
    column: str | None
    share: float
    z: float | None = None
    said: str


class DriftSummary(StoredRecord):
    """How a window differs from the reference: Evidently's verdict and the policy's band for it, the calibrated verdict beside it.

    `share` is of `features_total`, all the schema has; `features` lacks those without any value, which have no score. Where the band is
    `not_enough_data`, `share` is None and `features` empty: no verdict was computed. `calibrated_share` is of the features with enough data;
    `felt_share` is the share (0-1) of the champion's feature importance that lies on calibrated-drifted features. `customers` is how many
    different ones the window's rows are of, None where they have no ids; `set_aside` counts rows of the log that are dated in the future and in no window.
    """

    reference_rows: int
    current_rows: int
    share: float | None
    drifted: int
    drifted_numerical: int
    drifted_categorical: int
    features_total: int
    band: Band
    calibrated_drifted: int
    calibrated_share: float | None
    felt_share: float | None
    since: datetime | None
    until: datetime | None
    features: tuple[FeatureDrift, ...]
    findings: tuple[BlindSpot, ...]
    customers: int | None = Field(None, exclude_if=lambda told: told is None)
    set_aside: int = Field(0, exclude_if=lambda rows: rows == 0)
