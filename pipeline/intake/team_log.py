"""A log of the team's own: where the settings say that it lies, under which names, and which of its rows are a window."""

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from pipeline.errors import DataError
from pipeline.intake.feature_start import recent_start
from pipeline.intake.future_rows import latest_meant, newest_meant
from pipeline.intake.window_start import start_of
from pipeline.profiles.counting import count_rows, last_time
from pipeline.record.champion import Champion
from pipeline.record.opened_workspace import Opened
from pipeline.sources.source import ColumnMapping, DatabaseTable, Files, MappedSource, Restriction, Source, SparkTable
from pipeline.sources.source_opening import open_source
from pipeline.tables.remote_files import fetch, is_remote
from pipeline.tables.schema import Schema
from pipeline.windows.spans import Last, Span
from pipeline.workspace.prediction_settings import PredictionSettings

TICK = timedelta(milliseconds=1)  # what every engine tells apart; SQLite nothing finer


@dataclass(frozen=True)
class OwnLog:
    """Rows with a name for people. `columns`: the workspace's schema with id and time as these rows have them."""

    name: str
    source: Source
    columns: Schema


def own_log(opened: Opened) -> OwnLog | None:
    """The log that [predictions] names; None where that is churnops' own."""
    log, spark = opened.settings.predictions, opened.settings.engine.name == "spark"
    columns = named_columns(opened)
    source: Files | DatabaseTable | SparkTable
    if log.table:
        name, url = log.table, from_folder(log.url, opened.workspace.root)
        source = SparkTable(log.table) if spark else DatabaseTable(url, log.table, log.format.timezone)
    elif not log.file:
        return None
    elif spark:
        name, source = Path(log.file).name, SparkTable(f"parquet.`{log.file.replace('`', '``')}`")
    else:
        copy = fetch(log.file) if is_remote(log.file) else None
        place = opened.workspace.root / log.file if copy is None else copy.path
        name, source = place.name, Files(str(place), log.format, copy)
    mapping = column_mapping(log)
    return OwnLog(name, MappedSource(source, mapping) if mapping else source, columns)


def current_file(opened: Opened, file: Path) -> OwnLog:
    """A window that lies in files, under the names of the log or those of the training."""
    columns, mapping = named_columns(opened), column_mapping(opened.settings.predictions)
    source = Files(str(file), opened.settings.data.format)
    return OwnLog(file.name, MappedSource(source, mapping, or_as_trained=True) if mapping else source, columns)


def column_mapping(log: PredictionSettings) -> ColumnMapping:
    """What [predictions] says of the log's names and values."""
    return ColumnMapping(log.columns, log.values)


def named_columns(opened: Opened) -> Schema:
    """The workspace's schema with id and time as [predictions] names them."""
    log, columns = opened.settings.predictions, opened.settings.data.columns
    return columns.model_copy(update={"id": log.id or columns.id, "time": log.time or columns.time})


@dataclass(frozen=True)
class MeantRows:
    """The rows of a window, and how many of the log's are `set_aside` because they are dated in the future."""

    restriction: Restriction
    set_aside: int


def meant_rows(log: OwnLog, opened: Opened, champion: Champion, span: Span | None, segment: tuple[str, str] | None) -> MeantRows:
    """The rows of `span`, by default of `[window] length` before the newest one, or all of them where they have no scoring time.

    Where [predictions] names a column of model versions and any of these rows has the champion's there, the others are left out: the same
    customers may be scored by a second model beside it.

    Raises:
        DataError: nothing was scored in the span, or it was asked for and the rows have no scoring time; all rows are dated in the future;
            the log cannot be read.
    """
    newest = None if log.columns.time is None else last_time(log.source, log.columns)
    set_aside = 0
    if newest is not None:
        latest = latest_meant(opened)
        from_newest = partial(last_time, log.source, log.columns)
        if newest > latest:
            # Only then, because it keeps an index from serving.
            from_newest = partial(from_newest, until=latest)
            set_aside = count_rows(log.source, log.columns, Restriction(since=latest))
        newest = newest_meant(newest, latest, partial(from_newest, 1), log.name)
        since = start_of(span or Last(opened.settings.window.recent), newest, from_newest, opened.ledger, champion, TICK)
        if span is None or isinstance(span, Last):
            since = recent_start(opened, champion, log.columns, since, newest)
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
    return MeantRows(replace(rows, segment=segment), set_aside)


def _any(log: OwnLog, rows: Restriction) -> bool:
    with open_source(log.source, log.columns, rows) as relation:
        return bool(list(relation.rows(f"select 1 from {relation.table} limit 1")))


def from_folder(url: str, root: Path) -> str:
    """A relative path to an SQLite file counts from the workspace's folder, like that of every other file."""
    if not url.startswith("sqlite"):
        return url
    from sqlalchemy import make_url

    file = make_url(url).database
    return url if not file or file == ":memory:" else make_url(url).set(database=str(root / file)).render_as_string(hide_password=False)
