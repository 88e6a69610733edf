"""Outcomes taken in: from a file, from where [outcomes] says that they lie, and back out again."""

import random
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd

from pipeline.errors import DataError
from pipeline.intake.declared_population import declared
from pipeline.intake.outcome_source import configured_outcomes
from pipeline.intake.outcome_table import OutcomeTable, outcome_columns, read_outcomes_of
from pipeline.intake.team_log import named_columns, own_log
from pipeline.record.opened_workspace import Opened
from pipeline.sources.customers import rows_of_each
from pipeline.sources.source import ALL_ROWS, PredictionLog
from pipeline.state.outcome_intakes import IntakeOrigin, RecordedIntake, newest_intake_in, record_intake_in
from pipeline.state.outcomes import KnownOutcome, add_outcomes_in
from pipeline.state.predictions import logged_ids
from pipeline.tables.categories import NO_SPELLING
from pipeline.tables.reading import read_raw
from pipeline.windows.population import population_of

_SEED = 0
_LOOKED_UP = 2000  # customers: the error of a share is at most 2 points (95%)


@dataclass(frozen=True)
class Added:
    """What came of adding outcomes to the log: rows `added`, of them `corrected` an earlier word, and rows that were `known` already.

    `strangers` of the added have an id for which no prediction is logged; None where the log is the team's own. `repeated` and
    `unused_dates`: as `OutcomeTable`. `labels_every_scoring`: no horizon is set, and words that name no scoring time were added for customers
    who are scored again and again: each labels all rows of its customer, however old it is.
    """

    added: int
    corrected: int
    known: int
    strangers: int | None
    repeated: int
    unused_dates: tuple[str, ...]
    labels_every_scoring: bool


def read_outcome_file(opened: Opened, path: Path) -> OutcomeTable:
    """The outcomes in a file; errors as `read_outcomes_of`."""
    raw = read_raw(path, opened.settings.data.format)
    return read_outcomes_of(opened, raw, outcome_columns(opened.settings, raw.frame.columns))


def add_outcomes(opened: Opened, path: Path) -> Added:
    """Add a file's outcomes to the log; what the log says already is left out, so that adding a file twice changes nothing.

    Outcomes that do not say when they were observed are known from now on.

    Raises:
        DataError: as `read_outcome_file`.
    """
    return _added(opened, read_outcome_file(opened, path), path.name)


def pull_outcomes(opened: Opened) -> Added:
    """Add the outcomes that lie where [outcomes] says; as `add_outcomes`.

    Raises:
        DataError: [outcomes] names no place, or what lies there cannot be read.
    """
    source, raw, columns = configured_outcomes(opened)
    return _added(opened, read_outcomes_of(opened, raw, columns), source)


def _added(opened: Opened, table: OutcomeTable, source: str) -> Added:
    words = [
        KnownOutcome(id_, _given(at), _given(known), int(churned), _given(recorded))
        for id_, at, known, churned, recorded in table.words[["_id", "_time", "_observed", "_churned", "_recorded"]].itertuples(index=False)
    ]
    now = opened.clock()
    with opened.state.write() as connection:
        news = add_outcomes_in(
            connection, words, now, IntakeOrigin(source, now, opened.person), moments=bool(opened.settings.outcomes.horizon)
        )
    added = [word for word, one in zip(words, news, strict=True) if one != "known"]
    log, new = opened.settings.predictions, [word.id for word in added]
    scored = None if log.file or log.table else logged_ids(opened.state)
    return Added(
        added=len(new),
        corrected=news.count("corrected"),
        known=news.count("known"),
        strangers=None if scored is None else sum(id_ not in scored for id_ in new),
        repeated=table.repeated,
        unused_dates=table.unused_dates,
        labels_every_scoring=_labels_every_scoring(opened, {word.id for word in added if word.predicted_at is None}),
    )


def _labels_every_scoring(opened: Opened, undated: set[str]) -> bool:
    """See `Added`, by a sample of the customers `undated`; False where the log cannot be asked, which others say."""
    if opened.settings.outcomes.horizon or not undated:
        return False
    some = sorted(undated)
    some = random.Random(_SEED).sample(some, min(len(some), _LOOKED_UP))
    try:
        own = own_log(opened)
        source, columns = (PredictionLog(opened.state.place), named_columns(opened)) if own is None else (own.source, own.columns)
        rows = rows_of_each(source, columns, ALL_ROWS, NO_SPELLING, some)
    except DataError:
        return False
    population = population_of(declared(opened), float(rows.gt(1).mean()) if len(rows) else None)
    return population is not None and population.kind != "new_customers"


def _given(at: pd.Timestamp) -> datetime | None:
    return None if pd.isna(at) else at.to_pydatetime()


def newest_intake(opened: Opened) -> RecordedIntake:
    """The intake that `undo_intake` takes back.

    Raises:
        DataError: there is none.
    """
    with opened.state.read() as connection:
        found = newest_intake_in(connection)
    if found is None:
        raise DataError(
            "No intake of outcomes can be taken back.",
            "Those that `churnops outcomes add` and `pull` took in can; the API's are corrected there.",
        )
    return found


def undo_intake(opened: Opened, intake: RecordedIntake) -> None:
    """Let none of an intake's outcomes count any more, and what they had corrected count again. All of them stay on record.

    Raises:
        DataError: it is not the newest one any more.
    """
    at = opened.clock()
    with opened.state.write() as connection:
        if newest_intake_in(connection) != intake:
            raise DataError("Another intake was added or taken back meanwhile.", "Look again: `churnops outcomes undo`.")
        record_intake_in(connection, IntakeOrigin(intake.source, at, opened.person), intake.rows, undoes=intake.number)
        body = {"number": intake.number, "source": intake.source, "rows": intake.rows, "by": opened.person}
        opened.ledger.append_in(connection, at, "outcomes_undone", None, body)
    opened.ledger.catch_up()
