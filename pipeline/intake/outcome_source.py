"""Where [outcomes] says that a team's outcomes lie: a file, a table in a database, or a column of the log that is filled in later."""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from pipeline.errors import DataError
from pipeline.intake.outcome_table import OutcomeColumns, outcome_columns
from pipeline.intake.team_log import from_folder, own_log
from pipeline.record.opened_workspace import Opened
from pipeline.sources.relation import is_present, text_of
from pipeline.sources.source import ALL_ROWS, DatabaseTable, Source
from pipeline.sources.source_opening import open_source
from pipeline.tables.file_format import FileFormat
from pipeline.tables.reading import RawTable, raw_of, read_raw
from pipeline.tables.schema import Schema


def configured_outcomes(opened: Opened) -> tuple[str, RawTable, OutcomeColumns]:
    """The place's name for people, the table, and which of its columns are meant.

    Raises:
        DataError: [outcomes] names no place, what lies there cannot be read, or it has no outcome yet.
    """
    named, data = opened.settings.outcomes, opened.settings.data
    if named.file:
        raw = read_raw(opened.workspace.root / named.file, data.format)
        return Path(named.file).name, raw, outcome_columns(opened.settings, raw.frame.columns)
    if named.table:
        url = from_folder(named.url or opened.settings.predictions.url, opened.workspace.root)
        source = DatabaseTable(url, named.table, data.format.timezone)
        raw, there = _cells(source, named.table, outcome_columns(opened.settings, ()), data.id)
        return named.table, raw, outcome_columns(opened.settings, there)
    log = own_log(opened)
    if not named.column or log is None:
        raise DataError(
            "[outcomes] in churnops.toml does not say where outcomes lie.",
            "Name a file, a table or a column there, or give a file: `churnops outcomes add FILE`.",
        )
    if log.columns.id is None:
        raise DataError(
            f"{log.name} has no id column, so outcomes cannot be joined.", "Name it as `id` under [predictions] in churnops.toml."
        )
    columns = OutcomeColumns(log.columns.id, named.column, log.columns.time or named.scored_at, named.observed_at, named.recorded_at)
    raw, _ = _cells(log.source, log.name, columns)
    return f"{named.column} of {log.name}", raw, columns


def _cells(source: Source, name: str, columns: OutcomeColumns, other_id: str = "") -> tuple[RawTable, "pd.Index[str]"]:
    """The rows with an outcome as text, and the names of all columns. Of a table that lacks id or outcome no row, so
    that what is missing is said as it is of a file."""
    used = (columns.id, columns.outcome, columns.scored_at, columns.observed_at, columns.recorded_at, other_id)
    meant = dict.fromkeys(name for name in used if name)
    schema = Schema(target=columns.outcome, positive="", categorical=tuple(meant))
    with open_source(source, schema, ALL_ROWS) as relation:
        there = pd.Index(list(relation.columns))
        outcome = relation.columns.get(columns.outcome)
        if outcome is None or not there.isin([columns.id, other_id]).any():
            return RawTable(pd.DataFrame(columns=there, dtype=object), FileFormat(), Path(name)), there
        known = [column for column in there if column in meant or relation.columns[column].type in ("local time", "instant")]
        selected = ", ".join(f"{text_of(relation.columns[column], relation.dialect)} as v{place}" for place, column in enumerate(known))
        rows = list(relation.rows(f"select {selected} from {relation.table} where {is_present(outcome, relation.dialect)}"))
        fmt = FileFormat(decimal=relation.decimal, timezone=relation.timezone)
    if not rows:
        raise DataError(f"{name} has no outcome yet: `{columns.outcome}` is empty in every row.", "Pull again once it is filled in.")
    return replace(raw_of(pd.DataFrame(rows, columns=known, dtype=object), name, fmt), format=fmt), there
