"""The drift reference of a challenger: the newest rows that were scored before it, so that a quiet week after its deploy is a quiet week.

The training rows are no such reference: they have outcomes, which are few and old. What came before the training describes the customers
that the challenger will meet, but only as far as the same customers came: where a change is the reason for the training, rows from before
it would make every later week a drifted one. So older rows join the window's where nothing sets them apart.
"""

from dataclasses import dataclass, replace
from datetime import datetime

import pandas as pd

from pipeline.drift.summarise import summarise_drift
from pipeline.models.artifact import Artifact, DriftReference
from pipeline.profiles.counting import count_rows, last_time, profile_reference, profile_window
from pipeline.profiles.profile import spelling_of
from pipeline.sources.sampling import draw_sample
from pipeline.sources.source import ALL_ROWS, Frame, PredictionLog, Restriction
from pipeline.tables.typed_parquet import fingerprint
from pipeline.windows.baseline import Baseline
from pipeline.windows.spans import MICROSECOND
from pipeline.windows.window import Window
from pipeline.workspace.policy import Policy

MOST = 20_000  # rows: the error of a share is at most 0.7 points (95%)
ENOUGH = 1_000  # customers: among quiet windows of up to 500 rows, no larger reference has fewer columns at a distance of 0.1
FEWEST = 300  # customers: from here on quiet windows of 300 rows keep below the drift level medium
SEED = 0
_ID, _TIME = "_id", "_time"


@dataclass(frozen=True)
class RowsBefore:
    """Typed features of one row of each customer, and what the artifact says of them. `of_window`: how many, the last ones, are of the window itself."""

    rows: pd.DataFrame
    told: DriftReference
    of_window: int


def rows_before(champion: Artifact, window: Window, policy: Policy) -> RowsBefore:
    """What windows are to be compared with once a challenger of `champion`, trained now on outcomes of `window`, serves.

    The window's rows come first; then those of its log before it, up to 20,000 together; then, up to 1,000 together, the champion's own drift
    reference. Of rows that drift (calibrated) or a blind spot sets apart from those before them, only as many join as lack to 300.

    Raises:
        DataError: the window's source cannot be read any more.
    """
    features = list(window.columns.features)
    newest = _one_row_each(_drawn(window, window.restriction, window.rows))
    logged = _joined(champion, window, policy, _before(window, newest), newest, MOST)
    carried = champion.drift_reference().sample(frac=1, random_state=SEED)
    found = _joined(champion, window, policy, carried, logged, ENOUGH)
    rows = found[features].reset_index(drop=True)
    since, until = (logged[_TIME].min(), logged[_TIME].max()) if _TIME in logged else (None, None)
    told = DriftReference(
        rows=len(rows),
        carried_over=len(rows) - len(logged),
        since=None if pd.isna(since) else since.to_pydatetime(),
        until=None if pd.isna(until) else until.to_pydatetime(),
        data_sha256=fingerprint(rows),
    )
    return RowsBefore(rows, told, len(newest))


def _joined(champion: Artifact, window: Window, policy: Policy, older: pd.DataFrame, newer: pd.DataFrame, most: int) -> pd.DataFrame:
    """The newer rows after the last of the older ones, `most` together where the two are alike."""
    if older.empty or len(newer) >= most:
        return newer
    wanted = (FEWEST if _apart(champion, window, policy, older, newer) else most) - len(newer)
    return pd.concat([older.iloc[max(0, len(older) - max(0, wanted)) :], newer], ignore_index=True)


def _apart(champion: Artifact, window: Window, policy: Policy, older: pd.DataFrame, newer: pd.DataFrame) -> bool:
    """Whether the newer rows, as a window, have drifted from the older ones, or either side has a blind spot that the other has not."""
    sides = [Frame(part[list(window.columns.features)]) for part in (older, newer)]
    for before, now in (sides, sides[::-1]):
        profile = profile_reference(before, window.columns, spelling=spelling_of(window.profile))
        baseline = Baseline(champion.digest, profile, before, ALL_ROWS, champion.importances())
        counted = profile_window(now, window.columns, profile)
        found = summarise_drift(baseline, Window(window.name, now, window.columns, ALL_ROWS, counted, None), policy)
        if found.calibrated_drifted or found.findings:
            return True
    return False


def _drawn(window: Window, restriction: Restriction, rows: int) -> pd.DataFrame:
    """At most 20,000 of the `rows` rows meant, typed, with `_id` and `_time` where they have them, in the order of time."""
    sample = draw_sample(window.source, window.columns, restriction, spelling_of(window.profile), rows, MOST, SEED)
    told = {name: column for name, column in ((_ID, sample.ids), (_TIME, sample.times)) if column is not None}
    frame = sample.features.assign(**told)
    return frame.sort_values(_TIME, kind="stable", ignore_index=True) if _TIME in frame else frame


def _one_row_each(rows: pd.DataFrame) -> pd.DataFrame:
    """The newest row of each customer: how they were when the model was trained."""
    return rows[rows[_ID].isna() | ~rows.duplicated(_ID, keep="last")] if _ID in rows else rows


def _before(window: Window, newest: pd.DataFrame) -> pd.DataFrame:
    """The newest rows of the window's log from before the window, of other customers, as `_drawn`."""
    nothing, wanted = newest.iloc[:0], MOST - len(newest)
    if window.since is None or wanted <= 0:
        return nothing
    # Whatever model scored them.
    until = window.restriction.since or window.since - MICROSECOND
    meant = replace(window.restriction, since=None, until=until, version=None)
    start = _start(window, wanted, until)
    meant = replace(meant, since=None if start is None else start - MICROSECOND)
    count = count_rows(window.source, window.columns, meant)
    if not count:
        return nothing
    rows = _one_row_each(_drawn(window, meant, count))
    return rows[rows[_ID].isna() | ~rows[_ID].isin(newest[_ID])] if _ID in rows and _ID in newest else rows


def _start(window: Window, rows: int, until: datetime) -> datetime | None:
    """When the first of so many newest rows `until` then was scored; None where that leaves none out."""
    if not isinstance(window.source, PredictionLog):
        return last_time(window.source, window.columns, rows, until)
    from pipeline.state.database import open_state
    from pipeline.state.predictions import newest_prediction

    state = open_state(window.source.place)
    try:
        return newest_prediction(state, rows, until)
    finally:
        state.close()
