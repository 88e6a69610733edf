"""Tables from the files teams have: whatever the export looks like, the same customers come out, or one clear sentence."""

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from pipeline.errors import DataError
from pipeline.sources.rows import rows_of
from pipeline.sources.source import ALL_ROWS, Files
from pipeline.tables.file_format import FileFormat
from pipeline.tables.reading import raw_of, read_raw, typed
from pipeline.tables.schema import Schema

COLUMNS = Schema(target="left", positive="yes", id="who", time="at", numerical=("months", "bill"), categorical=("plan", "senior"))
HEADER = ["who", "at", "months", "bill", "plan", "senior", "left"]
ROWS = [
    ["A1", "2024-01-31", "12", "29.85", "Größe, klein", "1", "yes"],
    ["B2", "2024-02-01", "", "1234.5", 'two\nlines and "quotes"', "", "no"],
]


def written(tmp_path: Path, text: str | bytes, name: str = "customers.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def delimited(delimiter: str = ",", decimal: str = ".", newline: str = "\n") -> str:
    def cell(value: str) -> str:
        value = value.replace(".", decimal) if value.replace(".", "").isdigit() else value
        return '"' + value.replace('"', '""') + '"' if any(mark in value for mark in (delimiter, "\n", '"')) else value

    return newline.join(delimiter.join(map(cell, row)) for row in (HEADER, *ROWS)) + newline


def refusal(action: Callable[[], object]) -> DataError:
    with pytest.raises(DataError) as caught:
        action()
    assert caught.value.next_step
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("content", "delimiter", "decimal", "encoding"),
    [
        pytest.param(delimited().encode(), ",", ".", "utf-8", id="plain"),
        pytest.param(delimited(";", ",").encode("cp1252"), ";", ",", "cp1252", id="a German spreadsheet's"),
        pytest.param(delimited("\t").encode(), "\t", ".", "utf-8", id="tabs"),
        pytest.param(delimited("|", ",").encode(), "|", ",", "utf-8", id="pipes"),
        pytest.param(delimited().encode("utf-8-sig"), ",", ".", "utf-8", id="byte order mark"),
        pytest.param(delimited(";").encode("utf-16"), ";", ".", "utf-16", id="UTF-16"),
        pytest.param(delimited(newline="\r\n").encode(), ",", ".", "utf-8", id="Windows line ends"),
        pytest.param(delimited(",", ",").encode(), ",", ",", "utf-8", id="quoted decimal commas"),
    ],
)
def test_a_text_file_is_found_out(tmp_path: Path, content: bytes, delimiter: str, decimal: str, encoding: str) -> None:
    raw = read_raw(written(tmp_path, content), FileFormat(timezone="Europe/Berlin"))
    assert raw.format.model_dump() == {"delimiter": delimiter, "decimal": decimal, "encoding": encoding, "timezone": "Europe/Berlin"}
    assert raw.frame.columns.to_list() == HEADER
    frame = typed(raw, COLUMNS, with_target=True)
    assert frame["bill"].to_list() == [29.85, 1234.5]
    assert frame["plan"].to_list() == ["Größe, klein", 'two\nlines and "quotes"']


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [
        ("a,b\nx,1234\ny,5\n", ".", 1234.0),
        ('a,b\nx,"1,234"\ny,5\n', ".", 1234.0),
        ('a,b\nx,"1,234.5"\ny,5\n', ".", 1234.5),
        ("a;b\nx;1,234\ny;5\n", ",", 1.234),
        ("a;b\nx;1.234\ny;2,5\n", ",", 1234.0),
        ("a;b\nx;1.234,5\ny;5\n", ",", 1234.5),
        ("a\tb\nx\t1,234\ny\t5\n", ".", 1234.0),
        ("a;b\nx;0,125\ny;5\n", ",", 0.125),
        ("a,b\nx,1.234\ny,5\n", ".", 1.234),
    ],
)
def test_the_decimal_mark_goes_by_what_the_file_shows(tmp_path: Path, text: str, decimal: str, value: float) -> None:
    raw = read_raw(written(tmp_path, text))
    assert raw.decimal == decimal
    assert typed(raw, Schema(target="t", positive="y", numerical=("b",)), with_target=False)["b"].iloc[0] == value


def test_what_the_settings_say_is_believed(tmp_path: Path) -> None:
    path = written(tmp_path, "a,b;c\nä,1;2,5\n".encode("latin-1"))
    assert read_raw(path, FileFormat(delimiter=";")).frame.columns.to_list() == ["a,b", "c"]
    assert read_raw(path, FileFormat(delimiter=";", encoding="cp437")).frame["a,b"].to_list() == ["Σ,1"]
    assert read_raw(path, FileFormat(delimiter=";", decimal=".")).decimal == "."


def test_cells_are_stripped_and_gaps_are_none(tmp_path: Path) -> None:
    raw = read_raw(written(tmp_path, "a , b\n x ,\n NA,null\nNo, y\n"))
    assert raw.frame.columns.to_list() == ["a", "b"]
    assert raw.frame["a"].to_list() == ["x", None, "No"]
    assert raw.frame["b"].to_list() == [None, None, "y"]


@pytest.mark.parametrize("ending", ["parquet", "jsonl"])
def test_every_format_gives_the_same_customers(tmp_path: Path, ending: str) -> None:
    table = pd.DataFrame(
        {
            "who": [7590, 7591, None],
            "at": pd.to_datetime(["2024-01-31T10:00+01:00", "2024-02-01T00:00+01:00", None], utc=True),
            "months": [1.0, 2.0, None],
            "bill": [29.85, float("inf"), 70.0],
            "plan": pd.Categorical(["fibre", None, "dsl"]),
            "senior": [True, False, None],
            "left": [1, 0, 0],
        }
    ).astype({"who": "Int64", "senior": "boolean"})
    path = tmp_path / f"customers.{ending}"
    if ending == "parquet":
        table.to_parquet(path)
    else:
        table.to_json(path, orient="records", lines=True, date_format="iso")
    as_csv = written(tmp_path, table.to_csv(index=False))
    columns = COLUMNS.model_copy(update={"positive": "1"})
    frame = typed(read_raw(path), columns, with_target=True)
    if ending == "parquet":  # JSON has no infinity
        pd.testing.assert_frame_equal(frame, typed(read_raw(as_csv), columns, with_target=True))
        assert frame["bill"].isna().to_list() == [False, True, False]
    assert frame["who"].to_list()[:2] == ["7590", "7591"]
    assert frame["senior"].to_list()[:2] == ["True", "False"]
    assert frame["at"].iloc[0] == pd.Timestamp("2024-01-31T09:00Z")


def test_whole_numbers_that_a_gap_turned_into_floats_are_whole_again(tmp_path: Path) -> None:
    path = tmp_path / "customers.parquet"
    pd.DataFrame({"who": [7.0, 8.0, 9.0], "senior": [1.0, 0.0, None], "rate": [1.0, 0.5, 2.0], "left": [1.0, 0.0, 1.0]}).to_parquet(path)
    frame = typed(read_raw(path), Schema(target="left", positive="1", id="who", categorical=("senior", "rate")), with_target=True)
    assert frame["who"].to_list() == ["7", "8", "9"]
    assert frame["senior"].to_list()[:2] == ["1", "0"]
    assert frame["rate"].to_list() == ["1", "0.5", "2"]
    assert frame["left"].to_list() == [1, 0, 1]


def test_an_index_saved_with_a_parquet_file_is_a_column(tmp_path: Path) -> None:
    path = tmp_path / "customers.parquet"
    pd.DataFrame({"plan": ["a", "b"]}, index=pd.Index(["C1", "C2"], name="who")).to_parquet(path)
    assert read_raw(path).frame["who"].to_list() == ["C1", "C2"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.parquet", "a,b\n1,2\n", "not a readable Parquet"),
        ("a.jsonl", "", "no rows"),
        ("a.jsonl", '{"a": 1}\n{"a": \n', "line 2"),
        ("a.jsonl", '{"a": 1}\n{"a": [1]}\n', "line 2"),
        ("a.jsonl", '{"a": 1}\n[1]\n', "line 2: not a JSON object"),
        ("a.jsonl", '{"a": 1}\n{"a": 1, "a": 2}\n', "line 2: the key 'a' stands twice"),
        ("a.json", '[{"a": 1},\n{"a": }]', "line 2: not JSON"),
        ("a.json", '[{"a": 1}, 7]', "object 2: not a JSON object"),
        ("a.json", "[" * 100_000, "line 1: not JSON"),
        ("a.json", "[]", "no rows"),
        ("a.json", '{"a": {"b": {"c": 1}}}', "`a.b` holds a list or deeper objects"),
        ("a.json", '{"a": {"b": 1}, "a.b": 2}', "more than one column named `a.b`"),
        ("a.json", '{"a": 1, " a": 2}', "more than one column named `a`"),
        ("a.csv.gz", "a,b\n1,2\n", "not a whole gzip file"),
        ("a.csv.gz", gzip.compress(b"a,b\n1,2\n" * 99, mtime=0)[:-9], "not a whole gzip file"),
        ("a.xlsx", "anything", "not a readable Excel workbook"),
        ("a.parquet.gz", "anything", ".csv, .txt, .tsv, .jsonl, .ndjson, .json, .xlsx, .parquet, .pq, and text with .gz behind"),
        ("a.docx", "anything", "Supported are .csv"),
    ],
)
def test_a_file_that_is_no_table_gets_one_sentence(tmp_path: Path, name: str, content: str | bytes, said: str) -> None:
    path = written(tmp_path, content, name)
    assert said in str(refusal(lambda: read_raw(path)))


def test_a_file_that_is_not_there_gets_one_sentence(tmp_path: Path) -> None:
    assert "no file" in refusal(lambda: read_raw(tmp_path / "gone.csv")).problem
    assert "folder" in refusal(lambda: read_raw(tmp_path)).problem


def test_typed_columns_come_in_order_and_others_go(tmp_path: Path) -> None:
    raw = read_raw(
        written(tmp_path, "left,extra,senior,plan,bill,months,at,who\nyes,1,0,a,1.5,2,2024-01-31,C1\nno,1,1,,-inf,,2024-02-01,C2\n")
    )
    frame = typed(raw, COLUMNS, with_target=True)
    assert frame.dtypes.astype(str).to_dict() == {
        "who": "object",
        "at": "datetime64[us, UTC]",
        "months": "float64",
        "bill": "float64",
        "plan": "object",
        "senior": "object",
        "left": "int8",
    }
    assert list(frame) == HEADER
    assert frame["left"].to_list() == [1, 0]
    assert frame["bill"].isna().to_list() == [False, True]
    assert frame["plan"].isna().to_list() == [False, True]
    assert frame["senior"].to_list() == ["0", "1"]


def test_a_window_needs_features_only(tmp_path: Path) -> None:
    raw = read_raw(written(tmp_path, "plan,senior,months,bill,left\na,0,1,2,perhaps\n"))
    assert list(typed(raw, COLUMNS, with_target=False)) == ["months", "bill", "plan", "senior"]
    assert "lacks `who`, `at`" in refusal(lambda: typed(raw, COLUMNS, with_target=True)).problem


def test_every_missing_column_is_named(tmp_path: Path) -> None:
    raw = read_raw(written(tmp_path, "months,plan\n1,a\n"))
    assert "`bill`, `senior`" in refusal(lambda: typed(raw, COLUMNS, with_target=False)).problem


@pytest.mark.parametrize(
    ("cell", "column", "said"),
    [
        ("secret", "bill", "2 values of `bill` are not numbers, the first in data row 2"),
        ("secret", "at", "2 values of `at` are not dates or times (they look like `aaaaaa`), the first in data row 2"),
        ("secret", "left", "holds 3 different values"),
    ],
)
def test_a_wrong_cell_is_placed_but_never_quoted(cell: str, column: str, said: str) -> None:
    good = pd.DataFrame([ROWS[0], ROWS[1], ROWS[1], ROWS[1]], columns=HEADER)
    good.loc[[1, 3], column] = cell
    error = refusal(lambda: typed(raw_of(good, "customers.csv"), COLUMNS, with_target=True))
    assert said in error.problem
    assert "secret" not in str(error)


def test_rows_that_say_neither_are_no_rows_to_train_on() -> None:
    frame = pd.DataFrame({"plan": list("abcd"), "left": ["yes", "no", "", "moved"]})
    columns = Schema(target="left", positive="yes", negative=("no",), categorical=("plan",))
    rows = typed(raw_of(frame, "customers.csv"), columns, with_target=True)
    assert (rows["plan"].to_list(), rows["left"].to_list()) == (["a", "b"], [1, 0])
    assert rows["left"].dtype == "int8"


def test_a_target_without_the_positive_value_is_refused() -> None:
    raw = raw_of(pd.DataFrame(ROWS, columns=HEADER), "customers.csv")
    error = refusal(lambda: typed(raw, COLUMNS.model_copy(update={"positive": "Yes"}), with_target=True))
    assert "`Yes`" in error.problem


@pytest.mark.parametrize(
    ("timezone", "written_as", "means"),
    [
        ("UTC", "2024-01-31T10:00:00.5+02:00", "2024-01-31T08:00:00.5Z"),
        ("Europe/Berlin", "2024-01-31 10:00", "2024-01-31T09:00Z"),
        ("Europe/Berlin", "2024-01-31T10:00:00Z", "2024-01-31T10:00Z"),
        ("Europe/Berlin", "31.01.2024 10:00", "2024-01-31T09:00Z"),
        ("UTC", "31/01/2024", "2024-01-31T00:00Z"),
        ("UTC", "1/31/2024 10:00 PM", "2024-01-31T22:00Z"),
        ("UTC", "1/2/2024", "2024-01-02T00:00Z"),
        ("UTC", "1.2.2024", "2024-02-01T00:00Z"),
        ("UTC", "20240131", "2024-01-31T00:00Z"),
        ("Europe/Berlin", "1706695200", "2024-01-31T10:00Z"),
        ("UTC", "1706695200000", "2024-01-31T10:00Z"),
        ("Europe/Berlin", "2024-10-27 02:30", "2024-10-27T01:30Z"),
        ("Europe/Berlin", "2024-03-31 02:30", "2024-03-31T01:00Z"),
    ],
)
def test_times_are_understood(timezone: str, written_as: str, means: str) -> None:
    raw = raw_of(pd.DataFrame({"at": [written_as, None], "x": ["1", "2"]}), "log.csv", FileFormat(timezone=timezone))
    at = typed(raw, Schema(target="t", positive="y", time="at", numerical=("x",)), with_target=False)["at"]
    assert at[0] == pd.Timestamp(means)
    assert at.isna().to_list() == [False, True]


def test_mixed_offsets_become_one_zone() -> None:
    raw = raw_of(pd.DataFrame({"at": ["2024-01-31T10:00+01:00", "2024-01-31T10:00-05:00", "2024-01-31 10:00"]}), "log.csv")
    at = typed(raw, Schema(target="t", positive="y", time="at"), with_target=False)["at"]
    assert at.dt.hour.to_list() == [9, 15, 10]


def test_a_json_line_may_lack_a_key(tmp_path: Path) -> None:
    lines = "\n".join(json.dumps(row) for row in ({"a": 1, "b": "x"}, {"a": 2.5}))
    assert read_raw(written(tmp_path, lines, "a.ndjson")).frame["b"].to_list() == ["x", None]


@pytest.mark.parametrize("positive", ["1", "True", "TRUE"])
@pytest.mark.parametrize("cells", [[True, False], ["true", "FALSE"], [1, 0], [1.0, 0.0]])
def test_a_target_of_truths_may_be_written_in_any_way(cells: list[object], positive: str) -> None:
    raw = raw_of(pd.DataFrame({"left": cells}, dtype=object), "t.parquet")
    assert typed(raw, Schema(target="left", positive=positive), with_target=True)["left"].to_list() == [1, 0]


def arrow_table() -> pa.Table:
    """Types that pandas' own do not cover."""
    noon = datetime(2024, 1, 31, 12, tzinfo=UTC)
    return pa.table(
        {
            "who": pa.array([2**60, None], pa.int64()),
            "at": pa.array([noon, None], pa.timestamp("ns", "Asia/Tokyo")),
            "bill": pa.array([Decimal("29.850"), None], pa.decimal128(18, 3)),
            "months": pa.array([12, None], pa.uint8()),
            "plan": pa.array(["a", None], pa.large_string()).dictionary_encode(),
            "senior": pa.array([Decimal(1), None], pa.decimal128(38, 0)),
            "day": pa.array([noon.date(), None], pa.date32()),
            "raw": pa.array([b"x", None], pa.binary()),
            "half": pa.array([1.5, None], pa.float32()),
            "view": pa.array(["v", None], pa.string_view()),
        }
    )


@pytest.mark.parametrize("door", ["reference", "window"])
def test_types_of_arrow_are_read_by_what_they_hold(door: str, tmp_path: Path) -> None:
    pq.write_table(arrow_table(), tmp_path / "t.parquet")
    columns = Schema(
        target="t",
        positive="1",
        id="who",
        time="at",
        numerical=("bill", "months", "half"),
        categorical=("plan", "senior", "day", "raw", "view"),
    )
    if door == "reference":
        frame = typed(read_raw(tmp_path / "t.parquet"), columns, with_target=False).rename(columns={"who": "_id", "at": "_time"})
    else:
        frame = rows_of(Files(str(tmp_path / "t.parquet")), columns, ALL_ROWS, {}).sort_values("bill", ignore_index=True)
    first = frame.iloc[0].to_dict()
    assert first == {
        "_id": str(2**60), "_time": pd.Timestamp("2024-01-31T12:00Z"), "bill": 29.85, "months": 12, "half": 1.5,
        "plan": "a", "senior": "1", "day": "2024-01-31", "raw": "x", "view": "v",
    }  # fmt: skip
    assert frame.iloc[1].isna().all()
