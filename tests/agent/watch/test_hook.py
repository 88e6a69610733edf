"""The hook after approval: told of each move of the champion until it succeeded, of the newest alone, and never in the way of a decision."""

import hashlib
import hmac
import json
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.watch.alerting import Delivered, deliver, enqueue_again, follow
from agent.watch.rounds import Rounds
from agent.watch.stopping import Stopping
from pipeline.errors import ChurnopsError, SettingsError
from pipeline.record.champion import require_champion
from pipeline.record.opened_workspace import Opened
from pipeline.state.alerts import newest_alerts
from pipeline.state.outbox import unsent
from pipeline.workspace.alert_settings import AlertSettings
from pipeline.workspace.hook_settings import HookSettings
from pipeline.workspace.settings import read_settings
from pipeline.workspace.watch_settings import WatchSettings
from tests.agent.watch.destinations_of import web_server
from tests.agent.watch.standing_cases import put_check
from tests.checkout import ROOT
from tests.conftest import Clock
from tests.reports.waiting import move

FAILED = "The hook after approval failed"
WRITES = """
import pathlib, sys
pathlib.Path("told").open("a").write(sys.stdin.read() + "\\n")
fails = pathlib.Path("fails")
if fails.exists():
    sys.exit(fails.read_text())
"""


def hooked(opened: Opened, hook: str = shlex.join([sys.executable, "-c", WRITES])) -> Opened:
    """A workspace that somebody watches, at night, with a hook and nobody who hears of alerts."""
    settings = {"hooks": HookSettings(after_approval=hook), "watch": WatchSettings(silence="", quiet="00:00-23:59")}
    here = replace(opened, settings=opened.settings.model_copy(update=settings))
    clock(here).advance(minutes=1)
    put_check(here, "no_deploy_needed")
    clock(here).advance(minutes=1)
    return here


def clock(opened: Opened) -> Clock:
    assert isinstance(opened.clock, Clock)
    return opened.clock


def moved(opened: Opened, version: str = "2") -> None:
    """The champion's own bytes once more, as another version."""
    move(opened, version, require_champion(opened.workspace, opened.ledger).digest)


def round_of(opened: Opened) -> Delivered:
    follow(opened)
    return deliver(opened)


def told(opened: Opened) -> list[dict[str, Any]]:
    file = opened.workspace.root / "told"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def standing(opened: Opened) -> list[str]:
    return [alert.condition.title for alert in newest_alerts(opened.state, 9, over=False)]


def test_a_command_hears_once_what_serves_now_with_the_row_of_the_ledger(trained: Opened) -> None:
    opened = hooked(trained)
    words = "2; touch harm $(touch harm)"
    moved(opened, words)
    assert round_of(opened).arrived == 1
    assert round_of(opened) == Delivered(0, ())
    (one,) = told(opened)
    champion = require_champion(opened.workspace, opened.ledger)
    assert (one["act"], one["version"], one["digest"]) == ("deployed", words, champion.digest)
    assert (one["row"], one["key"]) == (champion.ledger_seq, champion.ledger_hash)
    assert Path(one["artifact"]).is_dir() and one["replaces"] == champion.digest
    assert not (opened.workspace.root / "harm").exists()


def test_one_that_fails_is_an_alert_and_is_told_again_with_the_same_key_until_it_works(trained: Opened) -> None:
    opened = hooked(trained)
    (opened.workspace.root / "fails").write_text("the endpoint is <busy>")
    moved(opened)
    (failure,) = round_of(opened).failures
    assert "the hook after approval: the endpoint is <busy>" in failure
    follow(opened)
    assert standing(opened) == [FAILED]
    (alert,) = newest_alerts(opened.state, 9, over=False)
    assert (alert.condition.severity, "‹busy›" in alert.condition.said) == ("critical", True)
    assert round_of(opened) == Delivered(0, ())  # it is not due yet
    (opened.workspace.root / "fails").unlink()
    clock(opened).advance(minutes=2)
    assert round_of(opened).arrived == 1
    follow(opened)
    assert standing(opened) == []
    assert len({one["key"] for one in told(opened)}) == 1 and len(told(opened)) == 2


def test_a_repetition_that_comes_late_does_not_undo_a_newer_move(trained: Opened) -> None:
    opened = hooked(trained)
    (opened.workspace.root / "fails").write_text("busy")
    moved(opened, "2")
    round_of(opened)
    (opened.workspace.root / "fails").unlink()
    clock(opened).advance(minutes=2)
    moved(opened, "3")
    round_of(opened)
    assert [one["version"] for one in told(opened)] == ["2", "3"]
    assert unsent(opened.state) == ()


def test_of_two_moves_between_looks_the_newest_is_told_and_its_failure_stays_an_alert_whatever_is_told_again(trained: Opened) -> None:
    opened = hooked(trained)
    (opened.workspace.root / "fails").write_text("busy")
    moved(opened, "2")
    clock(opened).advance(seconds=1)
    moved(opened, "3")
    raised = follow(opened)
    deliver(opened)
    follow(opened)
    assert standing(opened) == [FAILED] and [one["version"] for one in told(opened)] == ["3"]
    clock(opened).advance(seconds=1)
    enqueue_again(opened, next(alert.number for alert in raised if "2" in alert.condition.title))
    round_of(opened)
    follow(opened)
    assert standing(opened) == [FAILED] and len(told(opened)) == 1


def test_one_look_tells_people_that_the_hook_failed_and_the_next_that_it_works_again(trained: Opened) -> None:
    """As a scheduler calls it, once a day."""

    def once(opened: Opened) -> list[str]:
        def refused(_: Path) -> Opened:
            raise ChurnopsError("No check is made here.")

        server.requests.clear()
        Rounds(
            [opened.workspace.root], refused, lambda _: opened, lambda _: pytest.fail("nobody is asked"), Stopping(), lambda _: None
        ).once()
        return [json.loads(request.body)["title"].partition("] ")[2] for request in server.requests]

    with web_server() as server:
        opened = hooked(trained)
        alerts = AlertSettings(destinations=(f"hook://127.0.0.1:{server.port}/all",))
        opened = replace(opened, settings=opened.settings.model_copy(update={"alerts": alerts, "watch": WatchSettings(silence="")}))
        (opened.workspace.root / "fails").write_text("busy")
        moved(opened)
        assert FAILED in once(opened)
        (opened.workspace.root / "fails").unlink()
        clock(opened).advance(hours=24)
        assert f"Back to normal: {FAILED}" in once(opened)
        assert standing(opened) == ["The check of the model failed"]


def test_one_that_cannot_be_started_is_no_obstacle_and_runs_again_when_a_person_asks(trained: Opened) -> None:
    opened = hooked(trained, "/nowhere/hook --now")
    moved(opened)
    assert require_champion(opened.workspace, opened.ledger).version == "2"
    assert "it cannot be started (No such file or directory)" in round_of(opened).failures[0]
    mended = replace(opened, settings=hooked(opened).settings)
    number = max(alert.number for alert in newest_alerts(opened.state, 9, over=True) if alert.condition.kind == "deployed")
    enqueue_again(mended, number)
    deliver(mended)
    assert [one["version"] for one in told(mended)] == ["2"]


def test_a_webhook_is_signed_and_keyed_by_the_row(trained: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", "s3cret")
    with web_server() as server:
        opened = hooked(trained, f"hook://127.0.0.1:{server.port}/deploy?secret=${{HOOK_SECRET}}")
        moved(opened)
        assert round_of(opened).arrived == 1
    (came,) = server.requests
    assert came.headers["idempotency-key"] == json.loads(came.body)["key"] == require_champion(opened.workspace, opened.ledger).ledger_hash
    signed = hmac.new(b"s3cret", f"{came.headers['x-churnops-time']}.".encode() + came.body, hashlib.sha256).hexdigest()
    assert came.headers["x-churnops-signature"] == f"sha256={signed}"


def test_without_a_hook_nothing_waits_and_one_set_later_is_told_of_later_moves_alone(trained: Opened) -> None:
    opened = hooked(trained, "")
    moved(opened, "2")
    round_of(opened)
    later = hooked(opened)
    assert round_of(later) == Delivered(0, ()) and told(later) == []


def test_a_secret_in_the_settings_file_is_refused_and_not_repeated(trained: Opened) -> None:
    file = trained.workspace.settings_file
    file.write_text(file.read_text().replace('after_approval = ""', 'after_approval = "hooks://ops.example.com/in?secret=hunter2"'))
    with pytest.raises(SettingsError, match=r"`hooks\.after_approval` holds a secret") as refused:
        read_settings(file)
    assert "hunter2" not in str(refused.value)


def test_nothing_but_the_settings_and_the_watch_knows_of_the_hook() -> None:
    """Whoever writes keys of churnops.toml for a person, and every tool and operator, would have to name it."""
    sources = [path for room in ("agent", "pipeline", "reports", "tools") for path in (ROOT / room).rglob("*.py")]
    naming = {path.relative_to(ROOT).as_posix() for path in sources if "after_approval" in path.read_text(encoding="utf-8")}
    settings = {"pipeline/workspace/hook_settings.py", "pipeline/workspace/settings_secrets.py"}
    assert naming == settings | {"agent/watch/hook.py", "agent/watch/alerting.py", "agent/watch/conditions.py"}


@pytest.mark.parametrize(
    ("hook", "said"),
    [
        ("  ", "it names no command"),
        ("'' --now", "it names no command"),
        ("https://ops.example.com/in", "a webhook is written hook:// or hooks://"),
    ],
)
def test_what_could_never_be_told_is_refused_in_the_settings(trained: Opened, hook: str, said: str) -> None:
    file = trained.workspace.settings_file
    file.write_text(file.read_text().replace('after_approval = ""', f'after_approval = "{hook}"'))
    with pytest.raises(SettingsError, match=said):
        read_settings(file)
