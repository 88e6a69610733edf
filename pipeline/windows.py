"""The current window: the customers scored lately, with the outcomes known by now."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

import pandas as pd

from pipeline.errors import DataError
from pipeline.predictions import newest_prediction, read_outcomes, read_predictions
from pipeline.rows import fingerprint
from pipeline.schema import Schema
from pipeline.settings import FileFormat, Settings
from pipeline.state import State
from pipeline.tables import RawTable, count_repeats, read_raw, typed

WINDOW = timedelta(days=7)
PREDICTED_AT, OBSERVED_AT = "predicted_at", "observed_at"


@dataclass(frozen=True)
class Window:
    """Rows of one window, index-aligned.

    `features`: the schema's features. `churned`: 1, 0, or NaN where no outcome is known yet. `scores`: logged P(churn), None
    where the file has none.
    """

    features: pd.DataFrame
    churned: pd.Series
    ids: pd.Series | None
    times: pd.Series | None
    scores: pd.Series | None
    source: str

    @cached_property
    def fingerprint(self) -> str:
        """sha256 in hex over the rows and the known outcomes: it changes when one of them does, and only then."""
        parts = [
            self.features,
            *(column.to_frame("") for column in (self.churned, self.ids, self.times, self.scores) if column is not None),
        ]
        return hashlib.sha256("|".join(fingerprint(part) for part in parts).encode()).hexdigest()

    @property
    def rows(self) -> int:
        return len(self.features)

    @property
    def since(self) -> datetime | None:
        return None if self.times is None or self.times.isna().all() else self.times.min().to_pydatetime()

    @property
    def until(self) -> datetime | None:
        return None if self.times is None or self.times.isna().all() else self.times.max().to_pydatetime()

    @property
    def labelled(self) -> pd.Series:
        """Mask of the rows whose outcome is known."""
        return self.churned.notna()

    @property
    def labelled_rows(self) -> int:
        return int(self.labelled.sum())

    @property
    def labelled_churners(self) -> int:
        return int(self.churned.sum())


def logged_window(state: State, settings: Settings, now: datetime) -> Window:
    """The last seven days before the newest logged prediction, from the state database or the team's own log.

    Raises:
        DataError: nothing is logged yet.
    """
    schema = settings.data.columns
    if settings.predictions.file:
        return _own_log(state, settings, now)
    newest = newest_prediction(state)
    if newest is None:
        raise DataError(
            "No predictions are logged yet.", "Run `churnops simulate --scenario none`, or give a window as a file with `--current FILE`."
        )
    frame = read_predictions(state, schema, newest - WINDOW, newest)
    return Window(
        features=frame[list(schema.features)],
        churned=_join(frame["_id"], frame["_time"], read_outcomes(state, now)),
        ids=frame["_id"],
        times=frame["_time"],
        scores=frame["_score"],
        source="prediction log",
    )


def file_window(settings: Settings, current: Path, outcomes: Path | None) -> Window:
    """A window that lies in a file, with its outcomes in another one or not at all.

    Raises:
        DataError: a file cannot be read, lacks columns of the schema, or repeats customers at one scoring time.
    """
    churned_from = None if outcomes is None else _read_outcome_file(outcomes, settings)
    return _from_file(settings, current, settings.data.format, churned_from)


def _own_log(state: State, settings: Settings, now: datetime) -> Window:
    path = Path(settings.predictions.file)
    window = _from_file(settings, path, settings.predictions.format, read_outcomes(state, now))
    if window.times is None:
        recent = pd.Series(True, index=window.features.index)
    else:
        recent = window.times > window.times.max() - WINDOW
    return Window(
        features=window.features[recent],
        churned=window.churned[recent],
        ids=None if window.ids is None else window.ids[recent],
        times=None if window.times is None else window.times[recent],
        scores=None if window.scores is None else window.scores[recent],
        source=path.name,
    )


def _from_file(settings: Settings, path: Path, fmt: FileFormat, outcomes: pd.DataFrame | None) -> Window:
    mapping = settings.predictions
    schema = settings.data.columns
    schema = schema.model_copy(update={"id": mapping.id or schema.id, "time": mapping.time or schema.time})
    raw = read_raw(path, fmt)
    frame = typed(raw, schema, with_target=False)
    ids = frame[schema.id] if schema.id in frame.columns else None
    times = frame[schema.time] if schema.time in frame.columns else None
    if ids is not None and (repeats := count_repeats(frame, str(schema.id), schema.time if times is not None else None)):
        raise DataError(
            f"{path.name} has {repeats} rows that repeat a customer at the same scoring time.",
            "Remove the repeats, or name the scoring-time column as `time` under [predictions] in churnops.toml.",
        )
    scores = None
    if mapping.score and mapping.score in raw.frame.columns:
        scores = pd.to_numeric(raw.frame[mapping.score], errors="coerce")
        if bool(scores.isna().any() or (scores < 0).any() or (scores > 1).any()):
            raise DataError(
                f"Column {mapping.score} of {path.name} is not a probability in every row.", "Map the score column under [predictions]."
            )
    if outcomes is None:
        churned = pd.Series(float("nan"), index=frame.index)
    elif ids is None:
        raise DataError(
            f"{path.name} has no id column, so outcomes cannot be joined.", "Name it as `id` under [predictions] in churnops.toml."
        )
    else:
        churned = _join(ids, times, outcomes)
    return Window(frame[list(schema.features)], churned, ids, times, scores, path.name)


def _read_outcome_file(path: Path, settings: Settings) -> pd.DataFrame:
    """Columns `_id`, `_time` (missing where the file has no `predicted_at`), `_churned`.

    Of several words on an id and time the last one counts: by `observed_at` where the file has it, else by the order of rows.
    """
    schema = settings.data.columns
    id_column = settings.predictions.id or schema.id
    if id_column is None:
        raise DataError("The workspace names no id column, so outcomes cannot be joined.", "Set `id` under [data] in churnops.toml.")
    raw = read_raw(path, settings.data.format)
    if id_column not in raw.frame.columns and schema.id in raw.frame.columns:
        id_column = str(schema.id)
    frame = typed(raw, Schema(target=schema.target, positive=schema.positive, id=id_column), with_target=False)
    if schema.target not in raw.frame.columns or id_column not in frame.columns:
        raise DataError(f"{path.name} lacks `{id_column}` or `{schema.target}`.", "Outcomes need the id column and the target column.")
    answer = raw.frame[schema.target].dropna()
    others = set(answer.unique()) - {schema.positive}
    if len(others) > 1:
        raise DataError(
            f"{path.name}: `{schema.target}` holds {len(others)} values beside `{schema.positive}`.", "Export both outcomes only."
        )
    times = {"_time": _times(raw, schema, PREDICTED_AT), "_observed": _times(raw, schema, OBSERVED_AT)}
    known = pd.DataFrame({"_id": frame[id_column], **times, "_churned": (answer == schema.positive).astype("float64")}).loc[answer.index]
    known = known.dropna(subset="_id").sort_values("_observed", kind="stable", na_position="first")
    return known.drop_duplicates(["_id", "_time"], keep="last")


def _times(raw: RawTable, schema: Schema, name: str) -> pd.Series:
    """One column of times, all missing where the table does not have it."""
    if name not in raw.frame.columns:
        return pd.Series(pd.NaT, index=raw.frame.index, dtype="datetime64[us, UTC]")
    return typed(raw, Schema(target=schema.target, positive=schema.positive, time=name), with_target=False)[name]


def _join(ids: pd.Series, times: pd.Series | None, outcomes: pd.DataFrame) -> pd.Series:
    """Outcome of each row: the one for its id and scoring time, else the one for its id that names no scoring time."""
    dated = outcomes[outcomes["_time"].notna()]
    undated = outcomes[outcomes["_time"].isna()].set_index("_id")["_churned"]
    churned = ids.map(undated).astype("float64")
    if times is not None and len(dated):
        keys = pd.MultiIndex.from_arrays([ids, times])
        by_time = dated.set_index(["_id", "_time"])["_churned"]
        found = pd.Series(by_time.reindex(keys).to_numpy(dtype="float64"), index=ids.index)
        churned = found.fillna(churned)
    return churned
