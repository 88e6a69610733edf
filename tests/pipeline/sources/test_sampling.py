"""A sample is bounded, repeatable, spread over the table, and typed as the reference is: from every source, and from broken ones."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import create_engine

from pipeline.sources.sampling import Sample, draw_sample
from pipeline.sources.source import ALL_ROWS, DatabaseTable, Files, Frame, PredictionLog, Restriction, Source
from pipeline.state.database import open_state
from pipeline.state.predictions import log_predictions
from pipeline.tables.categories import NO_SPELLING
from pipeline.tables.file_format import FileFormat
from pipeline.tables.schema import Schema

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
SCHEMA = Schema(target="churned", positive="1", id="who", time="seen", numerical=("bill", "months"), categorical=("plan", "region: %s"))
ROWS = 2000


def table(rows: int = ROWS) -> pd.DataFrame:
    """A tenth of the bills missing; customers in order of their number, one per minute."""
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "who": [f"C{number:04d}" for number in range(rows)],
            "seen": pd.to_datetime(MONDAY) + pd.to_timedelta(np.arange(rows), unit="min"),
            "bill": np.where(rng.random(rows) < 0.1, np.nan, rng.normal(50, 20, rows).round(2)),
            "months": rng.integers(0, 73, rows).astype("float64"),
            "plan": rng.choice(["a", "it's", "Größe"], rows).astype(object),
            "region: %s": pd.Series(rng.choice(["1", "2"], rows), dtype=object).where(rng.random(rows) > 0.1, np.nan),
        }
    )


def as_parquet(folder: Path) -> Source:
    table().to_parquet(folder / "t.parquet")
    return Files(str(folder / "t.parquet"))


def as_csv(folder: Path) -> Source:
    table().to_csv(folder / "t.csv", index=False, sep=";", decimal=",")
    return Files(str(folder / "t.csv"), FileFormat(delimiter=";", decimal=",", encoding="utf-8"))


def as_frame(folder: Path) -> Source:
    return Frame(table())


def as_sqlite(folder: Path) -> Source:
    engine = create_engine(f"sqlite:///{folder}/t.db")
    table().assign(seen=table()["seen"].astype(str)).to_sql("t", engine, index=False)
    engine.dispose()
    return DatabaseTable(f"sqlite:///{folder}/t.db", "t")


def as_log(folder: Path) -> Source:
    frame, state = table(), open_state(folder / "state.db", create=True)
    log_predictions(state, frame, SCHEMA, ids=list(frame["who"]), times=list(frame["seen"]), scores=[0.5] * ROWS, version="1")
    state.close()
    return PredictionLog(folder / "state.db")


SOURCES = [as_parquet, as_csv, as_frame, as_sqlite, as_log]


def drawn(source: Source, most: int = 300, seed: int = 0, restriction: Restriction = ALL_ROWS, rows: int = ROWS) -> Sample:
    return draw_sample(source, SCHEMA, restriction, NO_SPELLING, rows, most, seed)


def whole(sample: Sample) -> pd.DataFrame:
    assert sample.ids is not None and sample.times is not None
    return sample.features.assign(who=sample.ids, seen=sample.times).sort_values("who").reset_index(drop=True)


@pytest.mark.parametrize("make", SOURCES)
def test_a_sample_is_rows_of_the_table_spread_over_it_and_the_same_again(tmp_path: Path, make: Callable[[Path], Source]) -> None:
    source = make(tmp_path)
    first, again, other = (whole(drawn(source, seed=seed)) for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(first, again)
    assert set(first["who"]) != set(other["who"])
    assert 295 <= len(first) <= 300
    places = first["who"].str[1:].astype(int)
    assert np.bincount(places // 200, minlength=10).min() >= 28
    expected = table().set_index("who").loc[first["who"]].reset_index()[list(first)].astype({"plan": object, "region: %s": object})
    pd.testing.assert_frame_equal(first, expected, check_dtype=False)
    assert first.dtypes.astype(str).to_dict() == {
        "bill": "float64",
        "months": "float64",
        "plan": "object",
        "region: %s": "object",
        "who": "object",
        "seen": "datetime64[us, UTC]",
    }


@pytest.mark.parametrize("make", SOURCES)
def test_no_more_rows_than_asked_for_are_all_of_those_meant(tmp_path: Path, make: Callable[[Path], Source]) -> None:
    restriction = Restriction(since=MONDAY + timedelta(minutes=99), until=MONDAY + timedelta(minutes=199), segment=("plan", "it's"))
    meant = table().iloc[100:200].query('plan == "it\'s"')
    assert list(whole(drawn(make(tmp_path), restriction=restriction, rows=len(meant)))["who"]) == list(meant["who"])


def test_customers_scored_daily_in_the_same_order_are_all_in_reach() -> None:
    days = pd.concat([table(400).assign(seen=MONDAY + timedelta(days=day)) for day in range(20)])
    sample = drawn(Frame(days), 2000, rows=len(days))
    assert sample.ids is not None and sample.times is not None
    assert sample.ids.nunique() > 350
    assert sample.times.value_counts().between(90, 110).all()


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_what_cannot_be_read_is_missing(tmp_path: Path, ending: str) -> None:
    frame = table(6).drop(columns=["who", "plan"]).astype({"months": object})
    frame["months"] = ["12", "1,234.5", "a lot", "", "inf", "7"]
    frame["region: %s"] = None
    path = tmp_path / f"t.{ending}"
    frame.to_csv(path, index=False) if ending == "csv" else frame.to_parquet(path)
    sample = drawn(Files(str(path)), rows=6)
    assert sample.ids is None
    assert sample.features["months"].fillna(-1).tolist() == [12, 1234.5, -1, -1, -1, 7]
    assert sample.features[["plan", "region: %s"]].isna().all(axis=None)
    assert (list(sample.features), str(sample.features["plan"].dtype)) == (list(SCHEMA.features), "object")


def test_a_table_without_any_column_of_the_schema_still_has_its_rows() -> None:
    sample = drawn(Frame(pd.DataFrame({"other": [1, 2, 3]})), rows=3)
    assert (len(sample.features), sample.ids, sample.times) == (3, None, None)
    assert sample.features.isna().all(axis=None)


def test_an_empty_window_has_an_empty_sample() -> None:
    sample = drawn(Frame(table().head(0)), rows=0)
    assert sample.features.empty
    assert list(sample.features) == list(SCHEMA.features)
