"""A workspace is its owner's alone, or shared with a group that the settings name; what an older one has stays as it is."""

import os
import stat
from pathlib import Path

import pytest

from agent.setup.new_workspace import set_up_synthetic
from pipeline.atomic_files import make_folder, write_atomically
from pipeline.clock import utc_now
from pipeline.record.opened_workspace import open_workspace
from pipeline.workspace.folder import Workspace
from prompts import policy_text


def mode(place: Path) -> int:
    return stat.S_IMODE(place.stat().st_mode)


def opened(workspace: Workspace) -> None:
    """As any command leaves it."""
    here = open_workspace(workspace.root, policy_text(), utc_now)
    write_atomically(workspace.reports / "case.md", b"x")
    here.state.close()


@pytest.fixture
def new(tmp_path: Path) -> Workspace:
    workspace, _ = set_up_synthetic(tmp_path / "churn", 600, 7)
    return workspace


def set_mode(workspace: Workspace, wanted: str) -> None:
    file = workspace.settings_file
    text = file.read_text()
    assert 'mode = "private"' in text
    file.write_text(text.replace('mode = "private"', f'mode = "{wanted}"'))


def test_a_new_workspace_is_its_owners_alone(new: Workspace) -> None:
    old = os.umask(0o022)
    try:
        opened(new)
    finally:
        os.umask(old)
    assert (mode(new.settings_file), mode(new.root / "customers.csv")) == (0o600, 0o600)
    found = {place.name: mode(place) for place in (new.home, *new.home.rglob("*"))}
    assert {found[name] for name in (".churnops", "reports")} == {0o700}
    assert {found[name] for name in ("state.db", "ledger.jsonl", "case.md")} == {0o600}


def test_group_widens_it_and_what_is_one_persons_stays_theirs(new: Workspace) -> None:
    opened(new)
    make_folder(new.home / "chat")
    (new.home / "chat" / "session.jsonl").write_text("")
    (new.home / "chat" / "session.jsonl").chmod(0o600)
    set_mode(new, "group")
    opened(new)
    write_atomically(new.home / "profiles" / "day.json", b"{}")
    assert (mode(new.home), mode(new.home / "reports"), mode(new.home / "profiles")) == (0o2770, 0o2770, 0o2770)
    assert {mode(new.home / name) for name in ("state.db", "ledger.jsonl")} == {0o660}
    assert (mode(new.settings_file), mode(new.home / "profiles" / "day.json")) == (0o660, 0o660)
    assert (mode(new.home / "chat"), mode(new.home / "chat" / "session.jsonl")) == (0o700, 0o600)


def test_a_workspace_from_before_stays_as_it_is(new: Workspace) -> None:
    file = new.settings_file
    file.write_text(file.read_text().partition("\n[workspace]")[0])
    old = os.umask(0o022)
    try:
        opened(new)
    finally:
        os.umask(old)
    assert (mode(new.home), mode(new.home / "state.db"), mode(new.home / "reports" / "case.md")) == (0o755, 0o644, 0o644)


def test_a_file_that_is_written_again_keeps_its_rights(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("old")
    file.chmod(0o640)
    write_atomically(file, b"new")
    assert (mode(file), file.read_bytes()) == (0o640, b"new")
