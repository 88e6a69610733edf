"""Delimited text files as teams really export them: found out from the file's bytes, not asked for."""

import codecs
import csv
import io
import re
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import DataError
from pipeline.tables.file_format import FileFormat

if TYPE_CHECKING:
    import _csv

    import pandas as pd

    from pipeline.tables.cell import Decimal

_DELIMITERS = ",;\t|"
_SNIFFED_RECORDS = 1_000
_COMMA_GROUPS = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+")
_DOT_GROUPS = re.compile(r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+")
_COMMA_NUMBER = re.compile(r"[+-]?\d+,\d+|[+-]?\d{1,3}(?:\.\d{3})+,\d+")
_DOT_NUMBER = re.compile(r"[+-]?\d*\.\d+|[+-]?\d{1,3}(?:,\d{3})+\.\d+")


def read_delimited(path: Path, fmt: FileFormat) -> "tuple[pd.DataFrame, FileFormat]":
    """The file's cells as text, unchanged, and how the file is written; as `found_format`."""
    import pandas as pd

    text, header, found = _opened(path, fmt)
    try:
        frame = pd.read_csv(
            io.StringIO(text),
            sep=found.delimiter,
            header=0,
            names=range(len(header)),
            dtype=str,
            keep_default_na=False,
            skipinitialspace=True,
        )
    except pd.errors.ParserError as error:
        raise _never_ends(path) from error
    frame.columns = pd.Index(name or f"Unnamed: {position}" for position, name in enumerate(header))
    return frame, found


def found_format(path: Path, fmt: FileFormat) -> FileFormat:
    """How the file is written. Whatever `fmt` says already is believed.

    Encoding: a byte order mark decides, else UTF-8, else Windows-1252. Delimiter: of `,` `;` tab and `|` the one that gives the most
    records as many fields as the header, then the most fields. Decimal mark: see `_decimal`.

    Raises:
        DataError: not text, an unknown encoding, no row, or a record with more or fewer fields.
    """
    return _opened(path, fmt)[2]


def _opened(path: Path, fmt: FileFormat) -> tuple[str, list[str], FileFormat]:
    """The file's text, its columns' names, and how it is written."""
    text, encoding = decode(path, fmt.encoding)
    delimiter = fmt.delimiter or _delimiter(text)
    try:
        header = _check_widths(path, text, delimiter)
        decimal = fmt.decimal or _decimal(text, delimiter)
    except csv.Error as error:
        raise _never_ends(path) from error
    return text, header, FileFormat(delimiter=delimiter, decimal=decimal, encoding=encoding, timezone=fmt.timezone)


def _never_ends(path: Path) -> DataError:
    return DataError(f"{path.name} cannot be read as a table: a quoted field never ends.", "Look for an unpaired quote in it.")


def decode(path: Path, encoding: str) -> tuple[str, str]:
    """The file's text without a byte order mark, and its encoding; `encoding` empty means: find out.

    Raises:
        DataError: an unknown encoding, or bytes that are no text.
    """
    content = path.read_bytes()
    try:
        candidates = [codecs.lookup(encoding).name] if encoding else _encodings(content)
    except LookupError as error:
        raise DataError(f"There is no text encoding called `{encoding}`.", "Use a name such as utf-8 or cp1252.") from error
    for candidate in candidates:
        try:
            text = content.decode(candidate).removeprefix("\ufeff")
        except UnicodeError:
            continue
        if "\0" not in text:
            return text, candidate
    raise DataError(
        f"{path.name} is not text ({' or '.join(candidates)}).", "Export it again as UTF-8, or set `encoding` in churnops.toml."
    )


def _encodings(content: bytes) -> list[str]:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ["utf-16"]
    return ["utf-8", "cp1252"]


def _delimiter(text: str) -> str:
    def quality(delimiter: str) -> tuple[float, int]:
        widths = Counter[int]()
        header = 0
        try:
            for number, record in enumerate(_records(text, delimiter)):
                header = header or len(record)
                widths[len(record)] += 1
                if number >= _SNIFFED_RECORDS:
                    break
        except csv.Error:
            return 0, 0
        return (widths[header] / widths.total(), header) if header > 1 else (0, 0)

    return max(_DELIMITERS, key=quality)


def _records(text: str, delimiter: str) -> "_csv.Reader":
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)


def _check_widths(path: Path, text: str, delimiter: str) -> list[str]:
    if not text.strip():
        raise DataError(f"{path.name} is empty.", "Export it again.")
    # pandas fills short records with blanks and takes a long first record for an index, both in silence.
    records = _records(text, delimiter)
    header = [name.strip() for name in next(records, [])]
    begins = records.line_num + 1
    rows = 0
    for record in records:
        blank = not record or (len(record) == 1 and not record[0].strip())
        if not blank and len(record) != len(header):
            raise DataError(
                f"{path.name}, line {begins}: {len(record)} fields where the header has {len(header)}.",
                "Mend that line, or quote fields that hold the delimiter.",
            )
        rows += not blank
        begins = records.line_num + 1
    if not rows:
        raise DataError(f"{path.name} has a header but no rows.", "Export the rows as well.")
    return header


def _decimal(text: str, delimiter: str) -> "Decimal":
    """The decimal mark, from the cells of the first rows.

    Cells that can be read only one way vote: "12,5" and "1.234,5" for the comma, "12.5" and "1,234.5" for the dot; "1,234" and "1.234"
    are thousands or thousandths and do not. Without votes, "1,234" counts as thousandths where the delimiter is `;`, which spreadsheets
    write exactly where the comma is the decimal mark, and as thousands elsewhere; "1.234" counts as thousandths.
    """
    commas = dots = unclear = 0
    for record in islice(_records(text, delimiter), 1, 1 + _SNIFFED_RECORDS):
        for cell in map(str.strip, record):
            if "," not in cell and "." not in cell:
                continue
            unclear += _COMMA_GROUPS.fullmatch(cell) is not None
            commas += _COMMA_NUMBER.fullmatch(cell) is not None and not _COMMA_GROUPS.fullmatch(cell)
            dots += _DOT_NUMBER.fullmatch(cell) is not None and not _DOT_GROUPS.fullmatch(cell)
    if commas or dots:
        return "," if commas > dots else "."
    return "," if unclear and delimiter == ";" else "."
