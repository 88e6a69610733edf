"""A world: a window as an operator is shown it, what an all-knowing observer sees of it, and the future that any action must live in."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from pipeline.benchmark.customers import Crowds, Table, crowds
from pipeline.benchmark.instance import Labels, Question
from pipeline.models.artifact import Artifact
from pipeline.profiles.counting import profile_with_customers
from pipeline.sources.source import ALL_ROWS, Frame
from pipeline.tables.schema import Schema
from pipeline.windows.baseline import baseline_of
from pipeline.windows.window import Labelled, Window
from pipeline.worlds.change import Change, Numbers
from pipeline.worlds.scenarios import DAY, SEVERITIES, draw_customers, number_of, recency, scenario_named

DAYS = 28  # of a window: long enough for outcomes to mature while it lasts
START = datetime(2026, 3, 2, tzinfo=UTC)
_FUTURE_ROWS = 10_000
_KNOWN_SHARE, _KNOWN_DAYS = 0.5, 0.6  # of partial labels: half of the rows, of the earlier part of the window


@dataclass(frozen=True)
class Exhibit:
    """All that an operator is shown. `rows` as the feed sent them: id, time, features. `outcomes`: id, time and target (1 or 0) of those
    known. `columns` names id and time too."""

    champion: Artifact
    columns: Schema
    rows: pd.DataFrame
    outcomes: pd.DataFrame

    def window(self) -> Window:
        """The rows and outcomes as a window beside the champion's reference."""
        source, columns = Frame(self.rows), self.columns
        key = [str(columns.id), str(columns.time)]
        known = self.rows.reset_index(drop=True).merge(self.outcomes, on=key, how="inner")
        features = known.reindex(columns=list(columns.features))
        for name in columns.numerical:
            features[name] = pd.to_numeric(features[name], errors="coerce")
        profile, scored = profile_with_customers(source, columns, baseline_of(self.champion).profile, ALL_ROWS)
        return Window(
            name="the window",
            source=source,
            columns=columns,
            restriction=ALL_ROWS,
            profile=profile,
            known=Labelled(features, known[columns.target].astype("int64"), known[key[0]], known[key[1]]),
            scored=scored,
        )


@dataclass(frozen=True)
class World:
    """One instance. `features` are the window's as a model reads them; `known` the outcomes recorded by now (NaN: none), `matured` those that
    everybody will have once, both shape (rows,). `sound` are the features as they would be without the fault, and what is known of those rows in
    `sound_known`; None where there is no fault. `future` is the window's world later on, `broken` the same customers through the fault of the
    feed where there is one; `expected` is their chance of churn."""

    change: Change
    exhibit: Exhibit
    features: pd.DataFrame
    known: Numbers
    matured: Numbers
    sound: pd.DataFrame | None
    sound_known: Numbers
    future: pd.DataFrame
    broken: pd.DataFrame | None
    expected: Numbers


def plan_change(question: Question, parts: Crowds) -> Change:
    """The question's change, made for the table. Both severities of a seed concern the same columns and customers.

    Raises:
        NotExpressible: the table has no column for it.
    """
    rng = np.random.default_rng([question.seed, number_of(question.kind)])
    return scenario_named(question.kind).plan(parts.window, question.severity, rng)


def make_world(question: Question, table: Table, champion: Artifact, rows: int) -> World:
    """The world of one question; windows have at most `rows` rows.

    Raises:
        NotExpressible: see `plan_change`.
    """
    parts = crowds(table, question.seed)
    change, columns = plan_change(question, parts), champion.manifest.columns
    rng = np.random.default_rng([question.seed, number_of(question.kind), SEVERITIES.index(question.severity), 1])
    size = min(rows, parts.window_rows, change.most_rows or rows)
    frame, expected, place = draw_customers(parts.window, change, size, DAYS, rng)
    if change.replayed:
        frame, expected, place = _replayed(frame, expected, place, change.replayed, parts, rng)
    if change.behave is not None:
        frame[columns.target] = (rng.random(size) < expected).astype("int8")
    frame = _stamped(frame, place, columns, rng)
    if change.renew is not None:
        frame = change.renew(frame, rng)
    frame["_known"] = _recorded(frame, columns.target, question.labels, change, rng)
    sound = frame
    if change.damage is not None:
        frame = change.damage(frame, rng)
    future, later, _ = draw_customers(parts.future, change.settled(), _FUTURE_ROWS, 1, rng)
    if change.renew is not None:
        future = change.renew(future, rng)
    return World(
        change=change,
        exhibit=_exhibit(frame, champion, change),
        features=frame[list(columns.features)].reset_index(drop=True),
        known=frame["_known"].to_numpy(),
        matured=frame[columns.target].to_numpy(dtype="float64"),
        sound=None if change.damage is None else sound[list(columns.features)].reset_index(drop=True),
        sound_known=sound["_known"].to_numpy(),
        future=future[list(columns.features)],
        broken=_broken(future[list(columns.features)], change, rng),
        expected=later,
    )


def named_columns(columns: Schema) -> Schema:
    """The schema of the benchmark's rows: that of the table, with an id and a time of scoring whatever it had."""
    taken = {*columns.features, columns.target}
    names = ["customer", "scored_at"]
    while taken & {*names}:
        names = [f"{name}_" for name in names]
    return columns.model_copy(update={"id": names[0], "time": names[1]})


def _stamped(frame: pd.DataFrame, place: np.ndarray, columns: Schema, rng: np.random.Generator) -> pd.DataFrame:
    day = frame[DAY].to_numpy()
    seconds = rng.uniform(0, 86_400, len(frame)).round()
    seconds = seconds[np.lexsort((seconds, day))]  # rows come sorted by day; this sorts them by time
    times = pd.Series([START + timedelta(days=int(d), seconds=float(s)) for d, s in zip(day, seconds, strict=True)])
    # A customer drawn twice is the same customer scored again: who divides the rows can keep both copies on one side.
    frame[str(columns.id)] = np.array([f"C{number:06d}" for number in place], dtype=object)
    frame[str(columns.time)] = times.dt.as_unit("us")
    return frame


def _replayed(
    frame: pd.DataFrame, expected: Numbers, place: np.ndarray, share: float, parts: Crowds, rng: np.random.Generator
) -> tuple[pd.DataFrame, Numbers, np.ndarray]:
    """The rows with `share` of them replaced by customers of the reference, whose places count on from those of the window's pool."""
    old, again = parts.reference, rng.random(len(frame)) < share
    chosen = rng.integers(len(old.frame), size=len(frame))
    columns = [*parts.columns.features, parts.columns.target]
    return (
        frame.assign(**{name: frame[name].where(~again, old.frame[name].iloc[chosen].to_numpy()) for name in columns}),
        np.where(again, old.expected[chosen], expected),
        np.where(again, len(parts.window.frame) + chosen, place),
    )


def _recorded(frame: pd.DataFrame, target: str, labels: Labels, change: Change, rng: np.random.Generator) -> Numbers:
    day, churned = frame[DAY].to_numpy(), frame[target].to_numpy()
    late = recency(day, DAYS)
    chance = {"full": np.ones(len(day)), "partial": np.where(late <= _KNOWN_DAYS, _KNOWN_SHARE, 0.0), "none": np.zeros(len(day))}[labels]
    known = rng.random(len(day)) < chance
    seen = churned.astype("float64")
    if change.recorded is not None:
        # Outcomes of the whole window are there, or what is wrong with them could not be told from a change.
        known = rng.random(len(day)) < {"full": 1.0, "partial": _KNOWN_SHARE, "none": 0.0}[labels]
        seen = change.recorded(frame, late, rng)
    return np.where(known, seen, np.nan)


def _exhibit(frame: pd.DataFrame, champion: Artifact, change: Change) -> Exhibit:
    columns = champion.manifest.columns
    key = [str(columns.id), str(columns.time)]
    known = frame[frame["_known"].notna()].drop_duplicates(key)
    outcomes = known[key].assign(**{columns.target: known["_known"].astype("int64")}).reset_index(drop=True)
    rows = frame[[*key, *columns.features]].reset_index(drop=True)
    return Exhibit(champion, columns, rows if change.as_sent is None else change.as_sent(rows), outcomes)


def _broken(future: pd.DataFrame, change: Change, rng: np.random.Generator) -> pd.DataFrame | None:
    """The future through the fault; None where there is none, or where it makes rows of rows and so changes no customer's score."""
    if change.damage is None:
        return None
    broken = change.damage(future, rng)
    return broken if len(broken) == len(future) else None
