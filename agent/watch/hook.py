"""The hook after approval: a command or a webhook of the team's that hears which model serves now, until it has succeeded.

It comes after a person's decision and never before one: nothing it says or does reaches an approval. What it is told comes from the ledger and
on standard input or in a body, never as words of the command.
"""

import json
import os
import shlex
import signal
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from agent.watch.destinations import filled
from agent.watch.sending import NotDelivered, is_hook, post
from pipeline.models.artifact import open_artifact
from pipeline.record.champion import require_champion
from pipeline.record.opened_workspace import Opened
from pipeline.state.alerts import Alert
from pipeline.training.team_trainer import last_line, outside_environment

DESTINATION = "hook:after_approval"  # as the outbox knows it, whatever the setting says
MOVED = ("deployed", "rolled_back")
_AT_MOST_SECONDS = 240  # less than an attempt stays claimed (`CLAIM` of the outbox)


@dataclass(frozen=True)
class Move:
    """What a hook is told. `key`, the hash of the ledger's `row`, is the same whenever it is told again; rows of later moves have higher numbers.
    `digest` is that of the folder `artifact`, `replaces` that of the model before."""

    key: str
    row: int
    act: str
    version: str
    digest: str
    replaces: str | None
    artifact: str
    case_id: str | None
    decided_at: str
    workspace: str


def run_hook(opened: Opened, alert: Alert) -> None:
    """Tell the hook of the move that `alert` is about. Where the champion has moved since, nothing is told: a late repetition would undo that.

    Raises:
        NotDelivered: the hook failed; the reason names no secret.
        ChurnopsError: pointer, ledger or artifact do not fit one another; or a variable that the URL names is missing.
    """
    hook = opened.settings.hooks.after_approval
    move = _move(opened)
    if not hook or alert.condition.key != f"move:{move.key}":
        return
    body = json.dumps(asdict(move)).encode()
    if is_hook(hook):
        post(filled(hook, os.environ), body, move.key, int(opened.clock().timestamp()))
    else:
        _run(shlex.split(hook), body, opened.workspace.root)


def _move(opened: Opened) -> Move:
    """The newest move; every byte of the artifact has been checked."""
    champion = require_champion(opened.workspace, opened.ledger)
    entry = opened.ledger.entry(champion.ledger_seq)
    artifact = open_artifact(opened.workspace, champion.digest)
    return Move(
        key=entry.hash,
        row=entry.seq,
        act=entry.kind,
        version=champion.version,
        digest=champion.digest,
        replaces=entry.body.get("replaces"),
        artifact=str(artifact.path),
        case_id=entry.case_id,
        decided_at=entry.at,
        workspace=str(opened.workspace.root),
    )


def _run(words: list[str], told: bytes, root: Path) -> None:
    with tempfile.NamedTemporaryFile() as stderr:
        try:
            running = subprocess.Popen(
                words,
                cwd=root,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                env=outside_environment(),
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise NotDelivered(f"it cannot be started ({getattr(error, 'strerror', None) or type(error).__name__})") from error
        try:
            running.communicate(told, timeout=_AT_MOST_SECONDS)
        except subprocess.TimeoutExpired:
            raise NotDelivered(f"it was stopped after {_AT_MOST_SECONDS} seconds") from None
        finally:
            with suppress(ProcessLookupError):  # whatever it left behind, too
                os.killpg(running.pid, signal.SIGKILL)
            running.wait()
        if running.returncode != 0:
            raise NotDelivered(last_line(Path(stderr.name)) or f"it ended with code {running.returncode}")
