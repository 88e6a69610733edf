"""How a case stands now, as its report cannot know: what was decided since, and whether the deployed model still serves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pipeline.errors import ChurnopsError
from pipeline.record.cases import Case
from pipeline.record.champion import champion_of
from pipeline.record.entry import Entry
from pipeline.record.ledger import MOVES
from pipeline.record.opened_workspace import Opened
from pipeline.shown_text import plain
from pipeline.state.checks import Check, check_history
from pipeline.words import STATUSES
from reports.decisions.approval import approvable_until
from reports.decisions.sealing import ledger_time

_NAME_LENGTH = 80
_DONE = ("no_deploy_needed", "not_enough_data", "approving", "approved", "rejected")


@dataclass(frozen=True)
class Standing:
    """`status` in a word or two, beginning with the case's own. `headline` says in a sentence what came of the report's question; empty
    while that is still open, or where it had none. `expired`: the challenger waited too long to be approved. `ended`: nobody has to decide any
    more, because the champion it speaks of was replaced, or another case took its place."""

    status: str
    headline: str = ""
    expired: bool = False
    ended: bool = False


def is_open(case: Case, standing: Standing) -> bool:
    """Whether a case still asks something of people."""
    asks = case.unfinished or case.status in {"needs_people", "pending_approval", "approving"}
    return asks and not standing.expired and not standing.ended


def standings(opened: Opened, cases: Iterable[Case]) -> Mapping[str, Standing]:
    """How each of these cases stands, by its id. Where the ledger does not hold, which is said elsewhere, without what it would tell."""
    try:
        moves = tuple(entry for entry in opened.ledger.entries() if entry.kind in MOVES)
    except ChurnopsError:
        moves = ()
    check = check_history(opened.state).done
    return {case.case_id: _standing(opened, case, moves, check) for case in cases}


def standing_of(opened: Opened, case: Case) -> Standing:
    """How one case stands."""
    return standings(opened, [case])[case.case_id]


def _standing(opened: Opened, case: Case, moves: tuple[Entry, ...], check: Check | None) -> Standing:
    status, challenger, decision = STATUSES[case.status], case.challenger, case.decision
    if case.superseded_by:
        return Standing(status, f"Superseded by case {case.superseded_by}: its challenger can no longer be approved", ended=True)
    champion_now = next((champion for entry in reversed(moves) if (champion := champion_of(entry))), None)
    if decision is None and case.status not in _DONE and champion_now is not None and champion_now.digest != case.champion.digest:
        said = f"Ended without a decision: champion version {case.champion.version} was replaced, version {champion_now.version} serves"
        return Standing(f"{status}, ended", said, ended=True)
    if challenger is None and check is not None and _over(case, check):
        return Standing(
            f"{status}, over", f"Over: the check of {check.started_at:%Y-%m-%d %H:%M} UTC found nothing of it any more", ended=True
        )
    if challenger is None:
        return Standing(status)
    if case.status == "pending_approval" and (until := _expired(opened, case)) is not None:
        said = f"Expired on {until:%Y-%m-%d %H:%M} UTC: version {challenger.version} can no longer be approved"
        return Standing("expired", said, expired=True)
    if decision is None:
        return Standing(status)
    by = f"by {plain(decision.reviewer, _NAME_LENGTH)} on {decision.at:%Y-%m-%d %H:%M} UTC"
    if case.status == "rejected":
        return Standing(status, f"Rejected {by}: version {challenger.version} was not deployed")
    if case.status != "approved":
        return Standing(status)
    deployed = f"Approved {by}: version {challenger.version} was deployed"
    since, serving = _since(challenger.digest, moves)
    if since == "serves":
        return Standing(f"{status}, serves", f"{deployed}, and serves")
    if since:
        return Standing(f"{status}, {since} since", f"{deployed}, and was {since} since: version {serving} serves")
    return Standing(status, deployed)


def _over(case: Case, check: Check) -> bool:
    """Whether a later check found nothing any more of what a triage asked people for."""
    quiet = check.status == "no_deploy_needed" and case.closed_at is not None and check.started_at >= case.closed_at
    return quiet and case.kind == "triage" and case.status == "needs_people"


def _since(digest: str, moves: tuple[Entry, ...]) -> tuple[str, str]:
    """What came of the model with this digest since it was deployed, empty where the ledger does not tell; and the version that serves now."""
    made = [(entry.kind, champion) for entry in moves if (champion := champion_of(entry))]
    last = max((place for place, (_, champion) in enumerate(made) if champion.digest == digest), default=None)
    if last is None:
        return "", ""
    if last + 1 == len(made):
        return "serves", made[-1][1].version
    return "rolled back" if made[last + 1][0] == "rolled_back" else "replaced", made[-1][1].version


def _expired(opened: Opened, case: Case) -> datetime | None:
    """When the time to approve it was over; None while it is not, or where nobody can tell."""
    try:
        until = approvable_until(opened, case.case_id)
    except ChurnopsError:
        return None
    return until if until is not None and ledger_time(opened) >= until else None
