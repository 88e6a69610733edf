"""What findings look at: a window and what came before it, as profiles of all rows and bounded samples of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.diagnosis.comparable_scores import comparable_scores, scores_as_unseen
from pipeline.diagnosis.outcomes.known_level import outcomes_at_level_of
from pipeline.diagnosis.past import NO_PAST, Past, look_back
from pipeline.expectations.violation import Violation
from pipeline.models.artifact import Artifact
from pipeline.profiles.counting import profile_with_customers
from pipeline.profiles.profile import Profile, of_features, spelling_of
from pipeline.sources.customers import rows_of_each
from pipeline.sources.sampling import Sample, draw_sample
from pipeline.tables.schema import Schema
from pipeline.windows.baseline import Baseline
from pipeline.windows.offers_made import OffersMade
from pipeline.windows.window import Labelled, OutcomeRecord, Window

SAMPLE_ROWS = 20_000  # of the window and of the reference: the error of a share is at most 0.7 points (95%)
SEED = 0  # of the samples: the same window has the same findings


@dataclass(frozen=True)
class Observed:
    """A window beside what came before it.

    `before` (features) is of the champion's drift reference, `reference` (features, then the target) of its training rows: population and data
    are compared with the first, outcomes with the second, those of a recalibrated champion brought to its level (`known_level`); `taught` has them as they
    came, shape (reference,), None where that is the same. They and `window` (features) are typed samples of at most `SAMPLE_ROWS` rows; of the window's, one row
    of each customer where they have ids, drawn by lot, however often it was scored. `rows` and `customers` count all of the window's. A
    column absent from the window is all missing in `window` and named in `profile.absent`. `times` (UTC) and `ids` belong to the window's
    sample and are None where it has none. Scores are probabilities of churn: `before_scores` and `reference_scores` as of customers that the champion has
    not seen (`comparable_scores`), shapes (before,) and (reference,); `scores` the champion's on the window's sample, shape (window,); `labelled_scores` on
    the labelled rows. `importances`: what the champion's ROC-AUC loses without a feature, by name. `scorings`: rows of the window of each
    customer in the sample or with a known outcome, by id; None where no customer repeats. `set_aside`: rows of the log that are dated in the future and in no
    window. `past`: what is known of the window's customers from before it. `matured`: the stretch that the labelled rows come from, seen in the
    same way, where that is another one. `record`: how outcomes came in, None where that was not asked. `violations`: of expectations that a person
    declared. `offers`, `restored`: as `Window` has them. All but scores and labelled rows is without the features that tell
    the calendar: they move by themselves.
    """

    champion: Artifact
    columns: Schema
    rows: int
    profile_before: Profile
    profile: Profile
    before: pd.DataFrame
    before_scores: NDArray[np.float64]
    reference: pd.DataFrame
    reference_scores: NDArray[np.float64]
    window: pd.DataFrame
    times: pd.Series | None
    ids: pd.Series | None
    scores: NDArray[np.float64]
    labelled: Labelled
    labelled_scores: NDArray[np.float64]
    importances: Mapping[str, float]
    customers: int | None = None
    scorings: pd.Series | None = None
    set_aside: int = 0
    past: Past = NO_PAST
    matured: "Observed | None" = None
    record: OutcomeRecord | None = None
    violations: tuple[Violation, ...] = ()
    offers: OffersMade | None = None
    restored: Labelled | None = None
    taught: NDArray[np.int8] | None = None

    @property
    def teaching(self) -> "Observed":
        """The same with the labelled rows that a model is chosen by."""
        rows = self.restored
        return self if rows is None else replace(self, labelled=rows, labelled_scores=_scores(self.champion, rows.features))


def observe(champion: Artifact, baseline: Baseline, window: Window) -> Observed:
    """The window beside `baseline`, the champion's drift reference, and its training rows. A broken window is observed too: what cannot be read of it is missing.

    Raises:
        DataError: the source of the window cannot be read any more.
        IntegrityError: the champion's model cannot be loaded.
    """
    columns = window.columns.judged
    features = list(columns.features)
    spelling = spelling_of(window.profile)
    drawn = draw_sample(window.source, window.columns, window.restriction, spelling, window.rows, SAMPLE_ROWS, SEED)
    scorings = _scorings(window, drawn.ids)
    drawn = drawn if scorings is None or drawn.ids is None else _one_row_each(drawn, drawn.ids, scorings, window.rows)
    reference, out_of_fold = champion.reference(), champion.reference_scores()
    before, before_scores = _rows_before(champion, baseline, reference, out_of_fold)
    reference, reference_scores = _sampled(reference, out_of_fold, baseline)
    compared, taught = comparable_scores(reference_scores, _scores(champion, reference)), None
    if champion.manifest.recalibration is not None:
        taught = reference[window.columns.target].to_numpy(dtype=np.int8)
        reference = reference.assign(**{window.columns.target: outcomes_at_level_of(compared, taught, SEED)})
    return Observed(
        champion=champion,
        columns=columns,
        rows=window.rows,
        profile_before=of_features(baseline.profile, columns),
        profile=of_features(window.profile, columns),
        before=before[features].reset_index(drop=True),
        before_scores=comparable_scores(before_scores, _scores(champion, before)),
        reference=reference[[*features, window.columns.target]].reset_index(drop=True),
        reference_scores=compared,
        window=drawn.features[features],
        times=drawn.times,
        ids=drawn.ids,
        scores=_scores(champion, drawn.features),
        labelled=window.labelled,
        labelled_scores=_scores(champion, window.labelled.features),
        importances={importance.feature: importance.auc_drop for importance in baseline.importances},
        customers=window.customers,
        scorings=scorings,
        set_aside=window.set_aside,
        past=look_back(window, drawn.ids, scorings),
        record=window.record,
        matured=None if window.wider is None else observe(champion, baseline, matured_window(window, baseline)),
        violations=window.violations,
        offers=window.offers,
        restored=window.restored,
        taught=taught,
    )


def _rows_before(
    champion: Artifact, baseline: Baseline, training: pd.DataFrame, out_of_fold: NDArray[np.float64]
) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """A sample of the drift reference, which may be the `training` rows, and its scores as of customers not seen."""
    if champion.manifest.drift_reference is None:
        return _sampled(training, out_of_fold, baseline)
    rows = champion.drift_reference()
    return _sampled(rows, scores_as_unseen(rows, _scores(champion, rows), training, out_of_fold), baseline)


def _sampled(rows: pd.DataFrame, scores: NDArray[np.float64], baseline: Baseline) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """At most `SAMPLE_ROWS` of the rows in the baseline's segment, and their scores."""
    # Cut down or not, rows keep their numbers.
    if baseline.restriction.segment is not None:
        column, value = baseline.restriction.segment
        rows = rows[rows[column] == value]
    rows = rows.sample(SAMPLE_ROWS, random_state=SEED) if len(rows) > SAMPLE_ROWS else rows
    return rows, scores[rows.index.to_numpy()]


def matured_window(window: Window, baseline: Baseline) -> Window:
    """The stretch that the labelled rows come from as a window of its own, where it is another one than the recent.

    Raises:
        DataError: the source of the window cannot be read any more.
    """
    if window.wider is None:
        return window
    profile, scored = profile_with_customers(window.source, window.columns, baseline.profile, window.wider)
    return replace(window, restriction=window.wider, profile=profile, scored=scored, wider=None, violations=())


def _scorings(window: Window, ids: pd.Series | None) -> pd.Series | None:
    """See `Observed.scorings`; `ids` are those of the sample."""
    if window.scored is None or ids is None or window.scored.customers == window.rows:
        return None
    if window.rows <= SAMPLE_ROWS:
        return ids.value_counts()
    asked = ids if window.labelled.ids is None else pd.concat([ids, window.labelled.ids])
    return rows_of_each(
        window.source, window.columns, window.restriction, spelling_of(window.profile), asked.dropna().drop_duplicates().tolist()
    )


def _one_row_each(drawn: Sample, ids: pd.Series, scorings: pd.Series, rows: int) -> Sample:
    """One row of each customer, by lot. A part of the `rows` has more of whoever was scored more often, so many are left out first."""
    rng = np.random.default_rng(SEED)
    order = rng.permutation(len(ids))
    if len(ids) < rows:
        order = order[rng.random(order.size) < 1 / ids.map(scorings).fillna(1).to_numpy(dtype=np.float64)[order]]
    lots = ids.iloc[order]
    kept = np.sort(order[(lots.isna() | ~lots.duplicated()).to_numpy()])
    times = drawn.times
    return Sample(
        drawn.features.iloc[kept].reset_index(drop=True),
        ids.iloc[kept].reset_index(drop=True),
        None if times is None else times.iloc[kept].reset_index(drop=True),
    )


def _scores(champion: Artifact, rows: pd.DataFrame) -> NDArray[np.float64]:
    return champion.scores(rows) if len(rows) else np.zeros(0)
