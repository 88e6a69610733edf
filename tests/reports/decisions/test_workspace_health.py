"""`churnops doctor` says of each thing a command relies on whether it is well, and ends with 1 where one is broken."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from agent.setup.installation import installation
from pipeline.record.mlflow_mirror import set_champion
from pipeline.workspace.outcome_settings import OutcomeSettings
from reports.decisions.recovery import recover
from reports.decisions.workspace_health import workspace_health
from tests.end_to_end.command_line import CommandLine
from tests.pipeline.small_windows import small_opened
from tests.reports.signers import configure
from tests.reports.waiting import Waiting


def broken(waiting: Waiting) -> set[str]:
    return {finding.name for finding in workspace_health(waiting.opened) if finding.state == "broken"}


def test_a_well_workspace_is_well(waiting: Waiting) -> None:
    assert {(finding.name, finding.state) for finding in workspace_health(waiting.opened)} == {
        (name, "ok") for name in ("disk", "schema", "clock", "approval", "champion", "ledger", "mlflow")
    }


def flip_the_champion(waiting: Waiting) -> None:
    file = waiting.opened.workspace.models / waiting.case.champion.digest / "metrics.json"
    file.write_text("{}")


HARM: dict[str, tuple[Callable[[Waiting], object], set[str]]] = {
    "champion's bytes": (flip_the_champion, {"champion", "ledger"}),
    "report": (lambda waiting: waiting.report.write_text("x"), {"ledger"}),
    "pointer": (lambda waiting: waiting.opened.workspace.champion_pointer.write_text("{}"), {"champion", "ledger", "mlflow"}),
    "alias": (lambda waiting: set_champion(waiting.opened.workspace, "2"), {"mlflow"}),
    "who may approve": (lambda waiting: configure(waiting.opened, "", mode="local", expires_hours=9), {"approval", "champion", "ledger"}),
}


@pytest.mark.parametrize("what", HARM)
def test_what_is_wrong_is_named(waiting: Waiting, what: str) -> None:
    harm, names = HARM[what]
    harm(waiting)
    assert broken(waiting) == names


def test_an_alias_that_somebody_moved_is_put_back_by_the_next_command(waiting: Waiting) -> None:
    set_champion(waiting.opened.workspace, "2")
    assert broken(waiting) == {"mlflow"}
    recover(waiting.opened)
    assert broken(waiting) == set()


def test_the_tables_of_log_and_outcomes_are_looked_at(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "log.db")) as database:
        database.execute("create table log (id text, score double)")
    opened = small_opened(tmp_path, table="log", url="sqlite:///log.db")
    named = replace(opened, settings=opened.settings.model_copy(update={"outcomes": OutcomeSettings(table="churn")}))
    found = {finding.name: finding for finding in workspace_health(named)}
    assert (found["log"].state, found["log"].said) == ("ok", "`log` can be read and has 2 columns.")
    assert found["outcomes"].state == "broken"
    assert "The database has no table `churn`." in found["outcomes"].said


def test_a_database_that_does_not_answer_is_broken(tmp_path: Path) -> None:
    opened = small_opened(tmp_path, table="log", url="postgresql+psycopg://ada:secret@127.0.0.1:1/db")
    (log,) = (finding for finding in workspace_health(opened) if finding.name == "log")
    assert log.state == "broken"
    assert "The table `log` cannot be read (OperationalError)." in log.said
    assert "secret" not in log.said


def test_no_key_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-secret")
    said = " ".join(finding.said for finding in installation("anthropic", True, signed=False))
    assert "A key for Claude (anthropic) is set; this workspace agreed to use it." in said
    assert "sk-secret" not in said


def test_where_approvals_are_signed_ssh_keygen_must_be_there(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    states = {finding.name: finding.state for finding in installation("anthropic", None, signed=True)}
    assert (states["ssh-keygen"], states["git"]) == ("broken", "note")
    assert {finding.name: finding.state for finding in installation("anthropic", None, signed=False)}["ssh-keygen"] == "note"


def test_the_command_ends_with_1_where_something_is_broken(waiting: Waiting, churnops: CommandLine) -> None:
    well = churnops("doctor", "--json")
    assert (well.code, well.json["ok"]) == (0, True), well.out
    waiting.report.unlink()
    ill = churnops("doctor", "--json")
    assert (ill.code, ill.json["ok"]) == (1, False)
