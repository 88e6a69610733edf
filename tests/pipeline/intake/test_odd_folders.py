"""State, tables and patterns in folders with odd names: found there, and nothing is written beside them."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from pipeline.intake.team_log import own_log
from pipeline.profiles.counting import profile_window
from pipeline.record.opened_workspace import Opened
from pipeline.sources.source import Files
from tests.odd_folders import ODD_FOLDERS
from tests.pipeline.small_tables import COLUMNS, small_table
from tests.pipeline.small_windows import BASELINE, small_opened

FRAME = small_table(20, 1)


def counted(opened: Opened) -> int:
    log = own_log(opened)
    assert log is not None
    return profile_window(log.source, log.columns, BASELINE.profile).rows


@pytest.mark.parametrize("name", ODD_FOLDERS)
def test_state_tables_and_patterns_are_found_in_an_odd_folder(name: str, tmp_path: Path) -> None:
    root = tmp_path / name
    root.mkdir()
    opened = small_opened(root, table="scored", url="sqlite:///scores.db")
    with closing(sqlite3.connect(root / "scores.db")) as connection:
        FRAME.to_sql("scored", connection, index=False)
    assert counted(opened) == 20
    opened.state.close()
    (root / "log [1]").mkdir()
    for part in ("1.parquet", "2.parquet"):
        FRAME.to_parquet(root / "log [1]" / part)
    for file, rows in (("log [1]/*.parquet", 40), ("log [1]", 40), ("log [1]/1.parquet", 20)):
        opened = small_opened(root, file=file)
        assert counted(opened) == rows
        opened.state.close()
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (root / ".churnops" / "state.db").stat().st_size > 0


def test_a_pattern_below_a_folder_that_looks_like_one_leaves_its_neighbours_alone(tmp_path: Path) -> None:
    for name in ("a?b", "axb"):
        (tmp_path / name).mkdir()
        FRAME.to_parquet(tmp_path / name / "1.parquet")
    assert profile_window(Files(str(tmp_path / "a?b" / "*.parquet")), COLUMNS, BASELINE.profile).rows == 20
