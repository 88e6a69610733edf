"""A log of the team's own: where the settings say that it lies, under which names, and which of its rows are a window."""

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from pipeline.errors import DataError
from pipeline.intake.window_start import start_of
from pipeline.profiles.counting import last_time
from pipeline.record.champion import Champion
from pipeline.record.opened_workspace import Opened
from pipeline.sources.source import ColumnMapping, DatabaseTable, Files, Frame, MappedSource, Restriction, Source, SparkTable
from pipeline.sources.source_opening import open_source
from pipeline.tables.file_format import JSON_LINES, FileFormat
from pipeline.tables.schema import Schema
from pipeline.windows.spans import WEEK, Span
from pipeline.workspace.prediction_settings import PredictionSettings

TICK = timedelta(milliseconds=1)  # what every engine tells apart; SQLite nothing finer


@dataclass(frozen=True)
class OwnLog:
    """Rows with a name for people. `columns`: the workspace's schema with id and time as these rows have them."""

    name: str
    source: Source
    columns: Schema


def own_log(opened: Opened) -> OwnLog | None:
    """The log that [predictions] names; None where that is churnops' own.

    Raises:
        DataError: the log is a file of JSON lines and cannot be read.
    """
    log, spark = opened.settings.predictions, opened.settings.engine.name == "spark"
    columns = named_columns(opened)
    source: Files | Frame | DatabaseTable | SparkTable
    if log.table:
        name, url = log.table, _from_folder(log.url, opened.workspace.root)
        source = SparkTable(log.table) if spark else DatabaseTable(url, log.table, log.format.timezone)
    elif not log.file:
        return None
    else:
        name = Path(log.file).name
        parquet = f"parquet.`{log.file.replace('`', '``')}`"
        source = SparkTable(parquet) if spark else file_source(opened.workspace.root / log.file, log.format, columns)
    mapping = column_mapping(log)
    return OwnLog(name, MappedSource(source, mapping) if mapping else source, columns)


def current_file(opened: Opened, file: Path) -> OwnLog:
    """A window that lies in files, under the names of the log or those of the training.

    Raises:
        DataError: JSON lines that cannot be read.
    """
    columns, mapping = named_columns(opened), column_mapping(opened.settings.predictions)
    source = file_source(file, opened.settings.data.format, columns)
    return OwnLog(file.name, MappedSource(source, mapping, or_as_trained=True) if mapping else source, columns)


def column_mapping(log: PredictionSettings) -> ColumnMapping:
    """What [predictions] says of the log's names and values."""
    return ColumnMapping(log.columns, log.values)


def named_columns(opened: Opened) -> Schema:
    """The workspace's schema with id and time as [predictions] names them."""
    log, columns = opened.settings.predictions, opened.settings.data.columns
    return columns.model_copy(update={"id": log.id or columns.id, "time": log.time or columns.time})


def file_source(path: Path, fmt: FileFormat, columns: Schema) -> Files | Frame:
    """One file, a folder of them or a pattern; JSON lines are read into memory.

    Raises:
        DataError: JSON lines that cannot be read.
    """
    if path.suffix.lower() not in JSON_LINES:
        return Files(str(path), fmt)
    from pipeline.tables.reading import read_raw, times_in

    raw = read_raw(path, fmt)
    dated = {columns.time: times_in(raw, columns.time)} if columns.time is not None and columns.time in raw.frame else {}
    return Frame(raw.frame.assign(**dated))


def meant_rows(log: OwnLog, opened: Opened, champion: Champion, span: Span | None, segment: tuple[str, str] | None) -> Restriction:
    """The rows of `span`, by default of the seven days before the newest one, or all of them where they have no scoring time.

    Where [predictions] names a column of model versions and any of these rows has the champion's there, the others are left out: the same
    customers may be scored by a second model beside it.

    Raises:
        DataError: nothing was scored in the span, or it was asked for and the rows have no scoring time; the log cannot be read.
    """
    newest = None if log.columns.time is None else last_time(log.source, log.columns)
    if newest is not None:
        from_newest = partial(last_time, log.source, log.columns)
        since = start_of(span or WEEK, newest, from_newest, opened.ledger, champion, TICK)
        # An end, so that rows that arrive meanwhile are not half in the window.
        rows = Restriction(since=since, until=newest + TICK)
    elif span is None:
        rows = Restriction()
    else:
        raise DataError(
            f"{log.name} has no scoring time, so no stretch of it can be chosen.",
            "Name its column as `time` under [predictions], or leave the option out: then all rows are the window.",
        )
    version = opened.settings.predictions.model_version
    if version and _any(log, served := replace(rows, version=(version, champion.version))):
        rows = served
    return replace(rows, segment=segment)


def _any(log: OwnLog, rows: Restriction) -> bool:
    with open_source(log.source, log.columns, rows) as relation:
        return bool(list(relation.rows(f"select 1 from {relation.table} limit 1")))


def _from_folder(url: str, root: Path) -> str:
    """A relative path to an SQLite file counts from the workspace's folder, like that of every other file."""
    before, slashes, path = url.partition(":///")
    return f"{before}{slashes}{root / path}" if before.startswith("sqlite") and path else url
