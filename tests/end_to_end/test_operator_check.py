"""`churnops operator check`: one tiny request says what works, what it costs and how fast, or one sentence says what does not."""

import json

import pytest

from pipeline.record.opened_workspace import Opened
from tests.end_to_end.command_line import CommandLine
from tests.messages_server import Fail, MessagesServer, Reply, Tool


@pytest.fixture
def churnops(trained: Opened, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "not-a-key")
    return CommandLine(trained.workspace.root, monkeypatch, capsys)


def test_an_endpoint_that_calls_tools_can_operate(churnops: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    with MessagesServer([Reply([Tool("ready", {"word": "ready"})])]) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        said = churnops("operator", "check", "--json")
        (request,) = server.requests
    assert said.code == 0, said.err
    assert said.json["tool_call"] is True
    assert said.json["cost_usd"] > 0
    assert "it can operate" in said.err
    assert len(json.dumps(request)) < 1_500  # and not a word about customers
    assert "tenure" not in json.dumps(request)


def test_one_that_only_talks_cannot(churnops: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHURNOPS_OPERATOR__MODEL", "somebody-elses")
    monkeypatch.setenv("CHURNOPS_OPERATOR__PRICES", "[1, 2]")
    with MessagesServer([Reply(["I am ready."])]) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        said = churnops("operator", "check")
    assert said.code == 1
    assert "it cannot operate" in said.out
    assert "priced by `prices` under [operator]" in " ".join(said.out.split())


def test_what_does_not_work_is_one_sentence(churnops: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    with MessagesServer([Fail(401, "authentication_error")]) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        said = churnops("operator", "check")
    assert (said.code, said.out) == (1, "")
    assert "rejected the key (401)" in said.err
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    said = churnops("operator", "check")
    assert (said.code, said.out) == (1, "")
    assert "ANTHROPIC_API_KEY" in said.err
    assert len(said.err.strip().splitlines()) == 1
