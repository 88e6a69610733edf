"""The product as the company uses it: its workspace, its prediction log, outcomes as they come on record, offers, one triage a month by the
rulebook over its default windows, and a person who approves whatever waits."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import anyio
import numpy as np
import tomlkit
from company import SCHEMA, Company
from company_base import CONTACTED, VALUE, Base, Event, Record, ScoredMonth
from company_year import DECIDED_AFTER, scored_at

from agent.case.triage import Outcome, triage
from agent.operators.rulebook import Rulebook
from agent.setup.new_workspace import set_up
from agent.training_by_hand import train_by_hand
from pipeline.intake.window_choice import WindowChoice
from pipeline.models.artifact import Artifact
from pipeline.record.approvers import confirmed
from pipeline.record.cases import Decision
from pipeline.record.champion import open_champion
from pipeline.record.opened_workspace import Opened, open_workspace
from pipeline.state.outcome_intakes import IntakeOrigin
from pipeline.state.outcomes import KnownOutcome, add_outcomes_in
from pipeline.state.predictions import log_predictions
from pipeline.training.job import Progress
from prompts import policy_text
from reports.decisions.approval import approve, draft_approval

HORIZON = timedelta(days=30)
_FLOOR = 0.6  # ROC-AUC: what this company's customers can reach is no model's fault
_DONE_AFTER = timedelta(days=7)  # from asking the owner of a feed
_DAY = timedelta(days=1)
_WHO = "simulated person"


@dataclass(frozen=True)
class Said:
    """What one month's triage said, and what came of it. `since`, `until`: scoring times of the rows with outcomes that it judged and taught;
    `untaught`: months of them whose rows or outcomes were broken then, for a reason each; `left_out`: days that were set aside, in a sentence each. `gain`: what the deployed model brings next month over
    the one before it, in the team's currency; None where none was deployed."""

    month: int
    exit_code: int
    cause: str
    column: str | None
    action: str
    mode: str | None
    status: str
    said: str
    trainings: int
    since: datetime | None
    until: datetime | None
    untaught: tuple[str, ...]
    left_out: tuple[str, ...]
    gain: float | None

    @property
    def asked_people(self) -> bool:
        return self.exit_code in (10, 20)

    @property
    def unsafe(self) -> bool:
        """Whether a training was asked for on what was broken."""
        return self.trainings > 0 and bool(self.untaught)


class ProductYear:
    """One year in a workspace in `folder`."""

    def __init__(self, company: Company, folder: Path) -> None:
        self.base, self.record = Base(company), Record(company)
        self.said: list[Said] = []
        self._now = scored_at(0) - _DAY
        self._recorded_until = scored_at(0) - timedelta(days=40)
        self._opened = _workspace(company, folder, lambda: self._now)
        anyio.run(train_by_hand, self._opened, None, _silent)
        self._outcome: Outcome | None = None

    @property
    def champion(self) -> Artifact:
        return open_champion(self._opened)[1]

    def live(self, month: int) -> bool:
        """Score, campaign, triage; whether another model serves from now on."""
        self._now = scored_at(month)
        self._take_in_outcomes()
        rows, sent = self.base.rows(month)
        champion, artifact = open_champion(self._opened)
        scores = artifact.scores(sent)
        times = [self._now + timedelta(seconds=place) for place in range(len(sent))]
        log_predictions(
            self._opened.state, sent, self._opened.settings.data.columns, ids=list(sent[str(SCHEMA.id)]), times=times,
            scores=list(scores), version=champion.version,
        )  # fmt: skip
        done = self.base.live(month, rows, sent, scores)
        self.record.note(done)
        log_offers(self._opened, done)
        self._now += DECIDED_AFTER
        self._take_in_outcomes()
        outcome = anyio.run(
            triage,
            self._opened,
            WindowChoice(length=self.base.company.kind.window).reader(self._opened),
            Rulebook(self._opened.policy),
            None,
            lambda event: None,
        )
        self._ask_owners(outcome)
        gain = self._approved(outcome, artifact) if outcome.status == "pending_approval" else None
        self.said.append(self._noted(outcome, month, gain))
        return gain is not None

    def _take_in_outcomes(self) -> None:
        """Day by day, as they come on record."""
        while self._recorded_until < self._now:
            until = min(self._recorded_until + _DAY, self._now)
            events = [event for event in self.record.known(until) if self.record.recorded(event) > self._recorded_until]
            self._tell(events, until, 1)
            self._recorded_until = until

    def _tell(self, events: list[Event], at: datetime, churned: int) -> None:
        if events:
            told = [KnownOutcome(event.id, None, event.happened, churned) for event in events]
            with self._opened.state.write() as connection:
                add_outcomes_in(connection, told, at, IntakeOrigin("the customer system", at, _WHO), moments=True)

    def _ask_owners(self, outcome: Outcome) -> None:
        """Whoever keeps the outcomes sets right within a week what a label fault asks for."""
        cause = outcome.diagnosis.cause if outcome.diagnosis else None
        if cause != "label_fault":
            return
        year, done = self.record.company.year, self._now + _DONE_AFTER
        if year.labels_stop <= self._now < year.labels_filled:
            self.record.asked_to_fill = done
        if year.redefined <= self._now and self.record.asked_to_define is None:
            self._tell([event for event in self.record.known(self._now) if not event.real], self._now, 0)
            self.record.asked_to_define = self._now

    def _approved(self, outcome: Outcome, before: Artifact) -> float:
        """Deploy what waits; what it brings next month over the model before it."""
        decision = Decision(reviewer=_WHO, reason="It waits.", at=self._now)
        draft = draft_approval(self._opened, outcome.case_id, decision)
        approve(self._opened, draft, confirmed(draft))
        month = self.base.months[-1].month
        rows, _ = self.base.rows(month + 1)
        new, old = (self.base.coming(np.asarray(model.scores(rows)), month) for model in (self.champion, before))
        return new - old

    def _noted(self, outcome: Outcome, month: int, gain: float | None) -> Said:
        found, matured = outcome.diagnosis, outcome.matured
        since, until = (matured.since, matured.until) if matured else (None, None)
        windows = self._opened.cases.get(outcome.case_id).window
        gone = windows.windows.left_out if windows and windows.windows else ()
        taught = [
            one
            for one in self.base.months
            if since and until and since - _DAY <= one.at <= until and not any(days.since <= one.at < days.until + _DAY for days in gone)
        ]
        return Said(
            month=month,
            exit_code=outcome.exit_code,
            cause=found.cause if found else "not_enough_data",
            column=found.column if found else None,
            action=str(outcome.action),
            mode=outcome.mode,
            status=outcome.status,
            said=found.said if found else "",
            trainings=outcome.trainings,
            since=since,
            until=until,
            untaught=tuple(self._broken(taught)),
            left_out=tuple(days.left_out for days in gone),
            gain=gain,
        )

    def _broken(self, months: list[ScoredMonth]) -> list[str]:
        """What is wrong with the rows or the outcomes of some months by now."""
        year, found = self.record.company.year, []
        known = self.record.known(self._now)
        for month in months:
            if any(fault.month == month.month for fault in year.faults):
                found.append(f"month {month.month}: a column was broken")
            if any(event.month == month.month and not event.real for event in known):
                found.append(f"month {month.month}: non-payment counts")
            due = [event for event in self.record.events if event.month == month.month and event.real and event.recorded <= self._now]
            if any(self.record.recorded(event) > self._now for event in due):
                found.append(f"month {month.month}: outcomes are missing")
        return found


async def _silent(progress: Progress) -> None:
    """Nobody watches the training."""


def log_offers(opened: Opened, month: ScoredMonth) -> None:
    """Write down who was contacted and who was held out, where the product keeps such a log."""
    if find_spec("pipeline.state.offers") is None:
        return
    from pipeline.state.offers import Offer, add_offers_in

    chosen = np.flatnonzero(month.contacted | month.held_out)
    told = [Offer(str(month.ids[place]), month.at + DECIDED_AFTER, "call", None, bool(month.held_out[place])) for place in chosen]
    with opened.state.write() as connection:
        add_offers_in(connection, told)


def _workspace(company: Company, folder: Path, clock: Callable[[], datetime]) -> Opened:
    table = folder / "customers.csv"
    company.reference.to_csv(table, index=False)
    workspace, _ = set_up(folder, table, SCHEMA.target)
    settings = tomlkit.parse(workspace.settings_file.read_text(encoding="utf-8"))
    sections: dict[str, dict[str, object]] = {
        "outcomes": {"horizon": "30d", "absence": "stayed"},
        "value": {"margin": VALUE.margin, "offer_cost": VALUE.offer_cost, "acceptance": VALUE.acceptance, "capacity": CONTACTED},
        # A busy machine must not decide what a triage comes to.
        "policy": {"gate": {"min_roc_auc": _FLOOR}, "limits": {"seconds": 36_000}},
    }
    for name, values in sections.items():
        for key, value in values.items():
            settings[name][key] = value  # type: ignore[index]
    workspace.settings_file.write_text(tomlkit.dumps(settings), encoding="utf-8")
    return open_workspace(folder, policy_text(), clock, _WHO)
