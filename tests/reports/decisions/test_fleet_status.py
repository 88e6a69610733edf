"""Of several workspaces the worst stands first, and one that cannot be read hides no other."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from agent.views.status_view import fleet_table
from pipeline.record.opened_workspace import Opened, open_workspace
from pipeline.state.database import SCHEMA_VERSION
from prompts import policy_text
from reports.decisions.fleet_status import fleet_status
from tests.agent.watch.standing_cases import put_case
from tests.conftest import Clock, copied
from tests.end_to_end.command_line import CommandLine


def opened_at(place: Path) -> Opened:
    return open_workspace(place, policy_text(), Clock())


def put_verdict(opened: Opened, status: str) -> None:
    champion = opened.ledger.of_kind("deployed")[0].body["digest"]
    put_case(opened, status, champion=champion)  # type: ignore[arg-type]


@pytest.fixture
def fleet(champion_workspace: Path, tmp_path: Path) -> Path:
    """A folder with four workspaces: one is well, one is not, of one nobody knows, and one is damaged."""
    root = tmp_path / "fleet"
    root.mkdir()
    for name, status in (("a-well", "no_deploy_needed"), ("b-unknown", ""), ("c-ill", "needs_people"), ("d-damaged", "")):
        with copied(champion_workspace, root / name) as opened:
            if status:
                put_verdict(opened, status)
    (root / "d-damaged" / "churnops.toml").write_text("[data")
    return root


def test_the_worst_stands_first_and_nobody_has_looked_by_it(fleet: Path) -> None:
    found = fleet_status([fleet], opened_at)
    told = [(Path(one.workspace).name, one.standing) for one in found]
    assert told == [("d-damaged", "unreadable"), ("c-ill", "not well"), ("b-unknown", "unknown"), ("a-well", "well")]
    assert found[0].status is None and "churnops.toml" in (found[0].problem or "")
    assert not (fleet / "a-well" / ".churnops" / "looked.json").exists()
    assert [Path(one.workspace).name for one in fleet_status([fleet / "a-well", fleet / "a-well", fleet / "c-ill"], opened_at)] == [
        "c-ill",
        "a-well",
    ]
    assert fleet_table(found).row_count == 4


def test_the_command_prints_one_object_and_asks_for_all_before_folders(
    fleet: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    churnops = CommandLine(fleet, monkeypatch, capsys)
    told = churnops("status", "--all", "--json").json["workspaces"]
    assert [one["standing"] for one in told] == ["unreadable", "not well", "unknown", "well"]
    refused = churnops("status", str(fleet))
    assert refused.code == 2 and "--all" in refused.err


def test_to_look_makes_no_database_and_brings_none_up_to_date(fleet: Path) -> None:
    old, new = fleet / "a-well", fleet / "e-new"
    new.mkdir()
    shutil.copy(old / "churnops.toml", new)
    database = old / ".churnops" / "state.db"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.executescript("DROP TABLE shadow_scores; ALTER TABLE checks DROP COLUMN figures; UPDATE schema_version SET version = 5;")
    said = {Path(one.workspace).name: one.problem or "" for one in fleet_status([fleet], opened_at)}
    assert f"has schema version 5, this churnops makes version {SCHEMA_VERSION}, and looking changes nothing" in said["a-well"]
    assert "has no state database" in said["e-new"] and [path.name for path in new.iterdir()] == ["churnops.toml"]
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT version FROM schema_version").fetchall() == [(5,)]
        assert connection.execute("SELECT name FROM sqlite_master WHERE name = 'shadow_scores'").fetchall() == []
