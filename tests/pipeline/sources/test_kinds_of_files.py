"""Whatever kind of file a team's rows lie in, a reference and a window hold the same cells, or both say the same sentence."""

import gzip
import json
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from pipeline.errors import DataError
from pipeline.sources.relation import epoch_of, text_of
from pipeline.sources.source import ALL_ROWS, Files
from pipeline.sources.source_opening import open_source
from pipeline.tables.missing import present
from pipeline.tables.reading import read_raw, typed
from pipeline.tables.schema import Schema

TABLE = pd.DataFrame(
    {
        " who ": ["007", "B2", "C3"],
        "months": [1, 20, None],
        "bill": [29.85, 1e15, 0.1],
        "senior": [True, False, None],
        "since": [date(2024, 1, 31), date(2024, 2, 1), None],
        "plan": ["Größe, klein", None, " dsl"],
    }
).astype({"months": "Int64", "senior": "boolean"})
COLUMNS = Schema(
    target="left", positive="yes", id="who", categorical=("months", "bill", "senior", "since", "plan", *"abc", "a.b", "a.c", "d")
)
NAMES = ["who", "months", "bill", "senior", "since", "plan"]
Cells = list[tuple[str | None, ...]]
CELLS = [
    ("007", "1", 29.85, "True", "2024-01-31", "Größe, klein"),
    ("B2", "20", 1e15, "False", "2024-02-01", None),
    ("C3", None, 0.1, None, None, "dsl"),
]


def objects() -> list[dict[str, object]]:
    cells = TABLE.astype(object).where(TABLE.notna(), None).to_dict("records")
    return [{name: str(cell) if isinstance(cell, date) else cell for name, cell in row.items()} for row in cells]


def lines() -> str:
    return "\n\n".join(json.dumps(row) for row in objects()) + "\n"


def write_excel(path: Path, sheets: dict[str, pd.DataFrame], hidden: str = "") -> None:
    with pd.ExcelWriter(path, engine="xlsxwriter") as book:
        for name, frame in sheets.items():
            frame.to_excel(book, sheet_name=name, index=False)
            if name == hidden:
                book.sheets[name].hide()


WRITERS: dict[str, Callable[[Path], object]] = {
    "t.csv.gz": lambda path: TABLE.to_csv(path, index=False),
    "t.TSV.GZ": lambda path: path.write_bytes(gzip.compress(TABLE.to_csv(index=False, sep="\t").encode("cp1252"))),
    "t.jsonl": lambda path: path.write_text(lines()),
    "t.jsonl.gz": lambda path: path.write_bytes(gzip.compress(lines().encode())),
    "t.json": lambda path: path.write_text("\n" + json.dumps(objects(), indent=1)),
    "lines.json": lambda path: path.write_text(lines()),
    "t.json.gz": lambda path: path.write_bytes(gzip.compress(json.dumps(objects()).encode())),
    "t.xlsx": lambda path: write_excel(path, {"empty": pd.DataFrame(), "notes": TABLE.head(1), "t": TABLE, "u": TABLE}, hidden="notes"),
    "t.parquet": lambda path: TABLE.to_parquet(path),
}


def as_reference(path: Path) -> tuple[list[str], Cells]:
    frame = read_raw(path).frame
    return frame.columns.to_list(), list(frame.itertuples(index=False, name=None))


def as_window(path: Path) -> tuple[list[str], Cells]:
    with open_source(Files(str(path)), COLUMNS, ALL_ROWS) as relation:
        texts = ", ".join(text_of(column, relation.dialect) for column in relation.columns.values())
        return list(relation.columns), [tuple(map(present, row)) for row in relation.rows(f"select {texts} from {relation.table}")]


DOORS = pytest.mark.parametrize("read", [as_reference, as_window])
Door = Callable[[Path], tuple[list[str], Cells]]


@DOORS
@pytest.mark.parametrize("name", WRITERS)
def test_every_kind_of_file_holds_the_same_cells(read: Door, name: str, tmp_path: Path) -> None:
    WRITERS[name](tmp_path / name)
    names, cells = read(tmp_path / name)
    assert names == NAMES
    # Engines write 1e15 in several ways.
    assert [(*row[:2], float(row[2] or "nan"), *row[3:]) for row in cells] == CELLS


@pytest.mark.parametrize("name", ["t.jsonl", "t.json.gz", "t.csv.gz", "t.xlsx"])
def test_a_folder_is_all_its_files(name: str, tmp_path: Path) -> None:
    for part in ("1", "2"):
        (tmp_path / part).mkdir()
        WRITERS[name](tmp_path / part / name)
    names, cells = as_window(tmp_path)
    assert names == NAMES
    assert [row[0] for row in cells] == ["007", "B2", "C3"] * 2


def test_json_files_of_a_folder_may_lack_a_name_and_sheets_may_not(tmp_path: Path) -> None:
    (tmp_path / "1.json").write_text('{"a": 1}')
    (tmp_path / "2.json").write_text('[{"a": 2, "b": 3}]')
    assert as_window(tmp_path) == (["a", "b"], [("1", None), ("2", "3")])
    for part, frame in (("1", TABLE), ("2", TABLE.drop(columns="plan"))):
        write_excel(tmp_path / f"{part}.xlsx", {"t": frame})
    with pytest.raises(DataError, match=r"2.xlsx has other columns than 1.xlsx"):
        as_window(tmp_path / "*.xlsx")


@DOORS
def test_an_object_within_an_object_is_flattened(read: Door, tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text('{"a": {"b": 1, " c ": null}}\n{"a": {"b": 2}, "d": true}\n')
    assert read(tmp_path / "t.json") == (["a.b", "a.c", "d"], [("1", None, None), ("2", None, "True")])


@DOORS
@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.json", '[{"a": 1},\n {"a": [2]}]', "object 2: `a` holds a list"),
        ("t.jsonl", '{"a": 1}\n\n{"a"\n', "t.jsonl, line 3: not JSON"),
        ("t.xlsx", "a,b", "t.xlsx is not a readable Excel workbook"),
        ("t.csv.gz", "a,b", "t.csv.gz is not a whole gzip file"),
        ("t.docx", "a,b", "t.docx is no table that churnops reads"),
        ("gone.csv", None, "There is no file"),
    ],
)
def test_both_doors_refuse_other_kinds_in_the_same_words(read: Door, name: str, content: str | None, said: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=said):
        read(tmp_path / name)


@DOORS
def test_an_empty_workbook_and_one_with_a_header_alone_are_refused(read: Door, tmp_path: Path) -> None:
    write_excel(tmp_path / "t.xlsx", {"t": pd.DataFrame()})
    with pytest.raises(DataError, match=r"t.xlsx is empty"):
        read(tmp_path / "t.xlsx")
    write_excel(tmp_path / "t.xlsx", {"t": TABLE.head(0)})
    with pytest.raises(DataError, match=r"t.xlsx has no rows"):
        read(tmp_path / "t.xlsx")


@DOORS
def test_without_its_extra_excel_names_the_command(read: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    WRITERS["t.xlsx"](tmp_path / "t.xlsx")
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    with pytest.raises(DataError, match=r"pip install 'churnops\[excel\]'"):
        read(tmp_path / "t.xlsx")


def test_sheets_that_are_not_read_are_known(tmp_path: Path) -> None:
    WRITERS["t.xlsx"](tmp_path / "t.xlsx")
    assert read_raw(tmp_path / "t.xlsx").unread_sheets == ("u",)


def test_times_of_a_workbook_are_times(tmp_path: Path) -> None:
    moments = [pd.Timestamp("2024-01-31 10:00:30"), pd.Timestamp("2024-02-01")]
    write_excel(tmp_path / "t.xlsx", {"t": pd.DataFrame({"at": moments, "x": [1, 2]})})
    columns = Schema(target="t", positive="1", time="at", numerical=("x",))
    assert typed(read_raw(tmp_path / "t.xlsx"), columns, with_target=False)["at"].to_list() == [
        pd.Timestamp(at, tz="UTC") for at in moments
    ]
    with open_source(Files(str(tmp_path / "t.xlsx")), columns, ALL_ROWS) as relation:
        assert relation.time is not None
        seconds = relation.one(
            f"select min({epoch_of(relation, relation.time)}), max({epoch_of(relation, relation.time)}) from {relation.table}"
        )
    assert seconds == tuple(at.timestamp() for at in moments)


def test_a_folder_or_pattern_without_tables_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no table"):
        as_window(tmp_path)
    for name in ("a.csv", "b.jsonl"):
        (tmp_path / name).write_text('{"a": 1}\n{"a": 2}\n')
    with pytest.raises(DataError, match=r"different kinds: a.csv and b.jsonl"):
        as_window(tmp_path)
    assert as_reference(tmp_path / "b.jsonl")[0] == ["a"]
    with pytest.raises(DataError, match="There is no file or folder"):
        as_window(tmp_path / "*.tsv")
