"""A sender that is killed while a real server has its message loses nothing: it arrives again, with the same key, and then no more."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from agent.watch.alerting import follow
from pipeline.record.opened_workspace import Opened, open_workspace
from pipeline.state.outbox import unsent
from prompts import policy_text
from tests.agent.watch.destinations_of import mail_server, web_server
from tests.agent.watch.standing_cases import put_case
from tests.conftest import Clock


@dataclass(frozen=True)
class Place:
    """A destination that can kill whoever sends to it: its URL, and the keys of the messages that came."""

    url: str
    keys: Callable[[], list[str]]
    kill_on_arrival: Callable[[Callable[[], None]], None]


@contextmanager
def webhook() -> Iterator[Place]:
    with web_server() as server:

        def kill(with_: Callable[[], None]) -> None:
            server.on_request = with_

        yield Place(
            f"hook://127.0.0.1:{server.port}/in?secret=${{HOOK_SECRET}}",
            lambda: [request.headers["idempotency-key"][:16] for request in server.requests],
            kill,
        )


@contextmanager
def mailbox() -> Iterator[Place]:
    with mail_server() as server:

        def kill(with_: Callable[[], None]) -> None:
            server.on_mail = with_

        yield Place(
            server.url,
            lambda: [re.search(r"\(message ([0-9a-f]{16})\)", mail.as_string())[1] for mail in server.mails],  # type: ignore[index]
            kill,
        )


@pytest.mark.slow
@pytest.mark.parametrize("place", [webhook, mailbox])
def test_a_message_whose_sender_was_killed_arrives_again_with_its_key(
    fresh: Opened, place: Callable[[], Iterator[Place]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with place() as destination:  # type: ignore[attr-defined]
        monkeypatch.setenv("CHURNOPS_ALERTS__DESTINATIONS", f'["{destination.url}"]')
        monkeypatch.setenv("HOOK_SECRET", "s3cret")
        opened = open_workspace(fresh.workspace.root, policy_text(), Clock())
        put_case(opened, "needs_people")
        follow(opened)

        def sender() -> subprocess.Popen[bytes]:
            command = [sys.executable, "-m", "churnops", "alerts", "resend", "--workspace", str(opened.workspace.root)]
            return subprocess.Popen(command, env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

        killed: list[subprocess.Popen[bytes]] = []
        destination.kill_on_arrival(lambda: os.kill(killed[0].pid, signal.SIGKILL))
        killed.append(sender())
        killed[0].communicate(timeout=60)
        assert killed[0].returncode == -signal.SIGKILL
        assert len(unsent(opened.state)) == 1

        destination.kill_on_arrival(lambda: None)
        for said in (b"1 sent.\n", b"0 sent.\n"):
            after = sender()
            assert after.communicate(timeout=60) == (said, b"")
            assert after.returncode == 0
        first, second = destination.keys()
        assert first == second
        assert unsent(opened.state) == ()
