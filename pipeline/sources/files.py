"""Files as a source. Parquet is read where it lies; everything else is brought to Parquet once, because every column is a query."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from pipeline.errors import DataError
from pipeline.sources.duckdb import DUCKDB, columns_of, parquet, run_in
from pipeline.sources.relation import Column, Relation
from pipeline.sources.source import Files, Restriction
from pipeline.sources.written_times import dated
from pipeline.tables.cell_numbers import Decimal
from pipeline.tables.connection import connected
from pipeline.tables.delimited import stage
from pipeline.tables.delta_log import current_files, is_delta
from pipeline.tables.file_format import ENDINGS, kind_of
from pipeline.tables.schema import Schema

_COMMA_NUMBER = "case when position('.' in {0}) = 0 then try_cast(replace({0}, ',', '.') as double) end"


@contextmanager
def open_files(source: Files, schema: Schema, restriction: Restriction) -> Iterator[Relation]:
    """Files as a relation; see `open_source`."""
    paths, partitions = _paths(source.path)
    with connected(source.path, source.format.timezone) as (connection, folder):
        decimal: Decimal = "."
        kind = kind_of(paths[0].name)
        if kind == "parquet":
            columns = columns_of(connection, parquet(paths, bool(partitions)))
            # The engine takes any folder further up for a partition as well.
            above = set(_named_by(paths[0].parts)) - set(partitions) if partitions else set()
            columns = {name: column for name, column in columns.items() if name not in above}
        else:
            wanted = {*schema.features, schema.id, schema.time, *(restriction.segment or ())[:1], *(restriction.version or ())[:1]}
            try:
                if kind == "delimited":
                    staged = stage(connection, paths, folder, source.format, wanted)
                else:
                    from pipeline.tables.staged_rows import stage_rows

                    staged = stage_rows(paths, folder, source.format)
            except OSError as error:
                raise DataError(f"{source.path} cannot be read: {error.strerror}.", "Give your user read access to it.") from error
            columns = {name: Column(f"c{place}", "text") for place, name in enumerate(staged.names)}
            paths, decimal = [staged.file], staged.format.decimal or "."
        relation = Relation(
            dialect=replace(DUCKDB, number=_COMMA_NUMBER) if decimal == "," else DUCKDB,
            columns=columns,
            id=columns.get(schema.id or ""),
            time=columns.get(schema.time or ""),
            table=parquet(paths, bool(partitions)),
            run=run_in(connection),
            decimal=decimal,
            timezone=source.format.timezone,
        )
        yield dated(relation, connection, folder, Path(source.path).name)


def _paths(pattern: str) -> tuple[list[Path], tuple[str, ...]]:
    """The files meant, in order, all of one kind; and the columns that the folders of Parquet files name, as in `day=2026-11-01`."""
    named = there = Path(pattern)
    if is_delta(named):
        found = current_files(named)
    elif named.is_dir():
        # Spark and others write beside the data what begins so: unfinished parts, checksums.
        below = (
            path for path in sorted(named.rglob("*")) if not any(part.startswith(("_", ".")) for part in path.relative_to(named).parts)
        )
        found = [path for path in below if kind_of(path.name) is not None]
        if not found:
            raise DataError(f"The folder {pattern} holds no table.", f"Names of tables end in {ENDINGS}.")
    else:
        # What there is stands for itself: a folder's name may hold a `?` or `[`.
        there = next(folder for folder in (named, *named.parents) if folder.exists())
        found = [named] if there == named else sorted(there.glob(str(named.relative_to(there))))
        if not found:
            raise DataError(f"There is no file or folder {pattern}.", "Check the path; a relative one counts from where you are.")
    if other := next((path for path in found if kind_of(path.name) is None), None):
        raise DataError(f"{other} is no table that churnops reads, by its ending.", f"Supported are {ENDINGS}.")
    if odd := next((path for path in found if path.exists() and not (path.is_file() or path.is_dir())), None):
        raise DataError(f"{odd} is a pipe or a device, no file.", "Write the rows into a file.")
    first, *others = found
    kind = kind_of(first.name)
    if different := next((path for path in others if kind_of(path.name) != kind), None):
        raise DataError(f"{pattern} holds tables of different kinds: {first.name} and {different.name}.", "Name one kind of file.")
    partitions = {_named_by(path.relative_to(there).parts[:-1]) for path in found} if kind == "parquet" else {()}
    if len(partitions) > 1:
        raise DataError(f"The files of {pattern} are partitioned by different columns.", "Name a folder where all have the same.")
    return found, partitions.pop()


def _named_by(folders: Sequence[str]) -> tuple[str, ...]:
    return tuple(folder.partition("=")[0] for folder in folders if "=" in folder)
