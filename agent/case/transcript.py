"""The record of a run: every event as one JSON line, on disk before the next one happens."""

from pathlib import Path
from types import TracebackType

from agent.case.events import Event
from pipeline.errors import WorkspaceError


class Transcript:
    """Appends events to one file; a reader of events for `run`. Opening creates the folder, an earlier run's lines stay."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> "Transcript":
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("ab")
            # A killed run may have left half a line; the next event must not be glued to it.
            if self._file.tell() and _last_byte(self._path) != b"\n":
                self._file.write(b"\n")
        except OSError as error:
            raise self._unwritable(error) from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()

    def __call__(self, event: Event) -> None:
        """Append one event.

        Raises:
            WorkspaceError: the file cannot be written.
        """
        try:
            self._file.write(event.model_dump_json().encode() + b"\n")
            self._file.flush()
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> WorkspaceError:
        return WorkspaceError(
            f"The transcript {self._path} cannot be written: {error.strerror}.", "Make room or give write access, then resume the case."
        )


def _last_byte(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1)
