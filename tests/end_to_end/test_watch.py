"""`churnops watch --once` and `churnops alerts` as a scheduler and a person meet them: JSON, exit codes, sentences."""

import json
import shutil
import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import typer

from agent.commands.watch import _end
from agent.watch.check import Checked
from agent.watch.rounds import Visit
from pipeline.record.opened_workspace import open_workspace
from prompts import policy_text
from tests.agent.watch.destinations_of import WebServer, mail_server, web_server
from tests.agent.watch.standing_cases import put_case, put_check
from tests.conftest import NOON, Clock
from tests.end_to_end.command_line import CommandLine


@pytest.fixture(autouse=True)
def signals_as_before() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def workspace(churnops: CommandLine, untrained_workspace: Path) -> Path:
    """A workspace without a champion: its checks fail, which is soon said."""
    shutil.rmtree(churnops.folder)
    shutil.copytree(untrained_workspace, churnops.folder)
    return churnops.folder


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
    with web_server() as server:
        monkeypatch.setenv("CHURNOPS_ALERTS__DESTINATIONS", f'["hook://127.0.0.1:{server.port}/in"]')
        yield server


def test_once_checks_each_says_it_as_json_and_tells_people(
    churnops: CommandLine, workspace: Path, server: WebServer, tmp_path: Path
) -> None:
    other = tmp_path / "no workspace"
    other.mkdir()
    found = churnops("watch", "--once", "--json", str(workspace), str(other), str(workspace))
    assert found.code == 1
    first, second = found.json["checked"]
    assert set(first) == {"workspace", "case_id", "status", "said", "alerts"}
    assert (first["workspace"], first["case_id"], first["status"]) == (str(workspace), None, "failed")
    assert "churnops train" in first["said"]
    assert first["alerts"] == [{"number": 1, "kind": "monitoring_failed", "severity": "critical", "title": "The check of the model failed"}]
    assert second["status"] == "failed" and "No churnops.toml" in second["said"]
    assert [json.loads(request.body)["phase"] for request in server.requests] == ["first"]
    assert churnops("watch", "--once", "--json").json["checked"][0]["alerts"] == []
    assert len(server.requests) == 1


def test_the_heartbeat_stops_with_the_checks(
    churnops: CommandLine, workspace: Path, server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHURNOPS_WATCH__HEARTBEAT", f"http://127.0.0.1:{server.port}/beat")
    churnops("watch", "--once")
    assert [request.path for request in server.requests] == ["/in"]  # it failed
    monkeypatch.setenv("CHURNOPS_WATCH__QUIET", "00:00-23:59")
    churnops("watch", "--once")
    assert [request.path for request in server.requests] == ["/in", "/beat"]


def test_an_alert_is_listed_taken_on_and_sent_again(churnops: CommandLine, workspace: Path, server: WebServer) -> None:
    server.answer = 500
    assert "did not reach hook" in churnops("watch", "--once").err
    (alert,) = churnops("alerts", "list", "--json").json["alerts"]
    assert (alert["number"], alert["acked_by"], alert["ended_at"]) == (1, None, None)
    assert [(one["tries"], one["error"]) for one in alert["unsent"]] == [(1, "it answered 500")]
    assert churnops("alerts", "resend").code == 1
    server.answer = 200
    assert churnops("alerts", "resend", "--json").json == {"sent": 1, "failures": []}
    assert churnops("alerts", "resend", "1", "--json").json["sent"] == 1
    taken = churnops("alerts", "ack", "1")
    assert taken.code == 0 and taken.out.endswith("has alert 1: The check of the model failed.\n")
    assert churnops("alerts", "ack", "1").code == 1
    assert "The check of the model" in churnops("alerts", "list").out


def test_every_destination_is_tried(churnops: CommandLine, workspace: Path, server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with mail_server() as mail:
        monkeypatch.setenv("CHURNOPS_ALERTS__DESTINATIONS", f'["hook://127.0.0.1:{server.port}/in", "{mail.url}"]')
        found = churnops("alerts", "test", "--json")
        assert found.code == 0 and [one["ok"] for one in found.json["destinations"]] == [True, True]
        assert "A test of churnops" in mail.mails[0]["Subject"]
    server.answer = 403
    found = churnops("alerts", "test")
    assert found.code == 1
    assert [line.partition(": ")[2] for line in found.out.splitlines()] == ["it answered 403", "it does not answer, or refused the message"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["watch", "--json"], 2, "goes with --once"),
        (["watch", "--detailed-exit-code"], 2, "goes with --once"),
        (["watch", "--once", "--metrics", "9108"], 2, "goes with a watch that stays"),
        (["watch", "--metrics", "nine"], 2, "it is a port, or a host and a port"),
        (["alerts", "test"], 1, "[alerts] names no destination."),
        (["alerts", "ack", "7"], 1, "There is no alert 7."),
        (["alerts", "resend", "7"], 1, "There is no alert 7."),
    ],
)
def test_what_cannot_be_is_one_sentence(churnops: CommandLine, workspace: Path, arguments: list[str], code: int, said: str) -> None:
    found = churnops(*arguments)
    assert found.code == code
    assert said in " ".join(found.err.replace("│", " ").split())


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"CHURNOPS_WATCH__CRON": "61 6 * * *"}, "is no cron expression"),
        ({"CHURNOPS_ALERTS__DESTINATIONS": '["nonsense://here"]'}, "is none that Apprise knows"),
        ({"CHURNOPS_ALERTS__DESTINATIONS": '["${NOT_SET}"]'}, "needs the variable NOT_SET"),
    ],
)
def test_a_watch_says_at_its_beginning_what_is_wrong_with_its_settings(
    churnops: CommandLine, workspace: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], said: str
) -> None:
    here = open_workspace(workspace, policy_text(), Clock())
    put_check(here, "no_deploy_needed")
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    found = churnops("watch")
    assert found.code == 1 and said in found.err and len(found.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("codes", "plain", "detailed"),
    [([0, 0], 0, 0), ([10, 20], 0, 20), ([30, 20, 10], 0, 30), ([1, 30], 1, 1), ([1, 130], 130, 130)],
)
def test_the_gravest_exit_code_is_that_of_all(codes: list[int], plain: int, detailed: int) -> None:
    visits = tuple(Visit(Path(), Checked("", None, "", code), ()) for code in codes)
    for asked, expected in ((False, plain), (True, detailed)):
        code = 0
        try:
            _end(visits, detailed=asked)
        except typer.Exit as ended:
            code = ended.exit_code
        assert code == expected


def test_a_case_of_the_time_before_the_watch_is_told_too(churnops: CommandLine, workspace: Path, server: WebServer) -> None:
    here = open_workspace(workspace, policy_text(), Clock(NOON + timedelta(days=1)))
    put_case(here, "needs_people")
    churnops("watch", "--once")
    assert {json.loads(request.body)["kind"] for request in server.requests} == {"people_must_act", "monitoring_failed"}
