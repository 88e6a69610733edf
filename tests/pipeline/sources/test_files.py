"""Delimited files at both doors: what a reference accepts a window accepts, with the same cells, and the other way round."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.errors import DataError
from pipeline.sources.source import ALL_ROWS, Files
from pipeline.sources.source_opening import open_source
from pipeline.tables.file_format import TO_FIND_OUT, FileFormat
from pipeline.tables.missing import present
from pipeline.tables.reading import read_raw
from pipeline.tables.schema import Schema

COLUMNS = Schema(target="t", positive="1", categorical=("a", "b", "A", "Unnamed: 0", "Unnamed: 2"))
Cells = list[tuple[str | None, ...]]


def as_reference(path: Path, fmt: FileFormat) -> tuple[list[str], Cells]:
    frame = read_raw(path, fmt).frame
    return frame.columns.to_list(), list(frame.itertuples(index=False, name=None))


def as_window(path: Path, fmt: FileFormat) -> tuple[list[str], Cells]:
    with open_source(Files(str(path), fmt), COLUMNS, ALL_ROWS) as relation:
        columns = ", ".join(column.name for column in relation.columns.values())
        cells = relation.rows(f"select {columns} from {relation.table}")
        return list(relation.columns), [tuple(map(present, row)) for row in cells]


DOORS = pytest.mark.parametrize("read", [as_reference, as_window])
Door = Callable[[Path, FileFormat], tuple[list[str], Cells]]


@DOORS
@pytest.mark.parametrize(
    ("content", "names", "cells"),
    [
        pytest.param("a,b\n1,2\n3,4", "ab", [("1", "2"), ("3", "4")], id="no newline at the end"),
        pytest.param("a,b\r\n1,2\r\n3,4\r\n", "ab", [("1", "2"), ("3", "4")], id="CRLF"),
        pytest.param("a,b\r\n1,2\n3,4\r\n", "ab", [("1", "2"), ("3", "4")], id="two kinds of line end"),
        pytest.param("a,b\r1,2\r3,4\r", "ab", [("1", "2"), ("3", "4")], id="CR alone"),
        pytest.param("\n\na,b\n\n1,2\n\n\n3,4\n\n", "ab", [("1", "2"), ("3", "4")], id="blank lines"),
        pytest.param("a,b\n1,2\n   \n3,4\n  ", "ab", [("1", "2"), ("3", "4")], id="lines of blanks"),
        pytest.param("a, b\n1, 2\n3, \"4, 5\"\n6,   '7\n", "ab", [("1", "2"), ("3", "4, 5"), ("6", "'7")], id="blanks after the delimiter"),
        pytest.param('a,b\n"1",   "2"\n  "3","4"\n', "ab", [("1", "2"), ("3", "4")], id="blanks before a quote"),
        pytest.param('a,b\n"1\n\r\n1","say ""2"""\n', "ab", [("1\n\r\n1", 'say "2"')], id="quoted line ends and quotes"),
        pytest.param('a,b\n5" pipe,"x"y\n', "ab", [('5" pipe', "xy")], id="quotes where none belong"),
        pytest.param("a,b\n,\nNA, \n", "ab", [(None, None), (None, None)], id="gaps"),
        pytest.param("a,b\n1,2,\n3,4\n", "ab", [("1", "2"), ("3", "4")], id="a delimiter at the end"),
        pytest.param("a,b\r\n1,2,\n3,4\n", "ab", [("1", "2"), ("3", "4")], id="a delimiter and two kinds of line end"),
        pytest.param('"a\n",b\r\n1,2\r\n3,4\r\n', "ab", [("1", "2"), ("3", "4")], id="a line end in the header"),
        pytest.param(' a,"b\r\n"\n1,2\n3,4\n', "ab", [("1", "2"), ("3", "4")], id="another one behind a blank"),
        pytest.param("a ,\tb \n1,2\n", "ab", [("1", "2")], id="header with blanks"),
        pytest.param(",b,\n1,2,3\n", ["Unnamed: 0", "b", "Unnamed: 2"], [("1", "2", "3")], id="columns without a name"),
        pytest.param("a,A\n1,2\n", "aA", [("1", "2")], id="names that differ in case alone"),
        pytest.param("\ufeff\"a\",b\nä,2\n", "ab", [("ä", "2")], id="byte order mark"),
        pytest.param("a;b\nä;2\n".encode("cp1252"), "ab", [("ä", "2")], id="Windows-1252"),
        pytest.param("a\tb\nä\t2\n".encode("utf-16"), "ab", [("ä", "2")], id="UTF-16"),
        pytest.param(b"a,b\n" + b"x,2\n" * 20_000 + b"\xe4,2\n", "ab", [*[("x", "2")] * 20_000, ("ä", "2")], id="a late umlaut"),
        pytest.param("a\n1\n2\n", "a", [("1",), ("2",)], id="one column"),
    ],
)  # fmt: skip
def test_both_doors_read_the_same_cells(read: Door, content: str | bytes, names: str | list[str], cells: Cells, tmp_path: Path) -> None:
    path = tmp_path / "odd [1]*.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert read(path, TO_FIND_OUT) == (list(names), cells)


@DOORS
@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        (" \n\n", "is empty"),
        ("a,b\n", "has a header but no rows"),
        ("a,b\n\n\n", "has a header but no rows"),
        ("a,b,a\n1,2,3\n", "more than one column named `a`"),
        ("a,b\n1,2\n3,4,5\n6,7\n", "line 3: 3 fields where the header has 2"),
        ('a,b\n\n"1\n1",2\n3\n', "line 5: 1 fields where the header has 2"),
        ('a,b\n1,"2\n3,4\n', "a quoted field never ends"),
        ('a,b\n1,"' + "x" * 200_000, "a quoted field never ends"),
        (b"PK\x03\x04\x00\x00\x81\x8d", r"is not text \(utf-8 or cp1252\)"),
    ],
)
def test_both_doors_refuse_in_the_same_words(read: Door, content: str | bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=said):
        read(path, TO_FIND_OUT)


@DOORS
@pytest.mark.parametrize("encoding", ["utf-99", "hex"])
def test_both_doors_refuse_an_unknown_encoding(read: Door, encoding: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=f"no text encoding called `{encoding}`"):
        read(tmp_path / "a.csv", FileFormat(encoding=encoding))


def test_each_file_of_a_folder_has_its_own_encoding(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_bytes(b"a;b\nx;1\n")
    (tmp_path / "2.csv").write_bytes("a;b\nä;2\n".encode("cp1252"))
    assert as_window(tmp_path, TO_FIND_OUT) == (["a", "b"], [("x", "1"), ("ä", "2")])


@DOORS
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, read: Door, kind: str) -> None:
    odd = tmp_path / "t.csv"
    if kind == "pipe":
        os.mkfifo(odd)
    else:
        odd.symlink_to("/dev/zero")
    with pytest.raises(DataError, match="is a pipe or a device, no file"):
        read(odd, TO_FIND_OUT)
