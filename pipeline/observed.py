"""What findings look at: a window and the champion's reference, as profiles of all rows and bounded samples of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.artifact import Artifact
from pipeline.profile import Profile
from pipeline.schema import Schema
from pipeline.windows import Labelled

SAMPLE_ROWS = 20_000  # of the window and of the reference: the error of a share is at most 0.7 points (95%)
SEED = 0  # of the samples: the same window has the same findings


@dataclass(frozen=True)
class Observed:
    """A window beside the reference.

    `reference` (features, then the target) and `window` (features) are typed samples of at most `SAMPLE_ROWS` rows; `rows` counts all
    of the window's. A column absent from the window is all missing in `window` and named in `profile.absent`. `times` (UTC) and `ids` belong to
    the window's sample and are None where it has none. Scores are probabilities of churn: `reference_scores` out of fold, shape
    (reference,); `scores` the champion's on the window's sample, shape (window,); `labelled_scores` on the labelled rows.
    `importances`: what the champion's ROC-AUC loses without a feature, by name.
    """

    champion: Artifact
    columns: Schema
    rows: int
    profile_before: Profile
    profile: Profile
    reference: pd.DataFrame
    reference_scores: NDArray[np.float64]
    window: pd.DataFrame
    times: pd.Series | None
    ids: pd.Series | None
    scores: NDArray[np.float64]
    labelled: Labelled
    labelled_scores: NDArray[np.float64]
    importances: Mapping[str, float]
