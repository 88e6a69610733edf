"""A log holds when, what, which case and which request; no secret, no row, no word of an error, whoever logs."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from agent.case.event_log import log_run_event
from agent.case.events import Crashed, Refused, Started, TextDelta, ToolCalled, ToolReturned
from agent.commands.watch import _say
from agent.watch.rounds import Rounds
from agent.watch.stopping import Stopping
from pipeline.errors import ChurnopsError
from pipeline.log_lines import ASKED, JsonLines, case_id, request_id
from pipeline.workspace.policy import load_policy
from prompts import policy_text
from reports.web.request_log import RequestLog
from tests.conftest import NOON

SECRET = "hunter2"


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What was logged, as JSON; nothing in it may hold the secret."""
    stream, root = io.StringIO(), logging.getLogger()
    handler, levels = logging.StreamHandler(stream), {name: logging.getLogger(name).level for name in ("agent", "reports")}
    handler.setFormatter(JsonLines())
    root.addHandler(handler)
    for name in levels:
        logging.getLogger(name).setLevel(logging.INFO)

    def read() -> list[dict[str, Any]]:
        assert SECRET not in stream.getvalue()
        return [json.loads(line) for line in stream.getvalue().splitlines()]

    yield read
    root.removeHandler(handler)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    case_id.set("")
    request_id.set("")


def test_what_a_library_or_an_error_says_stays_out(lines: Callable[[], list[dict[str, Any]]]) -> None:
    logging.getLogger("some.library").error(f"connecting to postgresql://me:{SECRET}@db")
    logging.getLogger("reports.web.prediction_api").error("a request failed: %s", SECRET)
    try:
        raise ValueError(f"could not convert {SECRET}")
    except ValueError:
        logging.getLogger("reports.web").exception("a request failed")
    library, ours, failed = lines()
    assert library["event"].startswith("test_log_lines:") and library["level"] == "error"
    assert ours["event"] == "a request failed: %s"
    assert failed["error"] == "ValueError" and failed["place"][-1].startswith("test_log_lines.py:")


def test_a_run_is_told_by_its_case_and_its_tools_alone(lines: Callable[[], list[dict[str, Any]]]) -> None:
    log_run_event(
        Started(
            at=NOON,
            case_id="2026-11-21-abc",
            operator="rulebook",
            about=SECRET,
            window=SECRET,
            limits=load_policy(policy_text(), {}).limits,
            tool_calls=0,
        )
    )
    log_run_event(TextDelta(at=NOON, text=SECRET))
    log_run_event(ToolCalled(at=NOON, call_id="1", number=1, name="diagnose\n" + "x" * 999, arguments={"customer": SECRET}))
    log_run_event(ToolReturned(at=NOON, call_id="1", name="diagnose", is_error=False, line=SECRET, structured={"row": SECRET}))
    log_run_event(Refused(at=NOON, call_id="2", name="run_training", rule="limits.trainings", line=SECRET))
    log_run_event(Crashed(at=NOON, where="diagnose", line=SECRET, traceback=SECRET))
    told = lines()
    assert [line["event"] for line in told] == ["started", "tool_called", "tool_returned", "refused", "crashed"]
    assert {line["case_id"] for line in told} == {"2026-11-21-abc"}
    assert len(told[1]["tool"]) <= 120 and "\n" not in told[1]["tool"]
    assert told[3]["rule"] == "limits.trainings"


def test_a_request_is_told_by_its_id_and_its_route(lines: Callable[[], list[dict[str, Any]]]) -> None:
    app = FastAPI()

    @app.get("/review/s/{visit}")
    def visited(visit: str) -> str:
        return visit

    app.add_middleware(RequestLog)
    client = TestClient(app)
    assert client.get(f"/review/s/{SECRET}", headers={"x-request-id": "order-7"}).headers["x-request-id"] == "order-7"
    made = client.get(f"/nowhere/{SECRET}?key={SECRET}", headers={"x-request-id": f"{SECRET} {{}}"}).headers["x-request-id"]
    first, second = (line for line in lines() if line["event"] == "request")
    assert (first["request_id"], first["route"], first["status"], first["method"]) == ("order-7", "/review/s/{visit}", 200, "GET")
    assert (second["request_id"], second["route"], second["status"]) == (made, "none", 404)
    assert len(made) == 32


def test_a_watch_tells_people_why_and_the_log_only_that(
    lines: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(_: Path) -> NoReturn:
        raise ChurnopsError(f"The row {SECRET} cannot be read.")

    def once() -> str:
        Rounds([Path("/churn")], refused, refused, lambda _: pytest.fail("nobody is asked"), Stopping(), _say).once()
        return capsys.readouterr().err

    assert SECRET in once()
    monkeypatch.setenv(ASKED, "1")
    assert SECRET not in once()
    for logged in lines():
        assert (logged["event"], logged["workspace"], logged["status"]) == ("checked", "/churn", "failed")
    assert len(lines()) == 2
