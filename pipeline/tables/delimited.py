"""Delimited text files as teams really export them: found out from the file's text, not asked for, and brought to Parquet by DuckDB."""

import csv
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import DataError
from pipeline.tables.connection import listed, quoted
from pipeline.tables.file_format import FileFormat
from pipeline.tables.text_file import TextFile, find_text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from pipeline.tables.cell_numbers import Decimal

_DELIMITERS = ",;\t|"
_SNIFFED_RECORDS = 1_000
_END = "\0"  # no text holds it
_COMMA_GROUPS = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+")
_DOT_GROUPS = re.compile(r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+")
_COMMA_NUMBER = re.compile(r"[+-]?\d+,\d+|[+-]?\d{1,3}(?:\.\d{3})+,\d+")
_DOT_NUMBER = re.compile(r"[+-]?\d*\.\d+|[+-]?\d{1,3}(?:,\d{3})+\.\d+")


@dataclass(frozen=True)
class Staged:
    """Delimited text as Parquet: the columns `c0`, `c1` and so on of `file` hold the cells of the columns called `names`, as text and
    unchanged, null where they are empty. `format` is how the text is written."""

    file: Path
    names: tuple[str, ...]
    format: FileFormat


def stage(
    connection: "DuckDBPyConnection", paths: Sequence[Path], folder: Path, told: FileFormat, wanted: Collection[str] | None = None
) -> Staged:
    """Write the records of all files, in order, to Parquet in `folder`; of the columns those `wanted`, or all.

    What `told` says of how the files are written is believed. Encoding: see `find_text`, each file's own. Delimiter: of `,` `;` tab and `|`
    the one that gives the most records of the first file as many fields as its header, then the most fields. Decimal mark: see `_decimal`.
    Blank lines are no records, and empty fields behind the last column are nothing.

    Raises:
        DataError: not text, an unknown encoding, no row, a record with more or fewer fields, a quoted field that never ends, two columns of
            one name, or files with different columns.
    """
    import duckdb

    texts = [find_text(path, told.encoding) for path in paths]
    delimiter = told.delimiter or _delimiter(texts[0])
    names = _header(texts[0], delimiter)
    require_unique(names, paths[0].name)
    require_same_columns({text.path: _header(text, delimiter) for text in texts})
    decimal = told.decimal or _decimal(texts[0], delimiter)
    found = FileFormat(delimiter=delimiter, decimal=decimal, encoding=texts[0].encoding, timezone=told.timezone)
    staged = Staged(folder / "staged.parquet", names, found)

    def rewritten(text: TextFile) -> Path:
        return _rewritten(text, delimiter, len(names), folder / f"{texts.index(text)}.csv")

    try:
        rows = _copy(connection, [text.path if text.plain else rewritten(text) for text in texts], staged, wanted)
    except duckdb.Error:
        rows = 0
    # None also where the header holds a line end of another kind than the records have.
    if not rows and not _copy(connection, [rewritten(text) for text in texts], staged, wanted):
        raise DataError(f"{paths[0].name} has a header but no rows.", "Export the rows as well.")
    return staged


def require_unique(names: Iterable[str], file: str) -> None:
    """
    Raises:
        DataError: the file has two columns of one name.
    """
    name, times = Counter(names).most_common(1)[0]
    if times > 1:
        raise DataError(f"{file} has more than one column named `{name}`.", "Rename all but one.")


def require_same_columns(columns: Mapping[Path, tuple[str, ...]]) -> None:
    """
    Raises:
        DataError: a file has other columns than the first.
    """
    first, *others = columns.items()
    if different := next((path for path, names in others if names != first[1]), None):
        raise DataError(
            f"{different.name} has other columns than {first[0].name}.", "Export all files with the same columns in the same order."
        )


def _copy(connection: "DuckDBPyConnection", paths: Sequence[Path], staged: Staged, wanted: Collection[str] | None) -> int:
    """The number of rows staged."""
    # By position: DuckDB takes names that differ in case alone for the same.
    types = ", ".join(f"c{place}: 'VARCHAR'" for place in range(len(staged.names)))
    kept = ", ".join(f"c{place}" for place, name in enumerate(staged.names) if wanted is None or name in wanted) or "c0"
    written = f"delim = {quoted(staged.format.delimiter)}, quote = '\"', escape = '\"', header = true, auto_detect = false"
    table = f"read_csv([{listed(paths)}], columns = {{{types}}}, {written})"
    target = quoted(str(staged.file))
    ((rows,),) = connection.execute(f"copy (select {kept} from {table}) to {target} (format parquet, preserve_order true)").fetchall()
    return int(rows)


def _rewritten(text: TextFile, delimiter: str, width: int, copy: Path) -> Path:
    """The same records as DuckDB takes them: in UTF-8, with one kind of line end, without lines of blanks, blanks before a quote or text
    behind one. What cannot be read is refused with its line."""
    with copy.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, delimiter=delimiter)
        # DuckDB skips the header, but would take its line ends for those of the records.
        writer.writerow(range(width))
        for line, record in islice(_records(text, delimiter), 1, None):
            if len(record) < width or any(record[width:]):
                raise DataError(
                    f"{text.path.name}, line {line}: {len(record)} fields where the header has {width}.",
                    "Correct that line, or quote fields that hold the delimiter.",
                )
            writer.writerow(record[:width])
    return copy


def _records(text: TextFile, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each record but blank lines, and the line it begins in, from 1."""
    with text.open() as stream:
        reader = csv.reader(chain(stream, (_END,)), delimiter=delimiter, skipinitialspace=True)
        begins = 1
        try:
            for record in reader:
                if record == [_END]:
                    return
                if len(record) > 1 or "".join(record).strip():
                    yield begins, record
                begins = reader.line_num + 1
        except csv.Error:
            pass  # a field too long to be one
    raise DataError(f"{text.path.name} cannot be read as a table: a quoted field never ends.", "Look for an unpaired quote in it.")


def _header(text: TextFile, delimiter: str) -> tuple[str, ...]:
    _, record = next(_records(text, delimiter), (0, []))
    if not record:
        raise DataError(f"{text.path.name} is empty.", "Export it again.")
    names = [name.removeprefix("\ufeff").strip() for name in record]
    return tuple(name or f"Unnamed: {position}" for position, name in enumerate(names))


def _delimiter(text: TextFile) -> str:
    def quality(delimiter: str) -> tuple[float, int]:
        try:
            widths = [len(record) for _, record in islice(_records(text, delimiter), _SNIFFED_RECORDS)]
        except DataError:
            return 0, 0
        return (widths.count(widths[0]) / len(widths), widths[0]) if widths and widths[0] > 1 else (0, 0)

    return max(_DELIMITERS, key=quality)


def _decimal(text: TextFile, delimiter: str) -> "Decimal":
    """The decimal mark, from the cells of the first rows.

    Cells that can be read only one way vote: "12,5" and "1.234,5" for the comma, "12.5" and "1,234.5" for the dot; "1,234" and "1.234"
    are thousands or thousandths and do not. Without votes, "1,234" counts as thousandths where the delimiter is `;`, which spreadsheets
    write exactly where the comma is the decimal mark, and as thousands elsewhere; "1.234" counts as thousandths.
    """
    commas = dots = unclear = 0
    first = islice(_records(text, delimiter), 1, 1 + _SNIFFED_RECORDS)
    for cell in (cell.strip() for _, record in first for cell in record if "," in cell or "." in cell):
        unclear += _COMMA_GROUPS.fullmatch(cell) is not None
        commas += _COMMA_NUMBER.fullmatch(cell) is not None and not _COMMA_GROUPS.fullmatch(cell)
        dots += _DOT_NUMBER.fullmatch(cell) is not None and not _DOT_GROUPS.fullmatch(cell)
    if commas or dots:
        return "," if commas > dots else "."
    return "," if unclear and delimiter == ";" else "."
