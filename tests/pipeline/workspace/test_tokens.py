"""Tokens: shown once, kept as digests, gone when they expire or are revoked, and never lost to a second writer."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.errors import ChurnopsError, WorkspaceError
from pipeline.workspace.folder import Workspace
from pipeline.workspace.tokens import LONGEST_LIFE, TokenBook
from tests.conftest import Clock

DAY = timedelta(days=1)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


@pytest.fixture
def tokens(workspace: Workspace, clock: Clock) -> TokenBook:
    return TokenBook(workspace, clock)


def test_a_secret_opens_as_long_as_its_token_lives(tokens: TokenBook, clock: Clock) -> None:
    issued = tokens.create("ann", "train", 30 * DAY, "a person")
    holder = tokens.holder(issued.secret)
    assert holder == issued.token
    assert holder is not None and (holder.name, holder.scope, holder.created_by) == ("ann", "train", "a person")
    clock.advance(days=29, hours=23)
    assert tokens.holder(issued.secret) is not None
    clock.advance(hours=1)
    assert tokens.holder(issued.secret) is None
    assert [token.state(clock()) for token in tokens.all()] == ["expired"]


def test_nothing_but_the_secret_opens(tokens: TokenBook) -> None:
    issued = tokens.create("ann", "read", DAY, "a person")
    for other in ("", "ann", issued.token.sha256, issued.token.token_id, issued.secret[:-1], issued.secret + "A", issued.secret.upper()):
        assert tokens.holder(other) is None


def test_the_file_keeps_the_digest_alone_and_only_its_owner_reads_it(tokens: TokenBook, workspace: Workspace) -> None:
    issued = tokens.create("ann", "read", DAY, "a person")
    file = workspace.home / "mcp_tokens.json"
    assert issued.secret.removeprefix("churnops_") not in file.read_text()
    assert issued.token.sha256 in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert issued.secret not in repr(tokens.all())


def test_two_tokens_share_nothing(tokens: TokenBook) -> None:
    secrets = {tokens.create(f"n{number}", "read", DAY, "a person").secret for number in range(20)}
    assert len(secrets) == 20
    assert min(len(secret.removeprefix("churnops_")) for secret in secrets) == 43  # 256 bits in base64


def test_revoking_is_seen_at_once_by_whoever_reads_the_book(tokens: TokenBook, workspace: Workspace, clock: Clock) -> None:
    running = TokenBook(workspace, clock)
    secret = tokens.create("ann", "read", DAY, "a person").secret
    assert running.holder(secret) is not None
    tokens.revoke("ann")
    assert running.holder(secret) is None
    assert [token.state(clock()) for token in running.all()] == ["revoked"]
    again = tokens.create("ann", "train", DAY, "a person").secret  # the name is free once more
    assert running.holder(again) is not None
    assert running.holder(secret) is None


def test_a_token_is_revoked_by_its_id_too(tokens: TokenBook) -> None:
    issued = tokens.create("ann", "read", DAY, "a person")
    assert tokens.revoke(issued.token.token_id).name == "ann"
    with pytest.raises(ChurnopsError, match="no live token 'ann'"):
        tokens.revoke("ann")


def test_a_book_taken_away_opens_nothing(tokens: TokenBook, workspace: Workspace) -> None:
    secret = tokens.create("ann", "read", DAY, "a person").secret
    assert tokens.holder(secret) is not None
    (workspace.home / "mcp_tokens.json").unlink()
    assert tokens.holder(secret) is None


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"tokens": [{"name": "x"}]}', '{"tokens": [], "more": 1}'])
def test_a_damaged_book_is_an_error_and_not_an_open_door(tokens: TokenBook, workspace: Workspace, damage: str) -> None:
    secret = tokens.create("ann", "read", DAY, "a person").secret
    (workspace.home / "mcp_tokens.json").write_text(damage)
    for _ in range(2):
        with pytest.raises(WorkspaceError, match="damaged"):
            tokens.holder(secret)


@pytest.mark.parametrize("name", ["", "a b", "-x", "a\nb", "ä", "x" * 41, "a\x1b[31m", "<b>", "../x"])
def test_a_name_is_plain_because_reports_show_it(tokens: TokenBook, name: str) -> None:
    with pytest.raises(ChurnopsError, match="cannot name a token"):
        tokens.create(name, "read", DAY, "a person")


def test_a_live_name_is_taken_and_a_life_has_an_end(tokens: TokenBook) -> None:
    tokens.create("ann", "read", DAY, "a person")
    with pytest.raises(ChurnopsError, match="already"):
        tokens.create("ann", "train", DAY, "a person")
    with pytest.raises(ChurnopsError, match="366 days"):
        tokens.create("bob", "read", LONGEST_LIFE + DAY, "a person")
    assert len(tokens.all()) == 1


def test_of_many_writers_none_loses_a_token(workspace: Workspace, clock: Clock) -> None:
    def create(number: int) -> str:
        return TokenBook(workspace, clock).create(f"n{number}", "read", DAY, "a person").secret

    with ThreadPoolExecutor(8) as pool:
        secrets = list(pool.map(create, range(24)))
    tokens = TokenBook(workspace, clock)
    assert [tokens.holder(secret) is not None for secret in secrets] == [True] * 24


def test_tokens_in_a_pipe_are_none_and_nobody_waits_for_them(tokens: TokenBook, workspace: Workspace) -> None:
    workspace.home.mkdir()
    os.mkfifo(workspace.home / "mcp_tokens.json")
    with pytest.raises(ChurnopsError, match="is no plain file"):
        tokens.holder("any")
