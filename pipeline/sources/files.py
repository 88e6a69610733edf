"""CSV and Parquet files as a source. Parquet is read where it lies; text is brought to Parquet once, because every column is a query."""

import codecs
import csv
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import DataError
from pipeline.sources.duckdb import DUCKDB, columns_of, connected, parquet, quoted, run_in
from pipeline.sources.relation import Column, Relation
from pipeline.sources.source import Files, Restriction
from pipeline.tables.cell import Decimal
from pipeline.tables.delimited import found_format
from pipeline.tables.file_format import FileFormat
from pipeline.tables.schema import Schema

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_DELIMITED = (".csv", ".txt", ".tsv")
_PARQUET = (".parquet", ".pq")
_STAGED = "staged.parquet"
_HEAD_BYTES = 4_000_000
_COMMA_NUMBER = "case when position('.' in {0}) = 0 then try_cast(replace({0}, ',', '.') as double) end"


@contextmanager
def open_files(source: Files, schema: Schema, restriction: Restriction) -> Iterator[Relation]:
    """Files as a relation; see `open_source`."""
    paths = _paths(source.path)
    with connected(source.path, source.format.timezone) as (connection, folder):
        columns, dialect = {}, DUCKDB
        decimal: Decimal = "."
        if paths[0].suffix.lower() in _PARQUET:
            columns = columns_of(connection, parquet(paths))
        else:
            wanted = {*schema.features, schema.id, schema.time, *(restriction.segment or ())[:1], *(restriction.version or ())[:1]}
            try:
                written = _found_format(paths[0], folder, source.format)
                columns = _stage(connection, paths, folder, written, wanted)
            except (UnicodeError, LookupError) as error:
                raise DataError(f"{source.path} is not text in its encoding.", "Mend `encoding` in churnops.toml.") from error
            except OSError as error:
                raise DataError(f"{source.path} cannot be read: {error.strerror}.", "Give your user read access to it.") from error
            paths, decimal = [folder / _STAGED], written.decimal or "."
            dialect = replace(DUCKDB, number=_COMMA_NUMBER) if decimal == "," else DUCKDB
        yield Relation(
            dialect=dialect,
            columns=columns,
            id=columns.get(schema.id or ""),
            time=columns.get(schema.time or ""),
            table=parquet(paths),
            run=run_in(connection),
            decimal=decimal,
            timezone=source.format.timezone,
        )


def _paths(pattern: str) -> list[Path]:
    """The files meant, in order; all of one kind."""
    named = Path(pattern)
    if named.is_dir():
        # Spark and others write beside the data what begins so: unfinished parts, checksums.
        below = (
            path for path in sorted(named.rglob("*")) if not any(part.startswith(("_", ".")) for part in path.relative_to(named).parts)
        )
        found = [path for path in below if path.suffix.lower() in (*_PARQUET, *_DELIMITED)]
    else:
        found = [named] if named.exists() else sorted(Path(named.anchor).glob(str(named.relative_to(named.anchor))))
    kinds = {path.suffix.lower() in _PARQUET for path in found}
    other = [path for path in found if path.suffix.lower() not in (*_PARQUET, *_DELIMITED)]
    if not found or other or len(kinds) > 1:
        said = f"holds `{other[0].name}`, which is neither" if other else "mixes both" if found else "has none"
        raise DataError(f"{pattern} should name CSV or Parquet files, but {said}.", "Name one kind of file.")
    return found


def _found_format(path: Path, folder: Path, told: FileFormat) -> FileFormat:
    """How the file is written: as told, the rest found out from its beginning."""
    if told.delimiter and told.decimal and told.encoding:
        return told
    head = folder / path.name
    with path.open("rb") as stream:
        content = stream.read(_HEAD_BYTES)
        if stream.read(1):
            # Not in the middle of a record, nor of a character.
            end = content.rfind(b"\n") + 1
            content = content[: end + end % 2 if content.startswith(codecs.BOM_UTF16_LE) else end]
        head.write_bytes(content)
    return found_format(head, told)


def _stage(
    connection: "DuckDBPyConnection", paths: list[Path], folder: Path, written: FileFormat, wanted: set[str | None]
) -> dict[str, Column]:
    """Write the wanted columns as text to Parquet; returns all columns of the file, by stripped name."""
    headers = [_header(path, written) for path in paths]
    different = next((path for path, header in zip(paths, headers, strict=True) if header != headers[0]), None)
    if different is not None:
        raise DataError(
            f"{different.name} has other columns than {paths[0].name}.", "Export all files with the same columns in the same order."
        )
    # By position: DuckDB takes names that differ in case alone for the same.
    columns = {name: Column(f"c{position}", "text") for position, name in enumerate(headers[0])}
    if len(columns) < len(headers[0]):
        raise DataError(f"{paths[0].name} has two columns of one name.", "Rename one.")
    listed = ", ".join(quoted(str(path)) for path in _as_utf8(paths, folder, written.encoding))
    types = ", ".join(f"{column.name}: 'VARCHAR'" for column in columns.values())
    kept = ", ".join(column.name for name, column in columns.items() if name in wanted) or "c0"
    read = f"columns = {{{types}}}, delim = {quoted(written.delimiter)}, quote = '\"', escape = '\"', header = true, auto_detect = false"
    table = f"read_csv([{listed}], {read})"
    connection.execute(f"copy (select {kept} from {table}) to {quoted(str(folder / _STAGED))} (format parquet, preserve_order true)")
    return columns


def _header(path: Path, written: FileFormat) -> list[str]:
    with path.open(encoding=written.encoding, newline="") as stream:
        record = next(csv.reader(stream, delimiter=written.delimiter, skipinitialspace=True), [])
    names = [name.removeprefix("\ufeff").strip() for name in record]
    return [name or f"Unnamed: {position}" for position, name in enumerate(names)]


def _as_utf8(paths: list[Path], folder: Path, encoding: str) -> list[Path]:
    """The same texts in the encoding DuckDB reads."""
    if codecs.lookup(encoding).name in ("utf-8", "ascii"):
        return paths
    copies = [folder / f"{number}.csv" for number in range(len(paths))]
    for path, copy in zip(paths, copies, strict=True):
        with path.open(encoding=encoding, newline="") as stream, copy.open("w", encoding="utf-8", newline="") as out:
            shutil.copyfileobj(stream, out)
    return copies
