"""What findings look at: a window and the champion's reference, as profiles of all rows and bounded samples of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.models.artifact import Artifact
from pipeline.profiles.profile import Profile, of_features, spelling_of
from pipeline.sources.sampling import draw_sample
from pipeline.tables.schema import Schema
from pipeline.windows.baseline import Baseline
from pipeline.windows.window import Labelled, Window

SAMPLE_ROWS = 20_000  # of the window and of the reference: the error of a share is at most 0.7 points (95%)
SEED = 0  # of the samples: the same window has the same findings


@dataclass(frozen=True)
class Observed:
    """A window beside the reference.

    `reference` (features, then the target) and `window` (features) are typed samples of at most `SAMPLE_ROWS` rows; `rows` counts all
    of the window's. A column absent from the window is all missing in `window` and named in `profile.absent`. `times` (UTC) and `ids` belong to
    the window's sample and are None where it has none. Scores are probabilities of churn: `reference_scores` out of fold, shape
    (reference,); `scores` the champion's on the window's sample, shape (window,); `labelled_scores` on the labelled rows.
    `importances`: what the champion's ROC-AUC loses without a feature, by name. All but scores and labelled rows is without the features
    that tell the calendar: they move by themselves.
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


def observe(champion: Artifact, baseline: Baseline, window: Window) -> Observed:
    """The window beside the champion's reference, `baseline`. A broken window is observed too: what cannot be read of it is missing.

    Raises:
        DataError: the source of the window cannot be read any more.
        IntegrityError: the champion's model cannot be loaded.
    """
    columns = window.columns.judged
    features = list(columns.features)
    spelling = spelling_of(window.profile)
    drawn = draw_sample(window.source, window.columns, window.restriction, spelling, window.rows, SAMPLE_ROWS, SEED)
    # Cut down to a segment or not, rows keep the champion's row numbers.
    reference = champion.reference()
    if baseline.restriction.segment is not None:
        column, value = baseline.restriction.segment
        reference = reference[reference[column] == value]
    if len(reference) > SAMPLE_ROWS:
        reference = reference.sample(SAMPLE_ROWS, random_state=SEED)
    return Observed(
        champion=champion,
        columns=columns,
        rows=window.rows,
        profile_before=of_features(baseline.profile, columns),
        profile=of_features(window.profile, columns),
        reference=reference[[*features, window.columns.target]].reset_index(drop=True),
        reference_scores=champion.reference_scores()[reference.index.to_numpy()],
        window=drawn.features[features],
        times=drawn.times,
        ids=drawn.ids,
        scores=_scores(champion, drawn.features),
        labelled=window.labelled,
        labelled_scores=_scores(champion, window.labelled.features),
        importances={importance.feature: importance.auc_drop for importance in baseline.importances},
    )


def _scores(champion: Artifact, rows: pd.DataFrame) -> NDArray[np.float64]:
    return champion.scores(rows) if len(rows) else np.zeros(0)
