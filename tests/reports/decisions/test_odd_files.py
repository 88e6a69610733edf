"""Where a file of the record lies there is a pipe, a device or a link instead: it is said at once, and nothing is written where a link leads."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from pipeline.errors import ChurnopsError, SettingsError
from pipeline.record.approvers import configured_trust
from pipeline.record.champion import open_champion
from pipeline.record.mlflow_mirror import mirrored
from pipeline.record.review_mark import read_review_mark
from reports.decisions.approval import draft_approval
from reports.decisions.verification import verify
from tests.pipeline.test_own_file import put_odd
from tests.reports.waiting import DECISION, Waiting

READ: dict[str, Callable[[Waiting], object]] = {
    "champion": lambda waiting: open_champion(waiting.opened),
    "ledger.jsonl": lambda waiting: open_champion(waiting.opened),
    "review_copy.json": lambda waiting: read_review_mark(waiting.opened.workspace),
    "mlflow.mirrored": lambda waiting: mirrored(waiting.opened.workspace),
}


@pytest.mark.parametrize("kind", ["pipe", "link to a device", "folder"])
@pytest.mark.parametrize("name", READ)
def test_it_is_no_record(waiting: Waiting, name: str, kind: str) -> None:
    put_odd(waiting.opened.workspace.home / name, kind)
    with pytest.raises(ChurnopsError, match="is no plain file"):
        READ[name](waiting)


def test_a_row_is_not_mirrored_where_a_link_leads(waiting: Waiting, tmp_path: Path) -> None:
    mirror, elsewhere = waiting.opened.workspace.ledger_mirror, tmp_path / "elsewhere"
    elsewhere.write_bytes(b"")
    mirror.unlink()
    mirror.symlink_to(elsewhere)
    with pytest.raises(ChurnopsError, match="is no plain file"):
        waiting.opened.ledger.catch_up()
    with pytest.raises(ChurnopsError, match="is no plain file"):
        verify(waiting.opened)
    assert elsewhere.read_bytes() == b""


def test_a_report_that_is_a_link_is_approved_by_nobody(waiting: Waiting, tmp_path: Path) -> None:
    elsewhere = tmp_path / "the-same-bytes.md"
    waiting.report.rename(elsewhere)
    waiting.report.symlink_to(elsewhere)
    with pytest.raises(ChurnopsError, match="is no plain file"):
        draft_approval(waiting.opened, waiting.ours, DECISION)


@pytest.mark.parametrize(("table", "column"), [("cases", "body"), ("ledger", "body")])
def test_json_in_the_database_that_is_nested_without_end_is_told(waiting: Waiting, table: str, column: str) -> None:
    with waiting.opened.state.write() as connection:
        connection.execute(text(f"update {table} set {column} = :nested"), {"nested": "[" * 60_000})
    with pytest.raises(ChurnopsError):
        draft_approval(waiting.opened, waiting.ours, DECISION)
    if table == "ledger":
        assert not verify(waiting.opened).ok
    else:
        with pytest.raises(ChurnopsError, match="Restore it from a backup"):
            verify(waiting.opened)


def test_a_file_of_signers_that_is_a_pipe_keeps_nobody_waiting(waiting: Waiting) -> None:
    os.mkfifo(waiting.opened.workspace.root / "allowed_signers")
    settings = waiting.opened.workspace.settings_file
    settings.write_text(settings.read_text().replace('mode = "local"', 'mode = "signed"'))
    with pytest.raises(SettingsError, match="cannot be read"):
        configured_trust(waiting.opened.workspace)


def test_a_pointer_that_is_nested_without_end_is_no_pointer(waiting: Waiting) -> None:
    waiting.opened.workspace.champion_pointer.write_bytes(b"[" * 60_000)
    with pytest.raises(ChurnopsError, match="is not a champion pointer"):
        open_champion(waiting.opened)
