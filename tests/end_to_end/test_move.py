"""`churnops move`: a workspace goes on in PostgreSQL and an object store as it was in its folder, or, killed on the way, where it was."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from pipeline.state.metadata import metadata
from tests.conftest import Simulated, copied
from tests.end_to_end.command_line import CommandLine
from tests.postgres import postgres_server
from tests.s3 import s3_store


def test_only_postgresql_and_object_stores_are_moved_to(churnops: CommandLine, champion_workspace: Path) -> None:
    churnops.folder.rmdir()
    with copied(champion_workspace, churnops.folder):
        before = (churnops.folder / ".churnops" / "state.db").read_bytes()
        for asked, said in (
            (("--to", "mysql://host/name"), "postgresql://user@host/name"),
            (("--to", "postgresql://host/name", "--artifacts", "ftp://host/x"), "s3://bucket/folder"),
        ):
            refused = churnops("move", *asked)
            assert (refused.code, said in refused.err, refused.err.count("\n")) == (1, True, 1)
        assert (churnops.folder / ".churnops" / "state.db").read_bytes() == before


@pytest.mark.slow
def test_a_workspace_goes_on_where_it_was_moved_to(churnops: CommandLine, simulated: Simulated, monkeypatch: pytest.MonkeyPatch) -> None:
    churnops.folder.rmdir()
    with copied(simulated("market_shift", 600, 0.5, 3), churnops.folder), postgres_server() as url, s3_store() as store:
        store.reach(monkeypatch)
        engine = create_engine(url)
        killed_on_the_way(churnops.folder, url)
        assert inspect(engine).get_table_names() == []
        before = churnops("drift", "--json").json
        moved = churnops("move", "--to", url, "--artifacts", "s3://churn/moved", "--json")
        assert moved.code == 0, moved.err
        assert {table["name"]: table["rows"] for table in moved.json["tables"]}["predictions"] == 600
        assert churnops("drift", "--json").json == before  # the source is as it was
        again = churnops("move", "--to", url)
        assert (again.code, "holds the state of a workspace" in again.err) == (1, True)
        monkeypatch.setenv("CHURNOPS_DATABASE_URL", url)
        monkeypatch.setenv("CHURNOPS_ARTIFACT_URL", "s3://churn/moved")
        assert churnops("drift", "--json").json == before
        assert churnops("reports", "verify", "--head", moved.json["head"]).code == 0
        engine.dispose()


def killed_on_the_way(folder: Path, url: str) -> None:
    """`move` killed with its transaction open and tables made: at the last one it waits for somebody who makes one of that name."""
    engine = create_engine(url)
    with engine.connect() as holder:  # closing it takes the table away again
        holder.execute(text(f"create table {metadata.sorted_tables[-1].name} (x int)"))
        command = [sys.executable, "-m", "churnops", "move", "--to", url, "-w", str(folder)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ) as moving:
            deadline = time.monotonic() + 60
            waiting = text("select count(*) from pg_locks where not granted")
            while not holder.execute(waiting).scalar() and time.monotonic() < deadline:
                time.sleep(0.05)
            assert moving.poll() is None
            moving.send_signal(signal.SIGKILL)
    engine.dispose()
