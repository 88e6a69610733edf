"""What reads a window in PostgreSQL reads the window: no query of the log walks through the years before it."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from pipeline.state import predictions as log
from pipeline.state.database import State, open_state
from pipeline.state.engine import engine_for
from pipeline.state.pruning import count, old_predictions
from pipeline.tables.schema import Schema
from tests.postgres import postgres_server

pytestmark = pytest.mark.slow
COLUMNS = Schema(target="Churn", positive="Yes", id="id", numerical=("tenure",), categorical=("plan",))
END = datetime(2026, 12, 1, tzinfo=UTC)
SINCE = END - timedelta(days=7)
# 60,000 predictions of 20,000 customers, one every ten minutes or so through the year before.
FILL = """
insert into predictions (id, predicted_at, model_version, score, features)
select 'C-' || n % 20000, to_char(timestamp '2026-12-01' - n * interval '8 minutes 45 seconds', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'), '1', 0.5,
  jsonb_build_object('tenure', n % 70, 'plan', 'a') from generate_series(1, 60000) n"""
ASKED: dict[str, Callable[[State], object]] = {
    "rows": lambda state: log.read_predictions(state, COLUMNS, SINCE, END),
    "scores": lambda state: log.read_scores(state, SINCE, END),
    "of one version": lambda state: log.read_served(state, COLUMNS, SINCE, END, "1"),
    "newest": lambda state: log.newest_prediction(state),
    "oldest": lambda state: log.oldest_prediction(state),
    "how many after": lambda state: log.predictions_after(state, SINCE),
    "customers": lambda state: log.logged_customers(state, SINCE, END),
    "days": lambda state: log.logged_per_day(state, SINCE, END),
    "of some customers": lambda state: log.logged_rows_of_each(state, None, None, ["C-1", "C-2"]),
    "labelled": lambda state: log.read_labelled(state, COLUMNS, SINCE, END, END),
    "older than is kept": lambda state: count(state, old_predictions(END - timedelta(days=360))),
}


@pytest.fixture(scope="module")
def year() -> Iterator[str]:
    with postgres_server() as url:
        with open_state(url, create=True).write() as connection:
            connection.execute(text(FILL))
            connection.execute(text("insert into outcomes (id, observed_at, churned) values ('C-1', '2026-11-30', 1)"))
        engine = engine_for(url)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("vacuum analyze predictions"))
        engine.dispose()
        yield url


def statements(state: State, ask: Callable[[State], object]) -> list[tuple[str, Any]]:
    """What SQL `ask` sends."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, _context: object, _many: bool) -> None:
        sent.append((statement, parameters))

    engine: Engine = state._engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        ask(state)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return [one for one in sent if "predictions" in one[0]]


def scans(plan: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if "Relation Name" in plan:
        yield plan["Relation Name"], plan["Node Type"]
    for part in plan.get("Plans", ()):
        yield from scans(part)


@pytest.mark.parametrize("asked", ASKED)
def test_the_log_is_read_by_an_index(year: str, asked: str) -> None:
    state = open_state(year)
    sent = statements(state, ASKED[asked])
    assert sent
    for statement, parameters in sent:
        with state.read() as connection:
            told = connection.exec_driver_sql(f"explain (format json) {statement}", parameters).scalar_one()
        plan = (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]
        assert "Seq Scan" not in {how for table, how in scans(plan) if table == "predictions"}, (statement, plan)
    state.close()


def test_features_are_asked_for_by_what_they_say(year: str) -> None:
    with open_state(year).read() as connection:
        found = connection.execute(text("select count(*) from predictions where features @> '{\"tenure\": 7}'")).scalar_one()
    assert found == sum(number % 70 == 7 for number in range(1, 60001))
