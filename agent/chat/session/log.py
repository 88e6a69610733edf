"""The file a session lives in: one event a line, on disk before anything that follows from it."""

import fcntl
import os
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType

from pydantic import TypeAdapter, ValidationError

from agent.chat.session.events import CommandRan, Event, QuestionAsked, Queued
from pipeline.atomic_files import sync_folder
from pipeline.errors import ChurnopsError, WorkspaceError
from pipeline.workspace.folder import Workspace

_EVENT: TypeAdapter[Event] = TypeAdapter(Event)
MOST_BYTES = 32 << 20  # as of a transcript; a thousand questions with their calls
_BEGIN = (CommandRan, Queued, QuestionAsked)  # what a full session takes no more of; what they began is still written down
_ID = re.compile(r"\d{4}-\d\d-\d\d-\d{6}(?:-\d+)?")


@dataclass(frozen=True)
class Stored:
    """One stored session, as a list shows it."""

    session_id: str
    questions: int
    first: str


def chat_folder(workspace: Workspace) -> Path:
    """Where the sessions of a workspace lie."""
    return workspace.home / "chat"


def read_log(path: Path) -> tuple[Event, ...]:
    """The events of a session. A last line that a kill cut off is left out.

    Raises:
        WorkspaceError: a line that is not the last is no event, or the file cannot be read.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise WorkspaceError(
            f"The session {path} cannot be read: {error.strerror}.", "`churnops chat --resume` lists none then."
        ) from error
    events: list[Event] = []
    for number, line in enumerate(lines[:-1], 1):  # what stands behind the last end of line is a line that a kill cut off
        try:
            events.append(_EVENT.validate_json(line))
        except ValidationError as error:
            raise WorkspaceError(
                f"Line {number} of {path} is no event of a session.", "Move the file away, or correct that line."
            ) from error
    return tuple(events)


def new_id(workspace: Workspace, now: datetime) -> str:
    """An id that no session of the workspace has."""
    folder, first = chat_folder(workspace), f"{now:%Y-%m-%d-%H%M%S}"
    number, found = 1, first
    while (folder / f"{found}.jsonl").exists():
        number += 1
        found = f"{first}-{number}"
    return found


def stored_sessions(workspace: Workspace) -> tuple[Stored, ...]:
    """All stored sessions, newest first; what cannot be read is left out."""
    found = []
    for path in chat_folder(workspace).glob("*.jsonl"):
        if not _ID.fullmatch(path.stem):
            continue
        try:
            asked = [event for event in read_log(path) if isinstance(event, QuestionAsked)]
        except WorkspaceError:
            continue
        found.append(Stored(path.stem, len(asked), asked[0].text if asked else ""))
    return tuple(sorted(found, key=lambda one: one.session_id, reverse=True))


def find_session(workspace: Workspace, beginning: str) -> Path:
    """The file of the newest session, or of the one whose id begins with `beginning`.

    Raises:
        ChurnopsError: there is none, or more than one.
    """
    ids = [one.session_id for one in stored_sessions(workspace)]
    found = [one for one in ids if one == beginning] or [one for one in ids if one.startswith(beginning)]
    if not found:
        raise ChurnopsError(
            f"There is no chat session {beginning[:64]!r}." if beginning else "There is no chat session yet.",
            "Begin one with `churnops chat`.",
        )
    if beginning and len(found) > 1:
        raise ChurnopsError(f"{len(found)} sessions begin with {beginning[:64]!r}: {', '.join(found[:5])}.", "Give one in full.")
    return chat_folder(workspace) / f"{found[0]}.jsonl"


class SessionLog:
    """Appends events to one session's file, which one process holds at a time; a context manager."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> "SessionLog":
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # What people ask is theirs: nobody else on the machine reads it.
            self._handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            sync_folder(self.path.parent)
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._handle)
            raise ChurnopsError(f"The session {self.path.stem} is open in another terminal.", "End it there, or begin another.") from error
        self._cut_off_line()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        os.close(self._handle)

    def append(self, event: Event) -> None:
        """Put one event on disk.

        Raises:
            WorkspaceError: it cannot be written, or it would begin something in a session that is full.
        """
        line = _EVENT.dump_json(event) + b"\n"
        if isinstance(event, _BEGIN) and os.fstat(self._handle).st_size + len(line) > MOST_BYTES:
            raise WorkspaceError(
                f"The session {self.path.stem} is full: a session has at most {MOST_BYTES >> 20} MiB.",
                "Begin another with `churnops chat`.",
            )
        try:
            while line:
                line = line[os.write(self._handle, line) :]
            os.fsync(self._handle)
        except OSError as error:
            raise self._unwritable(error) from error

    def _cut_off_line(self) -> None:
        """What a kill left of a last line is taken away: it says nothing, and the next event must not be glued to it."""
        size = os.lseek(self._handle, 0, os.SEEK_END)
        place = os.pread(self._handle, size, 0).rfind(b"\n") + 1
        os.ftruncate(self._handle, place)
        os.lseek(self._handle, place, os.SEEK_SET)

    def _unwritable(self, error: OSError) -> WorkspaceError:
        return WorkspaceError(
            f"The session {self.path} cannot be written: {error.strerror}.",
            "Make room or give write access, then `churnops chat --resume`.",
        )
