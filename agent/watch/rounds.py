"""The watch: workspaces checked one after another when each is due, and their alerts sent meanwhile."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.watch.alerting import Delivered, deliver, follow
from agent.watch.check import Checked, Operators, check, failed_check
from agent.watch.destinations import unusable
from agent.watch.heartbeat import beat
from agent.watch.schedule import is_quiet, next_check
from agent.watch.stopping import Stopping
from pipeline.errors import ChurnopsError
from pipeline.log_lines import log_event
from pipeline.record.opened_workspace import Opened
from pipeline.shown_text import plain
from pipeline.state.alerts import Alert
from pipeline.state.checks import check_history

_log = logging.getLogger(__name__)

TICK_SECONDS = 15.0  # between two looks at what is due, each of some 50 ms

Open = Callable[[Path], Opened]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Visit:
    """One workspace, checked once: what the check came to and the alerts that are news."""

    workspace: Path
    checked: Checked
    alerts: tuple[Alert, ...]

    @property
    def line(self) -> str:
        """The result for people."""
        return f"{self.workspace}: {self.checked.status}. {self.checked.said}"


@dataclass(frozen=True)
class Rounds:
    """Goes round some workspaces. `opened_by_person` opens one and completes what a kill cut off, `opened` only opens it; both read its settings
    anew, so that a change counts from the next look on. `say` shows a line to people."""

    workspaces: Sequence[Path]
    opened_by_person: Open
    opened: Open
    operators: Operators
    stopping: Stopping
    say: Say

    def once(self) -> tuple[Visit, ...]:
        """Check each workspace now and send what there is to say. What goes wrong in one does not stop the rest."""
        visits = []
        for workspace in self.workspaces:
            if self.stopping.requested.is_set():
                break
            visit = self._visit(workspace, only_when_due=False)
            if visit is not None:
                self._tell(visit)
                visits.append(visit)
        return tuple(visits)

    def forever(self, tick_seconds: float = TICK_SECONDS) -> None:
        """Check each workspace whenever it is due, until the watch is to end."""
        messages = threading.Thread(target=self._send_messages, args=(tick_seconds,), name="messages", daemon=True)
        messages.start()
        said: dict[Path, str] = {}
        while not self.stopping.requested.is_set():
            for workspace in self.workspaces:
                visit = None if self.stopping.requested.is_set() else self._visit(workspace, only_when_due=True)
                if visit is not None and visit.checked.status != "busy" and visit.line != said.get(workspace):
                    self._tell(visit)
                    said[workspace] = visit.line
            self.stopping.requested.wait(tick_seconds)
        messages.join()

    def _tell(self, visit: Visit) -> None:
        self.say(visit.line)
        log_event(_log, "checked", workspace=str(visit.workspace), status=visit.checked.status, case_id=visit.checked.case_id)

    def _tell_unsent(self, workspace: Path, why: str) -> None:
        self.say(f"{workspace}: {why}")
        log_event(_log, "not_sent", workspace=str(workspace), case_id=None)

    def _visit(self, workspace: Path, *, only_when_due: bool) -> Visit | None:
        try:
            return self._looked(workspace, only_when_due)
        except ChurnopsError as error:
            said = str(error)
        except Exception as error:  # as of a check: one workspace never stops the others
            said = f"{type(error).__name__}: {plain(str(error), 300)}"
        return Visit(workspace, Checked("failed", None, said, 1), ())

    def _looked(self, workspace: Path, only_when_due: bool) -> Visit | None:
        with closing(self.opened(workspace)) as opened:
            settings, now = opened.settings.watch, opened.clock()
            if only_when_due and (is_quiet(settings, now) or next_check(settings, check_history(opened.state), now) > now):
                return None
            made = self._checked(workspace, opened)
            raised = follow(opened)
            for wrong in () if only_when_due else unusable(opened):
                self.say(f"{workspace}: {wrong}")
            if not only_when_due and (left := deliver(opened)) != Delivered(0, ()):
                raised += follow(opened)  # that the hook failed, or works again, is news itself, and nobody looks again for a day
                for failure in (*left.failures, *deliver(opened).failures):
                    self._tell_unsent(workspace, failure)
            if settings.heartbeat and made.status not in {"failed", "parked", "busy"} and (missed := beat(settings.heartbeat)):
                self._tell_unsent(workspace, missed)
        return Visit(workspace, made, raised)

    def _checked(self, workspace: Path, opened: Opened) -> Checked:
        try:
            recovered = self.opened_by_person(workspace)
        except ChurnopsError as error:  # the ledger, say, does not verify: nobody would hear of it if it were not on record
            return failed_check(opened, str(error))
        with closing(recovered):
            return check(recovered, self.operators, self.stopping)

    def _send_messages(self, tick_seconds: float) -> None:
        said: dict[Path, str] = {}
        while not self.stopping.requested.is_set():
            for workspace in self.workspaces:
                wrong = self._sent(workspace)
                if wrong and wrong != said.get(workspace):
                    self._tell_unsent(workspace, wrong)
                said[workspace] = wrong
            self.stopping.requested.wait(tick_seconds)

    def _sent(self, workspace: Path) -> str:
        """Follow and deliver; returns what went wrong."""
        try:
            with closing(self.opened(workspace)) as opened:
                follow(opened)
                return " ".join(deliver(opened, self.stopping.requested.is_set).failures)
        except ChurnopsError as error:
            return str(error)
        except Exception as error:  # messages of the other workspaces go on
            return f"{type(error).__name__}: {plain(str(error), 300)}"


@contextmanager
def closing(opened: Opened) -> Iterator[Opened]:
    """A workspace that is closed after use: a watch runs for months."""
    try:
        yield opened
    finally:
        opened.state.close()
