"""Links by which whoever got a message takes its alert on: signed with a key of the workspace, for one alert, for as long as that stands."""

import hashlib
import hmac
import os
import re
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from pipeline.atomic_files import mode_below, sync_folder
from pipeline.clock import stamp
from pipeline.errors import ChurnopsError
from pipeline.record.opened_workspace import Opened
from pipeline.state.alerts import Alert, alert_in
from pipeline.workspace.folder import Workspace

PATH = "/review/ack"
_LINK = re.compile(r"(\d{1,9})-([0-9a-f]{40})", re.ASCII)


def ack_link(opened: Opened, alert: Alert) -> str:
    """What stands in the link behind `PATH`."""
    return f"{alert.number}-{_signature(opened, alert)}"


def alert_of_link(opened: Opened, link: str) -> Alert | None:
    """The alert that a link was made for; None where it was made for none."""
    match = _LINK.fullmatch(link)
    if match is None:
        return None
    with suppress(ChurnopsError), opened.state.read() as connection:
        alert = alert_in(connection, int(match[1]))
        if hmac.compare_digest(match[2], _signature(opened, alert)):
            return alert
    return None


def _signature(opened: Opened, alert: Alert) -> str:
    text = f"{alert.number}|{stamp(alert.opened_at)}|{alert.condition.key}"
    return hmac.new(_key(opened.workspace), text.encode(), hashlib.sha256).hexdigest()[:40]


def _key(workspace: Workspace) -> bytes:
    """The workspace's key, made when it is first asked for; of two that make one at once, both go on with the same, hosts included."""
    path: Path = workspace.ack_key
    with suppress(FileNotFoundError):
        return path.read_bytes()
    key = secrets.token_bytes(32)
    if workspace.shared is not None:
        workspace.shared.put_first(path.name, key)
        key = workspace.shared.get(path.name) or key
    handle, made = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(handle, "wb") as stream:
        os.fchmod(stream.fileno(), mode_below(path.parent) & 0o660)  # whoever shares the workspace, and nobody else
        stream.write(key)
        stream.flush()
        os.fsync(stream.fileno())
    with suppress(FileExistsError):
        os.link(made, path)
    Path(made).unlink()
    sync_folder(path.parent)
    return path.read_bytes()
