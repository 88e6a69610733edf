"""The current window: where the customers scored lately lie, what they look like, and the outcomes known by now."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd

from pipeline.baseline import Baseline
from pipeline.champion import Champion
from pipeline.daily import profile_log
from pipeline.errors import DataError
from pipeline.grids import even_grid
from pipeline.known_outcomes import join_outcomes, read_outcome_file
from pipeline.opened import Opened
from pipeline.predictions import newest_prediction, read_labelled, read_outcomes, read_predictions
from pipeline.profile import Cells, NumericalProfile, Profile
from pipeline.profiling import last_time, profile_window
from pipeline.rows import fingerprint
from pipeline.schema import Schema
from pipeline.settings import FileFormat
from pipeline.sources import Files, Frame, PredictionLog, Restriction, Source
from pipeline.spans import WEEK, Last, Span, start_of
from pipeline.tables import read_raw, typed

JSON_LINES = (".jsonl", ".ndjson")


@dataclass(frozen=True)
class Labelled:
    """The window's rows whose outcome is known, index-aligned. `features`: the schema's; `churned`: 1 or 0; `ids` and `times` (UTC) are
    None where the window has none."""

    features: pd.DataFrame
    churned: pd.Series
    ids: pd.Series | None
    times: pd.Series | None


@dataclass(frozen=True)
class Window:
    """One window. `profile` is made against the champion's reference; its rows stay in `source`, `restriction` says which of them.

    `columns`: the workspace's schema with id and time as the source names them. `name` is for people.
    """

    name: str
    source: Source
    columns: Schema
    restriction: Restriction
    profile: Profile
    labelled: Labelled

    @property
    def rows(self) -> int:
        return self.profile.rows

    @property
    def since(self) -> datetime | None:
        return self.profile.since

    @property
    def until(self) -> datetime | None:
        return self.profile.until

    @property
    def labelled_rows(self) -> int:
        return len(self.labelled.churned)

    @property
    def labelled_churners(self) -> int:
        return int(self.labelled.churned.sum())

    @property
    def fingerprint(self) -> str:
        """sha256 in hex over what was counted and the labelled rows: it changes when one of them does, and only then."""
        # Sums are left out: engines add floats in any order.
        counted = self.profile.model_dump(mode="json", exclude={"numerical": {"__all__": {"content": {"sums"}}}})
        rows = self.labelled.features.assign(_churned=self.labelled.churned)
        return hashlib.sha256(f"{json.dumps(counted, sort_keys=True)}|{fingerprint(rows)}".encode()).hexdigest()

    def frame(self) -> pd.DataFrame:
        """All rows of the window with the schema's features, typed: for what cannot be told from counts.

        Raises:
            DataError: the source cannot be read row by row.
        """
        features = list(self.columns.features)
        if isinstance(self.source, PredictionLog) and self.since is not None and self.until is not None:
            from pipeline.state import open_state

            state = open_state(self.source.state_file)
            try:
                since = self.restriction.since or self.since
                return _segment(read_predictions(state, self.columns, since, self.until), self.restriction)[features]
            finally:
                state.close()
        if isinstance(self.source, Files | Frame):
            return _rows(self.source, self.columns, self.restriction)[features]
        raise DataError(f"The rows of {self.name} stay where they are.", "Take a window from a file for this.")


def logged_window(opened: Opened, champion: Champion, baseline: Baseline, span: Span = WEEK, outcomes: Path | None = None) -> Window:
    """A span of the prediction log, churnops' own or the team's; by default the seven days before the newest prediction. The file
    `outcomes` stands in for the logged ones.

    Raises:
        DataError: nothing is logged, nothing lies in the span, or the team's log does not hold what the schema asks for.
    """
    columns, segment = opened.settings.data.columns, baseline.restriction.segment
    if opened.settings.predictions.file:
        return _with_some(_own_log(opened, baseline, span, outcomes), outcomes)
    newest = newest_prediction(opened.state)
    if newest is None:
        raise DataError(
            "No predictions are logged yet.", "Run `churnops simulate --scenario none`, or give a window as a file with `--current FILE`."
        )
    since = start_of(span, newest, opened.state, opened.ledger, champion)
    source, restriction = PredictionLog(opened.state.file), Restriction(since, newest, segment)
    if segment is None:
        kept = opened.workspace.profiles / baseline.digest[:12]
        profile = profile_log(opened.state, columns, baseline.profile, since, newest, kept)
    else:
        profile = profile_window(source, columns, baseline.profile, restriction)
    if outcomes is None:
        known = _segment(read_labelled(opened.state, columns, since, newest, opened.clock()), restriction)
        labelled = Labelled(known[list(columns.features)], known["_churned"], known["_id"], known["_time"])
    else:
        rows = _segment(read_predictions(opened.state, columns, since, newest), restriction)
        own = columns.model_copy(update={"id": "_id", "time": "_time"})
        labelled = _labelled(rows, own, read_outcome_file(outcomes, opened.settings), "prediction log")
    return _with_some(Window("prediction log", source, columns, restriction, profile, labelled), outcomes)


def file_window(opened: Opened, baseline: Baseline, current: Path, outcomes: Path | None) -> Window:
    """A window that lies in a file, with its outcomes in another one or not at all.

    Raises:
        DataError: a file cannot be read, lacks columns of the schema, or repeats customers at one scoring time.
    """
    known = None if outcomes is None else read_outcome_file(outcomes, opened.settings)
    window = _from_file(opened, baseline.profile, current, opened.settings.data.format, baseline.restriction, known)
    return _with_some(window, outcomes)


def _own_log(opened: Opened, baseline: Baseline, span: Span, outcomes: Path | None) -> Window:
    mapping = opened.settings.predictions
    path = opened.workspace.root / mapping.file
    if not isinstance(span, Last):
        raise DataError("Of your own log only a length of time can be chosen.", "Use --window, like 7d.")
    columns = _mapped(opened)
    newest = None
    if columns.time is not None:
        newest = last_time(_source(path, mapping.format, columns), columns)
    restriction = Restriction(since=newest - span.length if newest else None, segment=baseline.restriction.segment)
    known = read_outcomes(opened.state, opened.clock()) if outcomes is None else read_outcome_file(outcomes, opened.settings)
    return _from_file(opened, baseline.profile, path, mapping.format, restriction, known)


def _from_file(
    opened: Opened, reference: Profile, path: Path, fmt: FileFormat, restriction: Restriction, outcomes: pd.DataFrame | None
) -> Window:
    columns = _mapped(opened)
    source = _source(path, fmt, columns)
    profile = profile_window(source, columns, reference, restriction)
    _require_whole(profile, path.name)
    _require_probabilities(source, columns, opened.settings.predictions.score, path.name)
    nothing = Labelled(pd.DataFrame(columns=list(columns.features)), pd.Series(dtype="int64"), None, None)
    window = Window(path.name, source, columns, restriction, profile, nothing)
    if outcomes is None or outcomes.empty:
        return window
    labelled = _labelled(_rows(source, columns, restriction), columns, outcomes, path.name)
    return Window(path.name, source, columns, restriction, profile, labelled)


def _with_some(window: Window, outcomes: Path | None) -> Window:
    if outcomes is not None and not window.labelled_rows:
        raise DataError(
            f"No outcome in {outcomes.name} belongs to a row of {window.name}.", "Check the ids, and predicted_at where it is named."
        )
    return window


def _labelled(frame: pd.DataFrame, columns: Schema, outcomes: pd.DataFrame, name: str) -> Labelled:
    if columns.id is None or columns.id not in frame:
        raise DataError(f"{name} has no id column, so outcomes cannot be joined.", "Name it as `id` under [predictions] in churnops.toml.")
    times = None if columns.time is None or columns.time not in frame else frame[columns.time]
    churned = join_outcomes(frame[columns.id], times, outcomes)
    known = churned.notna()
    return Labelled(
        features=frame.loc[known, list(columns.features)],
        churned=churned[known].astype("int64"),
        ids=frame.loc[known, columns.id],
        times=None if times is None else times[known],
    )


def _require_whole(profile: Profile, name: str) -> None:
    if profile.absent:
        names = ", ".join(f"`{column}`" for column in profile.absent)
        raise DataError(f"{name} lacks {names}.", "Add the missing columns to the export; `data` in churnops.toml names them all.")
    for column in profile.numerical:
        if column.unreadable:
            raise DataError(
                f"{name}: {column.unreadable:,} values of `{column.name}` are not numbers.",
                f"Mend the export, or make `{column.name}` categorical.",
            )
    if profile.repeats:
        raise DataError(
            f"{name} has {profile.repeats:,} rows that repeat a customer at the same scoring time.",
            "Remove the repeats, or name the scoring-time column as `time` under [predictions] in churnops.toml.",
        )


def _require_probabilities(source: Source, columns: Schema, score: str, name: str) -> None:
    if not score:
        return
    empty = NumericalProfile(
        name=score, nulls=0, grid=even_grid(0.0, 1.0, 0.5, (0.25, 0.5, 0.75)), content=Cells(places=(), counts=(), sums=())
    )
    alone = Schema(target=columns.target, positive=columns.positive, numerical=(score,))
    found = profile_window(source, alone, Profile(rows=0, numerical=(empty,), categorical=()))
    (column,) = found.numerical
    low, high = column.minimum, column.maximum
    if not found.absent and (column.nulls or (low is not None and low < 0) or (high is not None and high > 1)):
        raise DataError(f"Column {score} of {name} is not a probability in every row.", "Map the score column under [predictions].")


def _mapped(opened: Opened) -> Schema:
    mapping, columns = opened.settings.predictions, opened.settings.data.columns
    return columns.model_copy(update={"id": mapping.id or columns.id, "time": mapping.time or columns.time})


def _source(path: Path, fmt: FileFormat, columns: Schema) -> Files | Frame:
    if path.suffix.lower() in JSON_LINES:
        raw = read_raw(path, fmt)
        features = typed(raw, columns, with_target=False)
        return Frame(raw.frame.assign(**{str(name): features[name] for name in features}))
    return Files(str(path), fmt)


def _rows(source: Files | Frame, columns: Schema, restriction: Restriction) -> pd.DataFrame:
    frame = source.frame if isinstance(source, Frame) else typed(read_raw(Path(source.path), source.format), columns, with_target=False)
    if restriction.since is not None and columns.time in frame:
        frame = frame[frame[columns.time] > restriction.since]
    return _segment(frame, restriction)


def _segment(frame: pd.DataFrame, restriction: Restriction) -> pd.DataFrame:
    if restriction.segment is None:
        return frame
    column, value = restriction.segment
    return frame[frame[column].astype(str) == value]
