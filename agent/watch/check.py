"""One check of one workspace, from the outcomes that came in to the case that it asked for. A kill anywhere leaves a check that is due."""

import asyncio
import os
import socket
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from agent.watch.schedule import is_quiet
from agent.watch.stopping import Stopping
from agent.watch.volume import volume
from pipeline.errors import ChurnopsError
from pipeline.record.cases import Case
from pipeline.record.opened_workspace import Opened
from pipeline.record.reminders import said_lately
from pipeline.record.retention import prune
from pipeline.shown_text import plain
from pipeline.state.check_figures import CheckFigures, DeployFigure
from pipeline.state.checks import Check, check_history, record_check
from pipeline.state.leases import held
from pipeline.words import counted

if TYPE_CHECKING:
    from agent.case.triage import Outcome
    from agent.conversation.messages import Operator
    from agent.watch.deploy_review import DeployReview

_CASES = 200  # that are looked through, newest first
_COMMAND = "watch"  # as cases name who started them
_EXIT_CODES = {"needs_people": 10, "not_enough_data": 10, "pending_approval": 20, "partial": 30, "failed": 1, "parked": 130}

# The operator, and who takes over where it fails.
Operators = Callable[[Opened], "tuple[Operator, Operator | None]"]


@dataclass(frozen=True)
class Checked:
    """What a check came to. `status` is as of `Check`, or `quiet` or `busy` where none took place; `exit_code` as of `churnops triage`."""

    status: str
    case_id: str | None
    said: str
    exit_code: int


def check(opened: Opened, operators: Operators, stopping: Stopping) -> Checked:
    """Check a workspace now, unless these are quiet hours or another process does. Whatever goes wrong is a result, on record.

    Raises:
        WorkspaceError: the state database does not answer.
    """
    if is_quiet(opened.settings.watch, opened.clock()):
        return Checked("quiet", None, "Quiet hours: the check takes place when they are over.", 0)
    by = f"{socket.gethostname()}:{os.getpid()}"
    lost = threading.Event()

    def on_lost() -> None:
        lost.set()
        stopping.cut_off()

    with held(opened.state, "watch", f"{by}:{uuid.uuid4().hex}", on_lost=on_lost) as free:
        if not free:
            return Checked("busy", None, "Another process checks this workspace.", 0)
        began = opened.clock()
        undone = Check(began, began, "parked", None, None, "Stopped before it came to its end.", by)
        try:
            made = _checked(opened, operators, stopping, lost, undone)
        except asyncio.CancelledError:
            made = undone
        except ChurnopsError as error:
            made = replace(undone, status="failed", said=str(error))
        except Exception as error:  # one workspace never stops the others, whatever its disk or its packages raise
            made = replace(undone, status="failed", said=f"{type(error).__name__}: {plain(str(error), 300)}")
        made = replace(made, ended_at=opened.clock())
        record_check(opened.state, made)
        with suppress(ChurnopsError, OSError):  # the next check deletes what is left; what is old harms no verdict
            prune(opened)
    waiting = next((case for case in opened.cases.newest(_CASES) if case.status == "pending_approval"), None)
    if waiting is None or made.status not in {"no_deploy_needed", "acknowledged"}:
        return Checked(made.status, made.case_id, made.said, _exit_code(opened, made))
    return Checked(made.status, made.case_id, f"{made.said} A challenger waits for approval in case {waiting.case_id}.", 20)


def failed_check(opened: Opened, said: str) -> Checked:
    """Put on record that a check could not even begin."""
    now = opened.clock()
    record_check(opened.state, Check(now, now, "failed", None, None, said, f"{socket.gethostname()}:{os.getpid()}"))
    return Checked("failed", None, said, _EXIT_CODES["failed"])


def _exit_code(opened: Opened, made: Check) -> int:
    if made.status == "not_enough_data" and made.case_id is not None:
        case = opened.cases.get(made.case_id)
        return 0 if said_lately(opened.cases.all(), case, opened.settings.watch.reminder) else 10
    return _EXIT_CODES.get(made.status, 0)


def _checked(opened: Opened, operators: Operators, stopping: Stopping, lost: threading.Event, begun: Check) -> Check:
    from agent.watch.deploy_review import review_deploy
    from agent.watch.look import look, resting_on

    came, problem = _outcomes_in(opened)
    seen, review = look(opened), review_deploy(opened)
    begun = replace(begun, newest_prediction=seen.newest_prediction, drift_share=seen.drift.share, roc_auc=seen.roc_auc)
    begun = replace(begun, problem=problem, figures=_completed(opened, seen.figures, review))
    _close_left_cases(opened, seen.key)
    if opened.settings.watch.triage == "asked" and seen.asks == "no_deploy_needed":
        if review.case is not None and review.outcome is not None:
            return replace(begun, status=review.case.status, case_id=review.case.case_id, said=f"{came}{review.outcome.said}")
        return replace(begun, status="no_deploy_needed", said=f"{came}Nothing asks for a case. {seen.diagnosis.said}")
    cut_off = bool(check_history(opened.state).undone)
    case = resting_on(opened, seen, opened.cases.newest(_CASES), go_on=cut_off)
    if case is not None:
        return replace(begun, status=case.status, case_id=case.case_id, said=f"{came}Case {case.case_id} says what there is to say.")
    if lost.is_set():
        return begun
    outcome = _triage(opened, operators, stopping)
    if outcome.stopped == "interrupted":
        return replace(begun, case_id=outcome.case_id, said="Stopped; the case goes on with the next check.")
    status = "acknowledged" if outcome.acknowledgement is not None else outcome.status
    return replace(begun, status=status, case_id=outcome.case_id, said=f"{came}{_said(opened.cases.get(outcome.case_id))}")


def _completed(opened: Opened, figures: CheckFigures | None, review: "DeployReview") -> CheckFigures | None:
    """The figures of a look, with those of the newest deploy and of the volume."""
    if figures is None:
        return None
    deploy = review.outcome
    told = DeployFigure(version=deploy.version, verdict=deploy.verdict, said=deploy.said) if deploy else None
    return figures.model_copy(update={"deploy": told, "volume": volume(opened), "shadow_problem": next(iter(review.problems), None)})


def _close_left_cases(opened: Opened, key: str) -> None:
    """A watch that was killed left its case open. Where the window is another by now nothing can go on with it: it gets its partial report. Who
    holds the turn knows that no other watch works on it."""
    from reports.filing import file_report
    from reports.verdict import Narrative, Verdict

    left = [case for case in opened.cases.newest(_CASES) if (case.status, case.started_by) == ("open", _COMMAND) and case.key != key]
    why = "The watch was ended while it worked on the case, and the window is another by now."
    for case in left:
        with suppress(ChurnopsError):  # a person closed it meanwhile
            file_report(opened, case, Verdict("partial", None, None, "watch", "interrupted", partial=why), Narrative("", ""))


def _outcomes_in(opened: Opened) -> tuple[str, str | None]:
    """Take in the outcomes that lie where the settings say. Returns what came, and why nothing could be read, which keeps nothing else back."""
    from pipeline.intake.outcomes import pull_outcomes

    settings = opened.settings.outcomes
    if not (settings.file or settings.table or settings.column):
        return "", None
    try:
        added = pull_outcomes(opened).added
    except ChurnopsError as error:
        return "Outcomes could not be taken in. ", str(error)
    return f"{counted(added, 'outcome')} came in. " if added else "", None


def _triage(opened: Opened, operators: Operators, stopping: Stopping) -> "Outcome":
    from agent.case.triage import triage
    from pipeline.intake.window_choice import WindowChoice

    operator, fallback = operators(opened)
    work = partial(triage, opened, WindowChoice().reader(opened), operator, fallback, _ignore, started_by=_COMMAND)
    return stopping.run(work)


def _ignore(_event: object) -> None:
    """The transcript has it."""


def _said(case: Case) -> str:
    from pipeline.record.cases import concluded

    found = concluded(case)
    return found.said if found else f"Case {case.case_id} was reported."
