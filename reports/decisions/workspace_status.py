"""How a workspace stands, for whoever is on call: is the champion well, what waits, what changed since one last looked."""

import json
from contextlib import suppress
from datetime import datetime

from pydantic import BaseModel

from pipeline.atomic_files import write_atomically
from pipeline.errors import IntegrityError
from pipeline.own_file import read_own
from pipeline.record.cases import Case, Waiting, concluded, waiting_in
from pipeline.record.opened_workspace import Opened
from pipeline.shown_text import plain
from pipeline.state.checks import Check, check_history
from pipeline.words import STATUSES, cause_name
from reports.decisions.case_status import is_open, standings
from reports.workspace_history import CaseInShort, KnownOutcomes, LoggedRows, Served, in_short, workspace_history

_LOOKED_BYTES = 1 << 20


class ServingChampion(BaseModel, frozen=True):
    """Which model serves, and since when."""

    version: str
    digest: str
    since: datetime


class WorkspaceStatus(BaseModel, frozen=True):
    """What `churnops status --json` prints. `well` is null where nobody can tell, and `why` says so; `changed` is what happened since `looked`, when
    the same person last asked (null: never)."""

    champion: ServingChampion | None
    waiting: Waiting | None
    well: bool | None
    why: str
    newest_prediction: datetime | None
    newest_outcome: datetime | None
    open_cases: tuple[CaseInShort, ...]
    looked: datetime | None
    changed: tuple[str, ...]
    predictions: LoggedRows | None
    outcomes: KnownOutcomes


def workspace_status(opened: Opened, since: datetime | None = None) -> WorkspaceStatus:
    """As it is now, and what changed `since`; without it, since this person last looked, which is remembered."""
    history, cases = workspace_history(opened), opened.cases.all()
    stands = standings(opened, cases)
    champion, check = history.champion, check_history(opened.state).done
    asking = [case for case in cases if is_open(case, stands[case.case_id])]
    well, why = _well(champion, cases, check)
    looked = since or _looked(opened)
    return WorkspaceStatus(
        champion=ServingChampion(version=champion.version, digest=champion.digest, since=champion.since) if champion else None,
        waiting=next((waits for case in asking if (waits := waiting_in(case))), None),
        well=well,
        why=why,
        newest_prediction=history.predictions.newest if history.predictions else None,
        newest_outcome=history.outcomes.newest,
        open_cases=tuple(in_short(case) for case in asking),
        looked=looked,
        changed=_changed(history.served, cases, looked) if looked else (),
        predictions=history.predictions,
        outcomes=history.outcomes,
    )


def _well(champion: Served | None, cases: tuple[Case, ...], check: Check | None) -> tuple[bool | None, str]:
    if champion is None:
        return None, "There is no champion yet."
    # The same model may have been deployed before.
    of_it = [case for case in cases if case.kind == "deploy" and case.champion.digest.startswith(champion.digest)]
    bad = next((case for case in of_it if case.opened_at >= champion.since), None)
    if bad is not None:
        return False, f"It does worse than the model it replaced (case {bad.case_id}); a person may go back with `churnops rollback`."
    last = next((case for case in cases if case.kind == "triage" and case.champion.digest.startswith(champion.digest)), None)
    quiet = check is not None and check.status == "no_deploy_needed" and check.started_at >= champion.since
    if check is not None and quiet and (last is None or last.closed_at is None or check.started_at >= last.closed_at):
        return True, f"The check of {check.started_at:%Y-%m-%d %H:%M} UTC found nothing to act on."
    if last is None:
        return None, "No triage has looked at it yet."
    found = concluded(last)
    what = f"The triage of {last.opened_at:%Y-%m-%d %H:%M} UTC (case {last.case_id})"
    cause = f"{cause_name(found.cause)}{f' in {plain(found.column, 80)}' if found.column else ''}" if found else STATUSES[last.status]
    if last.status == "no_deploy_needed":
        return True, f"{what} found nothing to do: {cause}."
    if last.status in {"needs_people", "pending_approval", "approving", "superseded"}:
        return False, f"{what} found: {cause}."
    if last.status == "rejected":
        return None, f"{what} found: {cause}; a person rejected its challenger."
    return None, f"{what} came to no verdict ({STATUSES[last.status]})."


def _changed(served: tuple[Served, ...], cases: tuple[Case, ...], looked: datetime) -> tuple[str, ...]:
    moves = [(one.since, f"version {one.version} serves ({one.how}{f' by {plain(one.by, 80)}' if one.by else ''})") for one in served]
    opened = [(case.opened_at, f"case {case.case_id} opened") for case in cases]
    closed = [(case.closed_at, f"case {case.case_id}: {STATUSES[case.status]}") for case in cases if case.closed_at is not None]
    decided = [(case.decision.at, f"case {case.case_id} {case.status}") for case in cases if case.decision is not None]
    return tuple(said for at, said in sorted((*moves, *opened, *closed, *decided), reverse=True) if at > looked)


def _looked(opened: Opened) -> datetime | None:
    """When this person last asked, which is now from now on. Where it cannot be written down, nothing is lost but that."""
    path = opened.workspace.home / "looked.json"
    try:
        told = json.loads(read_own(path, _LOOKED_BYTES))
        before = {str(who): datetime.fromisoformat(at) for who, at in told.items()}
    except (OSError, ValueError, AttributeError, TypeError, RecursionError, IntegrityError):
        before = {}
    now = {**before, opened.person: opened.clock()}
    with suppress(OSError):
        write_atomically(path, json.dumps({who: at.isoformat() for who, at in now.items()}).encode())
    return before.get(opened.person)
