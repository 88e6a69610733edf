"""Folders of Parquet whose names are a column, and Delta tables: the column comes along, and only the files that are needed are read."""

import json
import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from pipeline.errors import DataError
from pipeline.profiles.counting import profile_reference
from pipeline.sources.rows import rows_of
from pipeline.sources.source import ALL_ROWS, Files, Restriction
from pipeline.sources.source_opening import open_source
from pipeline.tables.schema import Schema
from tests.odd_folders import ODD_FOLDER

SCHEMA = Schema(target="t", positive="1", id="who", time="day", numerical=("x",), categorical=("region",))
DAYS = [pd.Timestamp(f"2026-11-0{day}", tz="UTC") for day in (1, 2, 3)]
# As Spark writes them: escaped, and a name of its own for a missing value.
REGIONS = {"S%C3%BCd 1": "Süd 1", "007": "007", "__HIVE_DEFAULT_PARTITION__": None}


def partitioned(root: Path) -> Path:
    for place, (folder, day) in enumerate(zip(REGIONS, DAYS, strict=True)):
        part = root / f"day={day:%Y-%m-%d}" / f"region={folder}"
        part.mkdir(parents=True)
        pd.DataFrame({"who": [f"C{place}"], "x": [float(place)]}).to_parquet(part / "part-0.parquet")
    (root / "_SUCCESS").touch()
    return root


def test_the_columns_of_the_folders_come_along_as_text(tmp_path: Path) -> None:
    root = partitioned(tmp_path / "env=prod" / ODD_FOLDER)
    with open_source(Files(str(root)), SCHEMA, ALL_ROWS) as relation:
        assert set(relation.columns) == {"who", "x", "day", "region"}, "a folder further up names no column"
    rows = rows_of(Files(str(root)), SCHEMA, ALL_ROWS, {})
    assert rows["_id"].to_list() == ["C0", "C1", "C2"]
    assert rows["_time"].to_list() == DAYS
    assert rows["region"].astype(object).where(rows["region"].notna(), None).to_list() == list(REGIONS.values())
    assert rows_of(Files(f"{root}/day=2026-11-0[12]/*/*.parquet"), SCHEMA, ALL_ROWS, {})["region"].to_list() == ["Süd 1", "007"]


def test_only_the_folders_of_the_window_are_read(tmp_path: Path) -> None:
    root = partitioned(tmp_path / "log")
    for torn in (root / "day=2026-11-01").rglob("*.parquet"):
        content = torn.read_bytes()
        footer = int.from_bytes(content[-8:-4], "little") + 8
        torn.write_bytes(b"PAR1" + b"\0" * (len(content) - 4 - footer) + content[-footer:])
    window = Restriction(since=DAYS[0], until=DAYS[2])
    assert rows_of(Files(str(root)), SCHEMA, window, {})["_id"].to_list() == ["C1", "C2"]
    with pytest.raises(DataError, match="cannot be read"):
        rows_of(Files(str(root)), SCHEMA, ALL_ROWS, {})


def test_a_column_by_the_name_of_a_folder_further_up_stays(tmp_path: Path) -> None:
    (tmp_path / "region=eu").mkdir()
    pd.DataFrame({"who": ["C1"], "x": [1.0], "region": ["Süd"]}).to_parquet(tmp_path / "region=eu" / "a.parquet")
    rows = rows_of(Files(str(tmp_path / "region=eu")), SCHEMA.model_copy(update={"time": None}), ALL_ROWS, {})
    assert rows["region"].to_list() == ["Süd"]


def test_folders_that_name_different_columns_are_refused(tmp_path: Path) -> None:
    root = partitioned(tmp_path / "log")
    (root / "week=45").mkdir()
    pd.DataFrame({"who": ["C9"], "x": [9.0]}).to_parquet(root / "week=45" / "a.parquet")
    with pytest.raises(DataError, match="partitioned by different columns"):
        profile_reference(Files(str(root)), SCHEMA)


def delta(root: Path) -> Path:
    from deltalake import DeltaTable, write_deltalake

    table = {
        "who": ["C0", "C1", "C2"],
        "x": [0.0, 1.0, 2.0],
        "day": ["2026-11-01", "2026-11-02", "2026-11-03"],
        "region": ["Süd 1%", "b", "b"],
    }
    write_deltalake(root, pa.table(table), partition_by=["day", "region"])
    DeltaTable(root).delete("who = 'C1'")
    return root


def test_a_delta_table_is_its_newest_version_with_its_partitions(tmp_path: Path) -> None:
    root = delta(tmp_path / "größe ?#")
    assert len(list(root.rglob("*.parquet"))) == 3, "the deleted file still lies there"
    rows = rows_of(Files(str(root)), SCHEMA, ALL_ROWS, {})
    assert (rows["_id"].to_list(), rows["_time"].to_list()) == (["C0", "C2"], [DAYS[0], DAYS[2]])
    assert rows["region"].to_list() == ["Süd 1%", "b"]


@pytest.mark.parametrize("feature", ["deletionVectors", "columnMapping"])
def test_a_delta_table_whose_files_are_not_its_rows_is_refused(feature: str, tmp_path: Path) -> None:
    root = delta(tmp_path / "t")
    log = root / "_delta_log"
    protocol = {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": [feature], "writerFeatures": [feature]}
    (log / f"{2:020}.json").write_text(json.dumps({"protocol": protocol}))
    with pytest.raises(DataError, match=f"t uses {feature}, so its files are not its rows"):
        profile_reference(Files(str(root)), SCHEMA)


def test_a_torn_delta_log_is_one_sentence(tmp_path: Path) -> None:
    root = delta(tmp_path / "t")
    (root / "_delta_log" / f"{1:020}.json").write_text("{")
    with pytest.raises(DataError, match=r"The Delta table t cannot be read"):
        profile_reference(Files(str(root)), SCHEMA)


def test_a_delta_table_needs_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = delta(tmp_path / "t")
    monkeypatch.setitem(sys.modules, "deltalake", None)
    with pytest.raises(DataError, match=r'Install it: pip install "churnops\[delta\]"'):
        profile_reference(Files(str(root)), SCHEMA)
