import csv
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import DataError
from pipeline.profiles.counting import exact_values, last_time, profile_reference, profile_window
from pipeline.profiles.grid import CELLS, EvenGrid, PointGrid
from pipeline.profiles.profile import Cells, NumericalProfile, Profile, Values, cells_of, merge
from pipeline.sources.relation import Relation
from pipeline.sources.source import ALL_ROWS, Files, Frame, Restriction, Source
from pipeline.sources.source_opening import open_source
from pipeline.tables.categories import Categories, Spelling
from pipeline.tables.file_format import FileFormat
from pipeline.tables.reading import RawTable, read_raw, typed
from pipeline.tables.schema import Schema
from tests.pipeline.small_profiles import profile_of

SCHEMA = Schema(
    target="churned", positive="yes", id="customer", time="at", numerical=("bill", "balance", "tenure"), categorical=("plan", "city")
)
NUMBERS = Schema(target="churned", positive="yes", numerical=("x",))
WORDS = Schema(target="churned", positive="yes", categorical=("c",))
MONDAY = datetime(2026, 11, 16, tzinfo=UTC)


def customers(rows: int, seed: int) -> pd.DataFrame:
    """Typed rows: a plain column with gaps, one with far values, one with few, and two of categories; a day for every tenth row."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "customer": [f"C{number}" for number in range(rows)],
            "at": pd.to_datetime(MONDAY) + pd.to_timedelta(np.arange(rows) % 10, unit="D"),
            "bill": np.where(rng.random(rows) < 0.1, np.nan, rng.normal(65, 30, rows)),
            "balance": rng.choice([-1.0, 1.0], rows) * np.exp(rng.normal(2, 3, rows)),
            "tenure": rng.integers(0, 73, rows).astype("float64"),
            "plan": np.where(rng.random(rows) < 0.1, np.nan, rng.choice(["basic", "it's; drop", "größe"], rows).astype(object)),
            "city": rng.choice([f"city {number}" for number in range(40)], rows).astype(object),
        }
    )


def numerical(values: list[object], schema: Schema = NUMBERS) -> NumericalProfile:
    return profile_reference(Frame(pd.DataFrame({"x": values})), schema).numerical[0]


def assert_counts_equal(one: Profile, other: Profile) -> None:
    assert one.categorical == other.categorical
    for first, second in zip(one.numerical, other.numerical, strict=True):
        (counts, sums), (other_counts, other_sums) = cells_of(first), cells_of(second)
        assert first.grid == second.grid
        assert (counts == other_counts).all()
        assert sums == pytest.approx(other_sums, rel=1e-11)
        assert (first.name, first.nulls, first.unreadable) == (second.name, second.nulls, second.unreadable)
        # pandas reads a text's last digit less carefully than an engine does.
        assert (first.minimum, first.maximum) == pytest.approx((second.minimum, second.maximum), rel=1e-15)


@pytest.fixture(scope="module")
def reference() -> Profile:
    return profile_reference(Frame(customers(5000, 1)), SCHEMA)


def test_the_engine_counts_what_numpy_counts(reference: Profile) -> None:
    window = customers(3000, 2)
    window["bill"] *= 100
    window.loc[:50, "plan"] = "new"
    got = profile_window(Frame(window), SCHEMA, reference)
    expected = profile_of(window, SCHEMA, reference)
    assert_counts_equal(got, expected)


def test_a_reference_chooses_cells_by_what_its_columns_hold(reference: Profile) -> None:
    bill, balance, tenure = reference.numerical
    assert isinstance(bill.grid, EvenGrid)
    assert bill.grid.unit is None
    assert bill.grid.std == pytest.approx(np.nanstd(customers(5000, 1)["bill"]), rel=1e-12)
    assert isinstance(balance.grid, EvenGrid)
    assert balance.grid.unit is not None
    assert tenure.grid == PointGrid(points=tuple(float(month) for month in range(73)))
    assert isinstance(tenure.content, Values)


def test_a_small_reference_keeps_its_values_one_by_one() -> None:
    profile = profile_reference(Frame(customers(1000, 3)), SCHEMA)
    assert all(isinstance(column.content, Values) for column in profile.numerical)
    assert len(profile.numerical[1].content.values) == 1000
    # What counts are the rows with a value: 1,100 of them with a tenth missing are still few.
    assert isinstance(profile_reference(Frame(customers(1100, 3)), SCHEMA).numerical[0].content, Values)
    assert isinstance(profile_reference(Frame(customers(1100, 3)), SCHEMA).numerical[1].content, Cells)


def test_the_profile_of_two_windows_is_the_merge_of_theirs(reference: Profile) -> None:
    first, second = customers(2000, 4), customers(700, 5)
    second["at"] += timedelta(days=30)
    second["tenure"] += 0.25
    merged = merge(*(profile_window(Frame(frame), SCHEMA, reference) for frame in (first, second)))
    whole = profile_window(Frame(pd.concat([first, second])), SCHEMA, reference)
    assert_counts_equal(merged, whole)
    assert (merged.rows, merged.since, merged.until, merged.repeats) == (whole.rows, whole.since, whole.until, whole.repeats)


def test_what_is_not_finite_is_missing() -> None:
    column = numerical([1.0, np.nan, np.inf, -np.inf, 2.0, 1e200])
    assert (column.count, column.nulls, column.unreadable, column.infinite) == (2, 4, 0, 3)
    assert "infinite" not in numerical([1.0, np.nan]).model_dump()  # as earlier versions wrote it
    assert (column.minimum, column.maximum) == (1.0, 2.0)


@pytest.mark.parametrize("decimals", [0, 9], ids=["few values", "many"])
def test_nan_in_parquet_does_not_hide_behind_the_greatest_value_that_the_file_declares(tmp_path: Path, decimals: int) -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"x": np.where(np.arange(3000) % 3 == 0, np.nan, rng.normal(0, 1, 3000).round(decimals))})
    # Through Arrow alone NaN stays NaN; pandas would write null.
    frame.to_parquet(tmp_path / "null.parquet")
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"x": pa.array(frame["x"].to_numpy())}), tmp_path / "nan.parquet")
    source, same = Files(str(tmp_path / "nan.parquet")), Files(str(tmp_path / "null.parquet"))
    reference = profile_reference(source, NUMBERS)
    assert reference.numerical[0].nulls == 1000
    assert_counts_equal(reference, profile_reference(same, NUMBERS))
    assert_counts_equal(profile_window(source, NUMBERS, reference), reference)


def test_numbers_written_as_text_are_read_as_tables_read_them() -> None:
    column = numerical(["1.5", " 2 ", "1,234.5", "", "NA", None, "inf", "1e3", "unknown", "unknown"])
    assert column.content == Values(values=(1.5, 2.0, 1000.0, 1234.5), counts=(1, 1, 1, 1))
    assert (column.nulls, column.unreadable, column.infinite) == (6, 2, 1)


def test_categories_are_named_as_tables_name_them() -> None:
    frame = pd.DataFrame({"c": ["a", " a ", "", "NA", None, "1.0", "1", "Ä"]})
    column = profile_reference(Frame(frame), WORDS).categorical[0]
    assert dict(zip(column.known, column.counts, strict=True)) == {"a": 2, "1": 1, "1.0": 1, "Ä": 1}
    assert column.nulls == 3
    numbers = profile_reference(Frame(pd.DataFrame({"c": ["", None, "1.0", " 1", "-2.00", "1.50"]})), WORDS).categorical[0]
    assert dict(zip(numbers.known, numbers.counts, strict=True)) == {"1": 2, "-2": 1, "1.5": 1}
    booleans = profile_reference(Frame(pd.DataFrame({"c": [True, False, True]})), WORDS).categorical[0]
    assert (booleans.known, booleans.counts) == (("False", "True"), (1, 2))
    floats = profile_reference(Frame(pd.DataFrame({"c": [1.0, np.nan, 0.0, 1.0]})), WORDS).categorical[0]
    assert (floats.known, floats.counts, floats.nulls) == (("0", "1"), (1, 2), 1)


@pytest.mark.parametrize(
    ("reference", "window", "known", "new"),
    [
        (["0.0", "0.63", "2.05"], ["0.0", "0.0"], ("0", "0.63", "2.05"), ()),
        (["0.0", "1.0", "1.0"], ["0.0", "1.0", "0.5"], ("0", "1"), ("0.5",)),
    ],
    ids=["half steps that no row has", "one odd value"],
)
def test_what_else_lies_in_a_file_renames_no_category(
    tmp_path: Path, reference: list[str], window: list[str], known: tuple[str, ...], new: tuple[str, ...]
) -> None:
    for name, cells in (("reference", reference), ("window", window)):
        (tmp_path / f"{name}.csv").write_text("".join(f"{cell},\n" for cell in ["c", *cells]))
    typed_reference = typed(read_raw(tmp_path / "reference.csv"), WORDS, with_target=False)
    column = profile_window(Files(str(tmp_path / "window.csv")), WORDS, profile_reference(Frame(typed_reference), WORDS)).categorical[0]
    assert (column.known, column.new) == (known, new)
    assert sum(column.counts) == len(window) - len(new)


def test_a_part_of_a_reference_keeps_its_spelling() -> None:
    part = pd.DataFrame({"c": ["1.0", "1.10"]}, dtype=object)
    whole = {"c": Categories(("1.0", "1.10", "2.0-beta"))}
    assert profile_reference(Frame(part), WORDS, spelling=whole).categorical[0].known == ("1.0", "1.10")


def test_a_column_that_turned_into_ids_does_not_make_a_profile_of_ids(reference: Profile) -> None:
    window = customers(3000, 6).assign(city=[f"id {number}" for number in range(3000)])
    column = profile_window(Frame(window), SCHEMA, reference).categorical[1]
    assert (column.new, column.unnamed, column.count) == ((), 3000, 3000)


def test_absent_and_extra_columns_are_named_and_the_absent_ones_all_missing(reference: Profile) -> None:
    window = customers(100, 7).drop(columns=["bill", "plan"]).assign(churned="yes", campaign=1, zone="a")
    profile = profile_window(Frame(window), SCHEMA, reference)
    assert profile.absent == ("bill", "plan")
    assert profile.extra == ("campaign", "zone")
    assert (profile.numerical[0].nulls, profile.categorical[0].nulls) == (100, 100)
    assert (profile.numerical[0].count, profile.categorical[0].count) == (0, 0)


def test_repeats_are_counted_per_customer_and_scoring_time(reference: Profile) -> None:
    window = customers(50, 8)
    again = window.iloc[:5].copy()
    later = window.iloc[5:9].assign(at=window["at"].max() + timedelta(days=1))
    profile = profile_window(Frame(pd.concat([window, again, again.iloc[:2], later])), SCHEMA, reference)
    assert profile.repeats == 7
    nobody = window.assign(customer=["n/a", " NULL ", "", None, "nan"] * 10)
    assert profile_window(Frame(nobody), SCHEMA, reference).repeats == 0
    assert profile_window(Frame(window.drop(columns="customer")), SCHEMA, reference).repeats is None
    assert (profile.since, profile.until) == (MONDAY, MONDAY + timedelta(days=10))


def test_a_window_is_what_lies_after_since_up_to_until(reference: Profile) -> None:
    frame = customers(100, 9)
    restricted = Restriction(since=MONDAY + timedelta(days=2), until=MONDAY + timedelta(days=4))
    profile = profile_window(Frame(frame), SCHEMA, reference, restricted)
    assert profile.rows == 20
    assert (profile.since, profile.until) == (MONDAY + timedelta(days=3), MONDAY + timedelta(days=4))


@pytest.mark.parametrize(
    "written",
    [
        lambda at: at.dt.strftime("%Y-%m-%dT%H:%M:%S+00:00"),
        lambda at: at.dt.strftime("%Y-%m-%d %H:%M:%S"),
        lambda at: at.dt.strftime("%d.%m.%Y %H:%M:%S"),
        lambda at: at.dt.strftime("%m/%d/%Y %I:%M:%S %p"),
        lambda at: (at.dt.tz_localize(None) - pd.Timestamp("1899-12-30")) / pd.Timedelta(days=1),
        lambda at: at.astype("int64") // 10**6,
        lambda at: at.astype("int64") / 10**6,
        lambda at: at.dt.tz_localize(None),
        lambda at: at.dt.tz_convert("Asia/Tokyo"),
    ],
    ids=["text with a zone", "text", "day first", "month first", "Excel's days", "seconds", "float seconds", "local", "another zone"],
)
def test_scoring_times_may_be_written_in_many_ways(reference: Profile, written: object) -> None:
    frame = customers(100, 10)
    frame["at"] = written(frame["at"].astype("datetime64[us, UTC]"))  # type: ignore[operator]
    profile = profile_window(Frame(frame), SCHEMA, reference, Restriction(since=MONDAY, until=MONDAY + timedelta(days=3)))
    assert profile.rows == 30
    assert profile.until == MONDAY + timedelta(days=3)


def test_the_newest_scoring_time_is_found_without_a_profile() -> None:
    frame = customers(100, 10)
    assert last_time(Frame(frame), SCHEMA) == MONDAY + timedelta(days=9)
    assert last_time(Frame(frame.drop(columns="at")), SCHEMA) is None


def test_times_that_no_engine_reads_are_named_not_left_out(reference: Profile) -> None:
    frame = customers(10, 11).assign(at="16.11.26")
    with pytest.raises(DataError, match=r"10 values of `at` are not dates or times \(they look like `99.99.99`\)"):
        profile_window(Frame(frame), SCHEMA, reference, Restriction(since=MONDAY))


def test_a_segment_is_the_rows_with_one_value_of_a_column(reference: Profile) -> None:
    frame = customers(200, 12).assign(zone=np.where(np.arange(200) < 30, 1.0, 2.0))
    assert profile_window(Frame(frame), SCHEMA, reference, Restriction(segment=("zone", "1"))).rows == 30
    hostile = "it's; drop"
    assert profile_window(Frame(frame), SCHEMA, reference, Restriction(segment=("plan", hostile))).rows == (frame["plan"] == hostile).sum()
    with pytest.raises(DataError, match="no column `planet`"):
        profile_window(Frame(frame), SCHEMA, reference, Restriction(segment=("planet", "a")))


def test_exact_values_are_those_of_both_windows() -> None:
    before, after = customers(2000, 13), customers(500, 14)
    first, second = exact_values((Frame(before), ALL_ROWS), (Frame(after), Restriction(until=MONDAY + timedelta(days=4))), SCHEMA)(
        "balance"
    )
    assert first.values == tuple(sorted(before["balance"]))
    assert second.values == tuple(sorted(after.loc[after["at"] <= MONDAY + timedelta(days=4), "balance"]))
    assert set(second.counts) == {1}


def test_a_profile_of_21_columns_takes_some_tens_of_kilobytes() -> None:
    rng = np.random.default_rng(1)
    columns = {f"x{number}": rng.normal(0, 1, 20_000) for number in range(3)}
    columns |= {f"c{number}": rng.choice(["Yes", "No", "No internet service"], 20_000) for number in range(18)}
    schema = Schema(target="t", positive="1", numerical=tuple(f"x{n}" for n in range(3)), categorical=tuple(f"c{n}" for n in range(18)))
    profile = profile_reference(Frame(pd.DataFrame(columns)), schema)
    assert 20_000 < len(profile.model_dump_json()) < 60_000
    assert all(len(column.content.counts) <= CELLS for column in profile.numerical)


@pytest.mark.parametrize("times", ["datetime64[us, UTC]", "int64"])
def test_an_empty_window_has_a_profile(reference: Profile, times: str) -> None:
    frame = customers(10, 15).astype({"at": times})
    profile = profile_window(Frame(frame), SCHEMA, reference, Restriction(until=MONDAY - timedelta(days=1)))
    assert profile.rows == 0
    assert (profile.since, profile.until, profile.repeats) == (None, None, 0)
    assert profile.numerical[0].count == 0


def csv_file(path: Path, frame: pd.DataFrame, fmt: FileFormat) -> RawTable:
    """The frame in this format, and what tables make of it."""
    decimal = fmt.decimal or "."
    with path.open("w", encoding=fmt.encoding or "utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=fmt.delimiter or ",")
        writer.writerow([f" {name} " for name in frame])
        for row in frame.itertuples(index=False):
            writer.writerow(["" if pd.isna(cell) else str(cell).replace(".", decimal) if isinstance(cell, float) else cell for cell in row])
    return read_raw(path, fmt)


@pytest.mark.parametrize(
    "fmt",
    [FileFormat(), FileFormat(delimiter=";", decimal=",", encoding="cp1252"), FileFormat(delimiter="\t", decimal=".", encoding="utf-16")],
    ids=["to be found out", "German", "UTF-16"],
)
def test_a_csv_file_profiles_as_the_table_read_from_it(tmp_path: Path, reference: Profile, fmt: FileFormat) -> None:
    raw = csv_file(tmp_path / "window.csv", customers(300, 16).assign(churned="yes"), fmt)
    expected = profile_window(Frame(typed(raw, SCHEMA, with_target=False)), SCHEMA, reference)
    got = profile_window(Files(str(tmp_path / "window.csv"), fmt), SCHEMA, reference)
    assert_counts_equal(got, expected)
    assert (got.rows, got.repeats, got.absent, got.extra, got.since, got.until) == (
        expected.rows, expected.repeats, (), (), expected.since, expected.until
    )  # fmt: skip


def test_yes_and_no_stay_words_and_thousands_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('c,x\nYes,"1,234.5"\nNo,2\nYes,n/a\n')
    schema = Schema(target="t", positive="1", numerical=("x",), categorical=("c",))
    profile = profile_reference(Files(str(tmp_path / "a.csv")), schema)
    assert profile.categorical[0].known == ("No", "Yes")
    assert profile.numerical[0].content == Values(values=(2.0, 1234.5), counts=(1, 1))


def test_a_folder_and_a_pattern_name_all_their_files(tmp_path: Path, reference: Profile) -> None:
    days = [customers(50, seed) for seed in range(3)]
    for number, frame in enumerate(days):
        folder = tmp_path / "log" / f"day [{number}]"
        folder.mkdir(parents=True)
        frame.drop(columns="bill" if number == 1 else []).to_parquet(folder / "part*.parquet")
    whole = profile_window(Files(str(tmp_path / "log")), SCHEMA, reference)
    assert whole.rows == 150
    assert whole.numerical[0].nulls == 50 + days[0]["bill"].isna().sum() + days[2]["bill"].isna().sum()
    assert_counts_equal(profile_window(Files(str(tmp_path / "log" / "**" / "*.parquet")), SCHEMA, reference), whole)
    one = profile_window(Files(str(tmp_path / "log" / "day [0]" / "part*.parquet")), SCHEMA, reference)
    assert one.rows == 50


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("gone", None, "There is no file or folder"),
        ("a.docx", "x", "a.docx is no table that churnops reads"),
        ("a.csv", "x,y\n1,2\n3\n4,5\n", "line 3"),
        ("a.parquet", "no parquet", "cannot be read"),
        ("a.csv", "größe,x\n1,2\n".encode("latin-1"), r"a\.csv is not text \(utf-8\)"),
    ],
    ids=["gone", "spreadsheet", "ragged", "torn", "encoding"],
)
def test_a_file_that_cannot_be_read_is_one_clear_sentence(tmp_path: Path, name: str, content: str | bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=said):
        profile_reference(Files(str(tmp_path / name), FileFormat(delimiter=",", decimal=".", encoding="utf-8")), NUMBERS)


def test_how_a_large_file_is_written_is_found_out_from_its_beginning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.tables.delimited._SNIFFED_RECORDS", 10)
    schema = Schema(target="t", positive="1", numerical=("x",), categorical=("c",))
    lines = "".join(f'{number},5;"b; {number % 3}"\r\n' for number in range(500))
    for encoding in ("utf-8", "utf-16", "cp1252"):
        (tmp_path / "a.csv").write_bytes(f"x;c\r\n{lines}".encode(encoding))
        profile = profile_reference(Files(str(tmp_path / "a.csv")), schema)
        assert (profile.rows, profile.numerical[0].minimum, profile.numerical[0].maximum) == (500, 0.5, 499.5)
        assert profile.categorical[0].known == ("b; 0", "b; 1", "b; 2")


def test_files_with_different_columns_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    (tmp_path / "b.csv").write_text("y,x\n1,2\n")
    with pytest.raises(DataError, match=r"b\.csv has other columns than a\.csv"):
        profile_reference(Files(str(tmp_path)), NUMBERS)


def test_no_sentence_about_a_file_quotes_a_cell(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x\n1\n2,secret\n")
    with pytest.raises(DataError) as raised:
        profile_reference(Files(str(tmp_path / "a.csv"), FileFormat(delimiter=",", decimal=".", encoding="utf-8")), NUMBERS)
    assert "secret" not in str(raised.value)


def test_only_counts_are_asked_of_an_engine(reference: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    @contextmanager
    def listening(source: Source, schema: Schema, restriction: Restriction, spelling: Spelling) -> Iterator[Relation]:
        with open_source(source, schema, restriction, spelling) as relation:
            yield replace(relation, run=lambda query, parameters: (asked.append(query), relation.run(query, parameters))[1])

    monkeypatch.setattr("pipeline.profiles.counting.open_source", listening)
    profile_window(Frame(customers(10, 17)), SCHEMA, reference)
    assert len(asked) == 8
    assert all("count(*)" in query for query in asked)


def test_counting_a_file_needs_none_of_the_heavy_libraries(tmp_path: Path) -> None:
    path = tmp_path / "window.csv"
    path.write_text('x,c\n1.5,a\n"2,500.5",b\n')
    code = f"""
import sys
from pipeline.profiles.counting import profile_reference
from pipeline.tables.schema import Schema
from pipeline.sources.source import Files
assert profile_reference(Files({str(path)!r}), Schema(target="t", positive="1", numerical=("x",), categorical=("c",))).rows == 2
print(*sorted({{"pandas", "scipy", "pyarrow", "sqlalchemy", "pydantic_settings"}} & set(sys.modules)))
"""
    assert subprocess.run([sys.executable, "-P", "-c", code], check=True, capture_output=True, text=True).stdout.split() == []
