"""State that lives for years: an earlier schema with many predictions brought up to date, and months as partitions beside one table.

The first part fills a workspace's log in SQLite, undoes the newest step of the schema, times the opening that takes it again, and compares what
`churnops drift` and `diagnose` say before and after. The second fills PostgreSQL twice with a year of predictions, in one table as churnops
keeps it and in one partition for each month, and times what reads, writes and prunes a log. Its server does not wait for the disk, so the
figures are for comparing the two. Results: bench/results/state_years.json.
"""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from itertools import pairwise
from pathlib import Path

from process_cost import machine
from sqlalchemy import Connection, create_engine, text

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pipeline.state.database import SCHEMA_VERSION, open_state  # noqa: E402
from tests.postgres import postgres_server  # noqa: E402

RESULTS = ROOT / "bench" / "results" / "state_years.json"
UNDO = "DROP TABLE serving_hours"  # the step to version 7
ASKED = (("drift", "--json"), ("diagnose", "--json"))
TIME = """to_char(timestamp '2026-12-01' - n * (interval '365 days' / {rows}), 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')"""
FEATURES = "jsonb_build_object(" + ", ".join(f"'feature {number}', (n * {number + 3}) % 97" for number in range(19)) + ")"
ROW = f"'C-' || n % 100000, {TIME}, '1', 0.5, {FEATURES}"
COLUMNS = (
    "id text not null, predicted_at varchar(32) not null, model_version varchar(64) not null, score float not null, features jsonb not null"
)
INDEXES = "create index on {table} (predicted_at); create index on {table} (id, predicted_at)"


def main() -> None:
    """Both parts, with as many predictions as the first argument says."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    found = {"rows": rows, "upgrade": upgrade(rows), "partitions": partitions(rows), **machine()}
    print(json.dumps(found, indent=1))
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")


def upgrade(rows: int) -> dict[str, object]:
    """Seconds to open the database of the version before, and whether the answers are the same after."""
    with tempfile.TemporaryDirectory() as folder:
        for command in (
            ("init", "--synthetic", "--rows", "2500"),
            ("train",),
            ("simulate", "--scenario", "market_shift", "--rows", "4000"),
        ):
            churnops(folder, *command)
        file = Path(folder) / ".churnops" / "state.db"
        with closing(sqlite3.connect(file)) as connection, connection:
            there = connection.execute("SELECT count(*) FROM predictions").fetchone()[0]
            for copy in range(1, rows // there):
                connection.execute(
                    "INSERT INTO predictions (id, predicted_at, model_version, score, features) SELECT id || '-' || ?,"
                    " strftime('%Y-%m-%dT%H:%M:%S', predicted_at, ?) || '.000000+00:00', model_version, score, features"
                    " FROM predictions WHERE seq <= ?",
                    (copy, f"-{copy * 2} days", there),
                )
        before = [churnops(folder, *asked) for asked in ASKED]
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute(UNDO)
            connection.execute("UPDATE schema_version SET version = ?", (SCHEMA_VERSION - 1,))
        size = file.stat().st_size
        opened_in = timed(lambda: open_state(file).close())
        after = [churnops(folder, *asked) for asked in ASKED]
        return {
            "from": SCHEMA_VERSION - 1, "to": SCHEMA_VERSION, "megabytes": round(size / 1e6), "seconds": opened_in, "same_answers": before == after,
        }  # fmt: skip


def churnops(folder: str, *command: str) -> str:
    """What a command says as JSON, or nothing."""
    said = subprocess.run([sys.executable, "-m", "churnops", *command, "-w", folder], check=True, capture_output=True, text=True)
    return said.stdout.strip().splitlines()[-1] if "--json" in command else ""


def partitions(rows: int) -> dict[str, dict[str, float]]:
    """Seconds of each piece of work, on one table and on one with a partition for each month."""
    with postgres_server() as url:
        engine = create_engine(url)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"create table one (seq serial primary key, {COLUMNS})"))
            connection.execute(text(f"create table months (seq serial, {COLUMNS}) partition by range (predicted_at)"))
            ends = [f"{2025 + month // 12}-{month % 12 + 1:02}" for month in range(10, 25)]
            for start, end in pairwise(ends):
                connection.execute(
                    text(f"create table months_{start.replace('-', '_')} partition of months for values from ('{start}') to ('{end}')")
                )
            found = {table: work(connection, table, rows) for table in ("one", "months")}
        engine.dispose()
    return found


def work(connection: Connection, table: str, rows: int) -> dict[str, float]:
    """What is done with a log of a year."""

    def run(statement: str) -> Callable[[], object]:
        return lambda: (
            connection.execute(text(statement)).fetchall() if statement.startswith("select") else connection.execute(text(statement))
        )

    named = f"{table} (id, predicted_at, model_version, score, features)"
    for statement in INDEXES.format(table=table).split(";"):
        connection.execute(text(statement))
    filled = timed(run(f"insert into {named} select {ROW.format(rows=rows)} from generate_series(1, {rows}) n"))
    connection.execute(text(f"vacuum analyze {table}"))
    week = f"from {table} where predicted_at > '2026-11-24' and predicted_at <= '2026-12-01'"
    oldest = f"delete from {table} where predicted_at < '2026-01'" if table == "one" else "drop table months_2025_12"
    return {
        "fill": filled,
        "a week's rows": best(run(f"select id, predicted_at, features {week} order by predicted_at, seq")),
        "a week's customers": best(run(f"select count(*) from (select id {week} group by id) customers")),
        "newest": best(run(f"select predicted_at from {table} order by predicted_at desc limit 1")),
        "days of the year": best(run(f"select substr(predicted_at, 1, 10), count(*) from {table} group by 1")),
        "rows of 2 customers": best(run(f"select * from {table} where id in ('C-1', 'C-2')")),
        "10,000 rows more": timed(run(f"insert into {named} select {ROW.format(rows=rows)} from generate_series(1, 10000) n")),
        "the oldest month away": timed(run(oldest)),
    }


def best(ask: Callable[[], object]) -> float:
    """The least of three times."""
    return min(timed(ask) for _ in range(3))


def timed(ask: Callable[[], object]) -> float:
    """Seconds."""
    began = time.perf_counter()
    ask()
    return round(time.perf_counter() - began, 4)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONPATH", str(ROOT))
    main()
