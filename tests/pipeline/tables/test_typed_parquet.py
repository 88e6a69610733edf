"""Typed rows survive Parquet, and their fingerprint is of values, not of storage."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.tables.typed_parquet import fingerprint, read_rows, read_spread, spread, write_rows
from tests.pipeline.small_tables import COLUMNS, small_table


def test_rows_come_back_as_they_were(tmp_path: Path) -> None:
    frame = small_table(50, 1)
    write_rows(frame, tmp_path / "rows.parquet")
    back = read_rows(tmp_path / "rows.parquet", COLUMNS)
    assert list(back.columns) == list(frame.columns)
    assert back["payment"].dtype == object
    assert back["payment"].isna().equals(frame["payment"].isna())
    assert back["tenure"].dtype == np.float64
    assert back["churned"].dtype == np.int8
    assert fingerprint(back) == fingerprint(frame)


def test_a_category_that_is_always_missing_comes_back_as_missing(tmp_path: Path) -> None:
    write_rows(small_table(5, 1).assign(payment=np.array([np.nan] * 5, dtype=object)), tmp_path / "rows.parquet")
    back = read_rows(tmp_path / "rows.parquet", COLUMNS)["payment"]
    assert back.dtype == object
    assert all(isinstance(value, float) for value in back)


def test_the_fingerprint_follows_values_names_and_order_but_not_the_index() -> None:
    frame = small_table(50, 1)
    changed = frame.copy()
    changed.loc[3, "contract"] = "never"
    others = [changed, frame.rename(columns={"tenure": "months"}), frame.iloc[::-1], frame.iloc[:-1]]
    assert len({fingerprint(frame), *(fingerprint(other) for other in others)}) == 5
    assert fingerprint(frame.set_index(pd.RangeIndex(100, 150))) == fingerprint(frame)


def test_some_rows_are_those_of_all_evenly_spread(tmp_path: Path) -> None:
    table = small_table(101, 1)
    write_rows(table, tmp_path / "rows.parquet")
    everything = read_rows(tmp_path / "rows.parquet", COLUMNS)
    some = read_spread(tmp_path / "rows.parquet", COLUMNS, 11)
    pd.testing.assert_frame_equal(some, everything.iloc[::10].reset_index(drop=True))
    pd.testing.assert_frame_equal(read_spread(tmp_path / "rows.parquet", COLUMNS, 500), everything)
    assert [*spread(5, 5)] == [*spread(5, 9)] == [0, 1, 2, 3, 4]
