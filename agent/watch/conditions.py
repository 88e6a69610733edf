"""What people should hear of, read from what is on record: asked twice it is the same, so that a kill loses and doubles nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from agent.watch.deploy_review import deploy_case_key
from agent.watch.hook import DESTINATION
from agent.watch.message import asked_of_people, bad_deploy, challenger_waits, moved, safe, too_few_data
from pipeline.clock import length_of, moment
from pipeline.errors import IntegrityError
from pipeline.record.authority import accepted_trust
from pipeline.record.cases import Case, concluded
from pipeline.record.champion import read_pointer
from pipeline.record.entry import Entry
from pipeline.record.ledger import MOVES
from pipeline.record.opened_workspace import Opened
from pipeline.record.reminders import said_lately
from pipeline.rulings.acknowledgements import recorded_acknowledgements
from pipeline.state.alerts import AlertKind, Condition, Severity
from pipeline.state.checks import CheckHistory
from pipeline.state.database import outcomes
from pipeline.state.outbox import newest_to
from pipeline.state.predictions import newest_prediction
from reports.harm import measured_harm

_CASES = 200  # that are looked through, newest first
_MOVES = 10  # of the champion, since the first check
_CONCLUSIVE = ("needs_people", "no_deploy_needed", "pending_approval", "approving", "approved", "rejected")


@dataclass(frozen=True)
class Conditions:
    """The conditions that hold, and topics (the key up to its colon) that end without a word: people know already."""

    conditions: tuple[Condition, ...]
    known: frozenset[str]


def standing(opened: Opened, history: CheckHistory) -> Conditions:
    """What holds now. Where the newest case is no verdict, what the one before it found still stands."""
    now, cases = opened.clock(), opened.cases.newest(_CASES)
    noted = {known.case_id for known in recorded_acknowledgements(opened.state)}
    triages = [case for case in cases if case.kind == "triage" and case.closed_at is not None]
    newest = next(iter(triages), None)
    verdict = next((case for case in triages if case.status in _CONCLUSIVE), None)
    found = [
        *(_asked(opened, verdict) if verdict and not _over(verdict, history) and verdict.case_id not in noted else ()),
        *(_no_verdict(opened, newest, triages, history) if newest and not _over(newest, history) else ()),
        *_recorded(opened, cases, history, now),
        *_silences(opened, history, now),
        *_failures(history),
        *_failed_hook(opened),
    ]
    known = verdict is not None and verdict.case_id in noted
    return Conditions(tuple(found), frozenset({"people"} if known or (history.done and history.done.status == "acknowledged") else ()))


def _over(case: Case, history: CheckHistory) -> bool:
    """Whether a later check found nothing that asks for people."""
    last = history.done
    quiet = last is not None and last.status in {"no_deploy_needed", "acknowledged"}
    return quiet and last is not None and case.closed_at is not None and last.started_at >= case.closed_at


def _asked(opened: Opened, case: Case) -> Iterator[Condition]:
    if case.status == "needs_people":
        found, harm = concluded(case), measured_harm(opened.cases.calls(case.case_id))
        title, said = asked_of_people(opened, case)
        cause = f"{found.cause}:{found.column}" if found else case.case_id
        yield Condition(
            key=f"people:{case.champion.digest[:12]}:{cause}"[:200],
            kind="people_must_act",
            severity="critical" if harm is not None and harm.beyond_chance else "warning",
            title=title,
            said=said,
            case_id=case.case_id,
            owners=found.owners if found else (),
        )


def _deploys(opened: Opened, cases: Sequence[Case], history: CheckHistory) -> Iterator[Condition]:
    """A deploy that turned out bad, for as long as that model serves; and a gain that was promised and did not come."""
    pointer = read_pointer(opened.workspace)
    key = deploy_case_key(pointer.ledger_hash) if pointer else ""
    bad = next((case for case in cases if case.key == key and case.status == "needs_people"), None)
    deploy = history.done.figures.deploy if history.done and history.done.figures else None
    if bad is not None:
        title, said = bad_deploy(opened, bad, deploy.said if deploy and deploy.version == bad.champion.version else "")
        yield Condition(f"deploy:{bad.case_id}", "promise_missed", "critical", title, said, bad.case_id)
    elif deploy is not None and deploy.verdict == "not_reached":
        said = f"{safe(deploy.said, 500)}\nSee: churnops deploys --workspace {opened.workspace.root}"
        yield Condition(f"promise:{deploy.version}", "promise_missed", "warning", "A promised gain was not reached", said)


def _no_verdict(opened: Opened, newest: Case, triages: Sequence[Case], history: CheckHistory) -> Iterator[Condition]:
    if newest.status == "not_enough_data":
        silent = [case for case in triages if case.status == "not_enough_data"]
        told = next((case for case in silent if not said_lately(triages, case, opened.settings.watch.reminder)), newest)
        title, said = too_few_data(opened, newest)
        yield Condition(f"few:{told.case_id}", "people_must_act", "info", title, said, newest.case_id)
    if newest.status == "partial" and history.done is not None and history.done.case_id == newest.case_id:
        _, said = asked_of_people(opened, newest)
        yield Condition(
            f"partial:{newest.case_id}", "people_must_act", "warning", "A bound was hit, and the report is partial", said, newest.case_id
        )


def _recorded(opened: Opened, cases: Sequence[Case], history: CheckHistory, now: datetime) -> list[Condition]:
    try:
        return [*_waiting(opened, cases, now), *_moves(opened, history), *_deploys(opened, cases, history)]
    except IntegrityError as error:
        said = f"{safe(str(error), 500)}\nNothing is deployed until a person looks: churnops reports verify --workspace {opened.workspace.root}"
        return [Condition("record:", "monitoring_failed", "critical", "The record of this workspace was changed", said)]


def _waiting(opened: Opened, cases: Sequence[Case], now: datetime) -> Iterator[Condition]:
    waiting = [case for case in cases if case.status == "pending_approval" and case.closed_at is not None]
    lasts = timedelta(hours=accepted_trust(opened.ledger).expires_hours) if waiting else timedelta()
    for case in waiting:
        assert case.closed_at is not None
        until = case.closed_at + lasts
        if now >= until:
            continue
        title, said = challenger_waits(opened, case, until)
        yield Condition(f"challenger:{case.case_id}", "challenger_waits", "warning", title, said, case.case_id)
        if until - now <= min(opened.settings.alerts.expiry_lead, lasts / 2):
            soon = f"The approval of a challenger expires on {until:%Y-%m-%d %H:%M} UTC"
            yield Condition(f"expires:{case.case_id}", "approval_expires", "warning", soon, said, case.case_id)


def _moves(opened: Opened, history: CheckHistory) -> Iterator[Condition]:
    """Moves of the champion that were made since somebody watches, oldest first, so that their messages leave in that order."""
    made: list[Entry] = []
    entry = opened.ledger.last(MOVES) if history.first_at else None
    while entry is not None and history.first_at is not None and moment(entry.at) >= history.first_at and len(made) < _MOVES:
        made.append(entry)
        entry = opened.ledger.last(MOVES, before=entry.seq)
    for entry in reversed(made):
        title, said = moved(opened, entry)
        kind: AlertKind = "deployed" if entry.kind == "deployed" else "rolled_back"
        yield Condition(f"move:{entry.hash}", kind, "info", title, said, entry.case_id, once=True)


def _silences(opened: Opened, history: CheckHistory, now: datetime) -> Iterator[Condition]:
    settings, log = opened.settings.watch, opened.settings.predictions
    read = history.done.newest_prediction if history.done else None
    newest = read if log.file or log.table else newest_prediction(opened.state, until=now)
    limit = length_of(settings.silence)
    if limit is not None and newest is not None and now - newest > limit:
        said = "Drift and faults of what was scored since are not visible here. Ask whoever serves the model whether its log stopped."
        yield _unseen(opened, "silence", f"No prediction since {newest:%Y-%m-%d %H:%M} UTC", said, "predictions")
    volume = history.done.figures.volume if history.done and history.done.figures else None
    if volume is not None and volume.rows < settings.volume_below * volume.usual:
        said = "Customers may be missing from the log, or scored elsewhere. Ask whoever serves the model what changed."
        title = f"{volume.rows:,} predictions on {volume.day}, {volume.usual:,.0f} are usual on that weekday"
        yield _unseen(opened, "volume", title, said, "predictions", "warning")
    limit, known = length_of(settings.outcome_silence), None
    if limit is not None and history.first_at is not None:
        with opened.state.read() as connection:
            written = func.coalesce(outcomes.c.recorded_at, outcomes.c.observed_at)
            known = connection.execute(select(func.max(written))).scalar()
        since = moment(known) if known else history.first_at
        if now - since > limit:
            said = "What became of the customers is not known here, so nobody sees how well the model does. Ask the owner of the outcomes."
            yield _unseen(opened, "outcomes", f"No outcome since {since:%Y-%m-%d %H:%M} UTC", said, "outcomes")


def _unseen(opened: Opened, topic: str, title: str, said: str, feed: str, severity: Severity = "critical") -> Condition:
    owner = opened.settings.owners.get(feed)
    call = f"\nTo call: {safe(owner, 200)}" if owner else ""
    return Condition(f"{topic}:", "monitoring_failed", severity, title, said + call, owners=(owner,) if owner else ())


def _failures(history: CheckHistory) -> Iterator[Condition]:
    if history.done is not None and history.done.problem is not None:
        yield Condition("intake:", "monitoring_failed", "warning", "Outcomes could not be taken in", safe(history.done.problem, 500))
    shadow = history.done.figures.shadow_problem if history.done is not None and history.done.figures is not None else None
    if shadow is not None:
        yield Condition("shadow:", "monitoring_failed", "warning", "A model cannot score in the shadow", safe(shadow, 500))
    failed = next((check for check in history.undone if check.status == "failed"), None)
    if failed is not None:
        said = f"{safe(failed.said, 500)}\nIt is tried again, later and later; nobody watches the model until then."
        yield Condition("check:", "monitoring_failed", "critical", "The check of the model failed", said)


def _failed_hook(opened: Opened) -> Iterator[Condition]:
    """While the hook did not succeed with the newest move; earlier ones no longer count."""
    told = newest_to(opened.state, DESTINATION)
    if told is None or not told.error or not opened.settings.hooks.after_approval:
        return
    said = f"What the hook runs or calls does not follow the champion: {safe(told.error, 300)}"
    now = (
        f"It is tried again, later and later, for a week; at once: churnops alerts resend {told.alert} --workspace {opened.workspace.root}"
    )
    yield Condition(f"hook:{told.alert}", "monitoring_failed", "critical", "The hook after approval failed", f"{said}\n{now}")
