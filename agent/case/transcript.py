"""The record of a run: every event as one JSON line, on disk before the next one happens."""

import warnings
from pathlib import Path
from types import TracebackType

from agent.case.events import Event, TextDelta, TurnStarted
from pipeline.atomic_files import make_file, write_atomically
from pipeline.errors import Notice, WorkspaceError
from pipeline.workspace.shared_files import SharedFiles

_MOST_TEXT = 32 << 20  # bytes; ten answers at full length take a third of it


class Transcript:
    """Appends events to one file; a reader of events for `run`. Opening creates the folder, an earlier run's lines stay. In a file that is
    large already, what the operator says is left out; what it does never is. Where hosts share files, the file is brought first, and goes there
    at each turn and at the end: the next run may be on another host."""

    def __init__(self, path: Path, shared: SharedFiles | None = None) -> None:
        self._path = path
        self._shared = shared

    def __enter__(self) -> "Transcript":
        try:
            make_file(self._path)
            known = self._shared.get(self._name) if self._shared is not None else None
            if known is not None and len(known) > self._path.stat().st_size:  # what another host went on with
                write_atomically(self._path, known)
            self._file = self._path.open("ab")
            # A killed run may have left half a line; the next event must not be glued to it.
            if self._file.tell() and _last_byte(self._path) != b"\n":
                self._file.write(b"\n")
        except OSError as error:
            raise self._unwritable(error) from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()
        try:
            self._share()
        except WorkspaceError as failed:  # the case is closed by now, and its report is where it belongs
            warnings.warn(Notice(f"The transcript is kept in {self._path} alone. {failed.problem}"), stacklevel=2)

    def __call__(self, event: Event) -> None:
        """Append one event.

        Raises:
            WorkspaceError: the file cannot be written.
        """
        if isinstance(event, TextDelta) and self._file.tell() > _MOST_TEXT:
            return
        try:
            self._file.write(event.model_dump_json().encode() + b"\n")
            self._file.flush()
        except OSError as error:
            raise self._unwritable(error) from error
        if isinstance(event, TurnStarted):
            self._share()

    @property
    def _name(self) -> str:
        return f"transcripts/{self._path.name}"

    def _share(self) -> None:
        if self._shared is not None:
            self._shared.put(self._name, self._path)

    def _unwritable(self, error: OSError) -> WorkspaceError:
        return WorkspaceError(
            f"The transcript {self._path} cannot be written: {error.strerror}.", "Make room or give write access, then resume the case."
        )


def _last_byte(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1)
