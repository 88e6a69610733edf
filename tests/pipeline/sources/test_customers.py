"""How often customers were scored is the same wherever their rows lie."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import create_engine

from pipeline.sources.customers import customer_counts, rows_of_each
from pipeline.sources.source import ALL_ROWS, DatabaseTable, Files, Frame, PredictionLog, Restriction, Source
from pipeline.state.database import open_state
from pipeline.state.predictions import log_predictions, logged_customers
from pipeline.tables.categories import NO_SPELLING
from pipeline.tables.customer_counts import CustomerCounts
from pipeline.tables.schema import Schema

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
SCHEMA = Schema(target="churned", positive="1", id="customer", time="seen", numerical=("fee",), categorical=())
# 7 is there on three days, 8 twice on one, 9 once; one row has no id.
IDS = ["7", "7", "7", "8", "8", "9", None]
LOG = pd.DataFrame({"customer": IDS, "seen": [MONDAY + timedelta(days=day) for day in (0, 1, 2, 0, 0, 1, 1)], "fee": [1.0] * 7})


@pytest.fixture(params=["frame", "csv", "parquet", "sqlite"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
    if request.param == "frame":
        return Frame(LOG)
    if request.param == "csv":
        LOG.to_csv(tmp_path / "log.csv", index=False)  # with a row that lacks its id, pandas would write floats
        return Files(str(tmp_path / "log.csv"))
    if request.param == "parquet":
        LOG.assign(customer=LOG["customer"].astype("float64")).to_parquet(tmp_path / "log.parquet")
        return Files(str(tmp_path / "log.parquet"))
    url = f"sqlite:///{tmp_path / 'log.db'}"
    engine = create_engine(url)
    LOG.assign(seen=[at.isoformat() for at in LOG["seen"]]).to_sql("log", engine, index=False)
    engine.dispose()
    return DatabaseTable(url, "log")


def test_customers_are_counted_where_they_lie(source: Source) -> None:
    counts = customer_counts(source, SCHEMA, ALL_ROWS, NO_SPELLING)
    assert counts == CustomerCounts(rows=7, customers=4, again=1, squares=9 + 4 + 1 + 1)
    assert counts.worth == pytest.approx(7 / 15)
    one_day = customer_counts(source, SCHEMA, Restriction(since=MONDAY - timedelta(hours=1), until=MONDAY), NO_SPELLING)
    assert one_day == CustomerCounts(rows=3, customers=2, again=0, squares=5)


def test_rows_of_each_are_those_of_the_ids_asked_for(source: Source) -> None:
    assert rows_of_each(source, SCHEMA, ALL_ROWS, NO_SPELLING, ["7", "9", "nobody"]).to_dict() == {"7": 3, "9": 1}


def test_rows_without_an_id_column_are_of_unknown_customers() -> None:
    assert customer_counts(Frame(LOG.drop(columns="customer")), SCHEMA, ALL_ROWS, NO_SPELLING) is None


def test_the_log_counts_its_customers_the_same(tmp_path: Path) -> None:
    state, rows = open_state(tmp_path / "state.db", create=True), LOG.dropna()
    log_predictions(state, rows, SCHEMA, ids=list(rows["customer"]), times=list(rows["seen"]), scores=[0.5] * 6, version="1")
    since, until = MONDAY - timedelta(hours=1), MONDAY + timedelta(days=1)
    expected = customer_counts(Frame(rows), SCHEMA, Restriction(since=since, until=until), NO_SPELLING)
    assert logged_customers(state, since, until) == expected == CustomerCounts(rows=5, customers=3, again=1, squares=9)
    found = rows_of_each(PredictionLog(state.place), SCHEMA, Restriction(since=since, until=until), NO_SPELLING, ["7", "8", "nobody"])
    assert found.to_dict() == {"7": 2, "8": 2}
    state.close()
