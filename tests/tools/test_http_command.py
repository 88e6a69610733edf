"""`churnops mcp --http` and `churnops mcp token` as a person types them."""

import json
import socket
from pathlib import Path

import pytest

from pipeline.record.opened_workspace import Opened
from tests.end_to_end.command_line import CommandLine
from tests.tools.served import book, issue

TOKENS = ("mcp", "token")


@pytest.fixture
def churnops(fresh: Opened, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(fresh.workspace.root, monkeypatch, capsys)


def test_a_token_is_shown_once_listed_and_revoked(churnops: CommandLine, fresh: Opened) -> None:
    made = churnops(*TOKENS, "create", "--name", "ann", "--scope", "read", "--expires", "12h")
    secret = made.out.strip()
    assert made.code == 0
    assert secret not in made.err
    assert "not shown again" in made.err
    holder = book(fresh).holder(secret)
    assert holder is not None and holder.scope == "read"
    assert (holder.expires_at - holder.created_at).total_seconds() == 12 * 3600

    listed = churnops(*TOKENS, "list")
    assert "live" in listed.out and "ann" in listed.out and secret not in listed.out
    as_json = churnops(*TOKENS, "list", "--json").json["tokens"]
    assert [(token["name"], token["scope"], token["state"]) for token in as_json] == [("ann", "read", "live")]
    assert "sha256" not in json.dumps(as_json)

    assert churnops(*TOKENS, "revoke", "ann").code == 0
    assert book(fresh).holder(secret) is None
    assert "revoked" in churnops(*TOKENS, "list").out
    again = churnops(*TOKENS, "revoke", "ann")
    assert (again.code, "There is no live token 'ann'." in again.err) == (1, True)


def test_a_token_as_json(churnops: CommandLine, fresh: Opened) -> None:
    made = churnops(*TOKENS, "create", "--name", "ann", "--scope", "train", "--json").json
    assert book(fresh).holder(made["token"]) is not None
    assert (made["name"], made["scope"]) == ("ann", "train")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--name", "a b", "--scope", "read"), 1, "cannot name a token"),
        (("--name", "ann", "--scope", "deploy"), 2, "'deploy' is not one of"),
        (("--name", "ann", "--scope", "read", "--expires", "soon"), 1, "no length of time"),
        (("--name", "ann", "--scope", "read", "--expires", "9999w"), 1, "at most 366 days"),
        (("--scope", "read"), 2, "--name"),
    ],
)
def test_a_token_asked_for_wrongly_is_not_made(
    arguments: tuple[str, ...], code: int, said: str, churnops: CommandLine, fresh: Opened
) -> None:
    refused = churnops(*TOKENS, "create", *arguments)
    assert (refused.code, refused.out) == (code, "")
    assert said in " ".join(refused.err.replace("│", " ").split())
    assert book(fresh).all() == ()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--http",), 1, "churnops mcp token create"),
        (("--http", "--host", "0.0.0.0"), 1, "--allow-host"),
        (("--http", "--host", "0.0.0.0", "--allow-host", "mcp.example.com"), 1, "churnops mcp token create"),
        (("--http", "--allow-origin", "*"), 1, "no name to allow"),
        (("--port", "9000"), 2, "with --http only"),
        (("--http", "--port", "70000"), 2, "--port"),
        (("--http", "token", "list"), 2, "put the options of 'token' after it"),
    ],
)
def test_a_server_that_would_open_too_much_does_not_start(arguments: tuple[str, ...], code: int, said: str, churnops: CommandLine) -> None:
    refused = churnops("mcp", *arguments)
    assert (refused.code, refused.out) == (code, "")
    assert said in " ".join(refused.err.replace("│", " ").split())


def test_a_taken_port_is_one_sentence(churnops: CommandLine, fresh: Opened) -> None:
    issue(fresh, "read")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = churnops("mcp", "--http", "--port", str(port))
    assert refused.code == 1
    assert refused.err == f"churnops: Cannot listen on 127.0.0.1:{port} (Address already in use). Choose another --port.\n"


def test_outside_a_workspace_the_next_step_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = CommandLine(tmp_path, monkeypatch, capsys)(*TOKENS, "list")
    assert (refused.code, "churnops init" in refused.err) == (1, True)
