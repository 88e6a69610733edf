"""A chat with Claude: the real SDK, the real tools, a scripted provider on loopback."""

import io
import json
from itertools import pairwise
from typing import Any

import pytest

from agent.chat.answering.claude import chat_claude
from agent.chat.chat import open_chat
from agent.chat.commands.slash_commands import run_command
from agent.chat.screen.lines import Lines
from agent.chat.session.events import CallEnded, OperatorSaid
from agent.chat.session.log import read_log
from pipeline.intake.window_choice import WindowChoice
from pipeline.record.opened_workspace import Opened
from tests.agent.chat.commands.test_slash_commands import crew_of
from tests.end_to_end.command_line import CommandLine
from tests.end_to_end.conftest import churnops as churnops
from tests.messages_server import Fail, MessagesServer, Reply, Tool

pytestmark = pytest.mark.anyio


def texts_of(request: dict[str, Any]) -> str:
    return json.dumps(request["messages"])


@pytest.mark.slow
async def test_a_session_with_claude_streams_remembers_and_keeps_its_prefix(changed: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "not-a-key")
    script = [
        Reply([Tool("get_drift_summary", {})]),
        Reply(["The window has 900 rows."]),
        Reply([Tool("get_drift_summary", {}, id="toolu_2")]),
        Reply(["Still 900 rows."]),
    ]
    with MessagesServer(script) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        screen = Lines()
        heard: list[str] = []
        screen.said = heard.append  # type: ignore[method-assign]
        async with open_chat(changed, crew_of(changed, chat_claude(changed)), WindowChoice(), screen, run_command) as chat:
            await chat.take("How many rows?")
            await chat.take("And now?")
            path = changed.workspace.home / "chat" / f"{chat.session.session_id}.jsonl"
        requests = server.requests
    assert "".join(heard) == "The window has 900 rows.Still 900 rows.", "thoughts are not part of the answer"
    for before, after in pairwise(requests):
        assert {key: before[key] for key in ("system", "tools", "model")} == {key: after[key] for key in ("system", "tools", "model")}
        assert after["messages"][: len(before["messages"])] == before["messages"]
    assert requests[0]["thinking"] == {"type": "adaptive", "display": "omitted"}
    assert {tool["name"] for tool in requests[0]["tools"]} >= {"get_drift_summary", "run_training", "read_result"}
    assert not {tool["name"] for tool in requests[0]["tools"]} & {"approve", "reject", "deploy", "rollback"}
    events = read_log(path)
    assert [event.cached_from for event in events if isinstance(event, CallEnded)] == [None, 1]
    assert [event.spend.input_tokens for event in events if isinstance(event, OperatorSaid)] == [1000] * 4
    assert chat.session.spend.usd > 0


@pytest.mark.slow
async def test_after_a_failure_the_rulebook_answers_and_claude_is_told_in_short(changed: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "not-a-key")
    with MessagesServer([Reply([Tool("get_drift_summary", {})]), Fail(400, "invalid_request_error"), Reply(["Yes."])]) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        crew = crew_of(changed, chat_claude(changed))
        crew.fallback = crew.choose("rulebook", None)[0]
        async with open_chat(changed, crew, WindowChoice(), Lines(), run_command) as chat:
            await chat.take("What happened?")
            assert "concept drift" in chat.session.exchanges[0].answer.lower()
            await chat.take("Sure?")
            assert chat.session.exchanges[1].answer == "Yes."
        last = server.requests[-1]["messages"]
    assert [message["role"] for message in last] == ["user", "user"]
    assert "in short" in texts_of(server.requests[-1])
    assert "tool_result" not in texts_of(server.requests[-1])


@pytest.mark.slow
def test_one_question_from_the_command_line(changed: Opened, churnops: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    churnops.folder = changed.workspace.root
    asked = churnops("chat", "--ask", "What happened?", "--json")
    assert asked.code == 0, asked.err
    assert "concept drift" in asked.json["answer"].lower()
    assert asked.json["operator"].startswith("rulebook")
    assert asked.json["unsourced"] == []
    assert {call["tool"] for call in asked.json["calls"]} >= {"get_drift_summary", "diagnose"}
    replayed = churnops("chat", "--replay", "newest")
    assert "› What happened?" in replayed.out
    assert "\x1b" not in replayed.out
    again = churnops("chat", "--ask", "Are you sure?", "--resume", "newest", "--json")
    assert again.json["session_id"] == asked.json["session_id"]
    monkeypatch.setenv("ANTHROPIC_API_KEY", "not-a-key")
    with MessagesServer([Reply([Tool("run_training", {"case_id": "x", "mode": "recent"})]), Reply(["I was not allowed to."])]) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        said = churnops("chat", "--operator", "claude", "--ask", "Train it.")
    assert said.out.strip() == "I was not allowed to."
    assert "human did not allow" in said.err


def test_wrong_usage_is_said(changed: Opened, churnops: CommandLine) -> None:
    churnops.folder = changed.workspace.root
    assert churnops("chat", "--json").code == 2
    assert churnops("chat", "--resume", "nothing").code == 1
    assert "no chat session" in churnops("chat", "--replay", "newest").err
    assert churnops("chat", "--operator", "claude", "--ask", "x").code == 1


def test_lines_from_a_pipe_are_taken_in_order_and_without_a_champion_it_says_so(
    fresh: Opened, churnops: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    churnops.folder = fresh.workspace.root
    monkeypatch.setattr("sys.stdin", io.StringIO("/status\n\nWhat moved?\n/drift\n/quit\nnever taken\n"))
    said = churnops("chat")
    assert said.code == 0, said.err
    assert "none yet, run `/train`" in said.out
    assert "no champion yet" in said.err
    assert "**Not done.** This workspace has no champion yet." in said.out
    assert "never taken" not in said.out + said.err
    assert "Traceback" not in said.out + said.err
