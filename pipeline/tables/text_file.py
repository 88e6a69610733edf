"""A file of text in the encoding that its bytes speak for."""

import codecs
import gzip
import io
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TextIO, cast

from pipeline.errors import DataError
from pipeline.tables.file_format import GZIP

_CHUNK = 1 << 16
_NO_TEXT = "\0"
# `csv` skips the blanks before a quote. DuckDB skips one behind a delimiter, and takes more of them, and the quotes then, for text.
_BLANKS_BEFORE_QUOTE = ('  "', '\n "')
_BLANK_START = "\n"  # DuckDB may take a second blank line for the header


@dataclass(frozen=True)
class TextFile:
    """A file and its encoding, by Python's name. `plain`: DuckDB reads it as `csv` does, in UTF-8, with no blanks at its start
    or before a quote, but for one behind a delimiter."""

    path: Path
    encoding: str
    plain: bool = False

    def open(self) -> TextIO:
        """Its text, without a byte order mark and with the line ends that it has."""
        encoding = "utf-8-sig" if self.encoding == "utf-8" else self.encoding
        return io.TextIOWrapper(_bytes_of(self.path), encoding=encoding, newline="")


def find_text(path: Path, encoding: str) -> TextFile:
    """The file as text in this encoding; empty means: a byte order mark decides, else UTF-8 where all bytes are, else Windows-1252.

    Raises:
        DataError: an unknown encoding, or bytes that are no text, or torn where they are compressed.
    """
    try:
        candidates = [codecs.lookup(encoding).name] if encoding else _candidates(path)
        for text in (TextFile(path, candidate) for candidate in candidates):
            marks = _marks(text)
            if _NO_TEXT not in marks:
                return replace(text, plain=not marks and text.encoding in ("utf-8", "ascii"))
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{path.name} is not a whole gzip file.", "Export it again, and look whether its transfer was cut off.") from error
    except LookupError as error:
        raise DataError(f"There is no text encoding called `{encoding}`.", "Use a name such as utf-8 or cp1252.") from error
    raise DataError(
        f"{path.name} is not text ({' or '.join(candidates)}).", "Export it again as UTF-8, or set `encoding` in churnops.toml."
    )


def _bytes_of(path: Path) -> IO[bytes]:
    """The file's bytes, without their compression."""
    return cast(IO[bytes], gzip.open(path)) if path.name.lower().endswith(GZIP) else path.open("rb")


def _candidates(path: Path) -> list[str]:
    with _bytes_of(path) as stream:
        return ["utf-16"] if stream.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else ["utf-8", "cp1252"]


def _marks(text: TextFile) -> set[str]:
    """What stands in a file and decides how it is read."""
    try:
        with text.open() as stream:
            found = {_BLANK_START} if stream.read(1).isspace() else set()
            stream.seek(0)
            while chunk := stream.read(_CHUNK):
                # One character is found at once; most files have no quotes to look before.
                marks = (_NO_TEXT, *_BLANKS_BEFORE_QUOTE) if '"' in chunk else (_NO_TEXT,)
                found |= {mark for mark in marks if mark in chunk}
    except UnicodeError:
        return {_NO_TEXT}
    return found
