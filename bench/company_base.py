"""The customers of one strategy's company, month by month: scored, contacted or held out, gone or kept, and what of it is on record."""

from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pandas as pd
from company import BEFORE, SCHEMA, Company, Fate, Numbers, Places
from company_year import scored_at
from numpy.typing import NDArray

from pipeline.workspace.value_settings import ValueSettings

CONTACTED, HELD_OUT = 0.12, 0.05  # the riskiest of the base, and the share of them nobody contacts
VALUE = ValueSettings()  # an offer pays from a chance of one in three on
_REMEMBERED = 3  # months after which a contact no longer counts as one

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class ScoredMonth:
    """One month of one strategy. `sent`: the rows as they were scored; `rows`: as they are. `profit`: what the campaign is expected to bring by
    the customers' true chances, in the team's currency; `untouched`: the same for the riskiest of those nobody contacted in the three months
    before, hold-outs among them. Masks have the shape (customers,)."""

    month: int
    members: Places
    ids: NDArray[np.object_]
    rows: pd.DataFrame
    sent: pd.DataFrame
    scores: Numbers
    fate: Fate
    contacted: Mask
    held_out: Mask
    left: Mask
    profit: float
    untouched: float

    @property
    def at(self) -> datetime:
        """When the base was scored."""
        return scored_at(self.month)


@dataclass(frozen=True)
class Event:
    """A customer's leaving, or a disconnection for non-payment that is written down as one (`real` False)."""

    id: str
    month: int
    happened: datetime
    recorded: datetime
    real: bool


class Base:
    """The base of one strategy."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.months: list[ScoredMonth] = []
        self.members, self.joined = company.first
        self._last_contact = np.full(len(company.ids), -99)

    def rows(self, month: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The members as they are this month, and as the feeds say."""
        rows = self.company.rows(self.members, self.joined, month)
        sent = rows
        for fault in self.company.year.faults:
            if fault.month == month:
                sent = fault.sent(sent, np.random.default_rng([self.company.seed, month]))
        return rows, sent

    def live(self, month: int, rows: pd.DataFrame, sent: pd.DataFrame, scores: Numbers) -> ScoredMonth:
        """Contact the riskiest by `scores`, and let the month go by."""
        company, members = self.company, self.members
        fate = company.fate(members, self.joined, month)
        ranked = scores + company.tie[members]
        chosen = _riskiest(ranked, np.ones(len(ranked), dtype=bool))
        held_out = chosen & (company.held_out[members, month + BEFORE] < HELD_OUT)
        contacted = chosen & ~held_out
        untouched = self._last_contact[members] < month - _REMEMBERED
        left = fate.would_leave & ~(contacted & fate.would_keep)
        self.months.append(
            ScoredMonth(
                month, members, company.ids[members], rows, sent, scores, fate, contacted, held_out, left,
                profit=_worth(fate.chance[chosen]), untouched=_worth(fate.chance[_riskiest(ranked, untouched)]),
            )
        )  # fmt: skip
        self._last_contact[members[contacted]] = month
        self.members, self.joined = company.succeeded(members, self.joined, left, month)
        return self.months[-1]

    def coming(self, ranks: Numbers, month: int) -> float:
        """What a campaign by `ranks` of the present members would bring in the month after this one."""
        rows = self.company.rows(self.members, self.joined, month + 1)
        return _worth(self.company.chance(rows, month + 1)[_riskiest(ranks, np.ones(len(ranks), dtype=bool))])


@dataclass
class Record:
    """What is written down of who left. A feed that stops loses three weeks until they are filled in; from one day on disconnections for
    non-payment are among it, unless somebody asks."""

    company: Company
    events: list[Event] = field(default_factory=list)
    asked_to_fill: datetime | None = None
    asked_to_define: datetime | None = None

    def note(self, month: ScoredMonth) -> None:
        """Write down one month."""
        for mask, real in ((month.left, True), (month.fate.unpaid, False)):
            for place in np.flatnonzero(mask):
                happened = month.at + float(month.fate.when[place]) * (scored_at(month.month + 1) - month.at)
                recorded = happened + self.company.kind.reported_after
                if real or recorded >= self.company.year.redefined:
                    self.events.append(Event(str(month.ids[place]), month.month, happened, recorded, real))

    def recorded(self, event: Event) -> datetime:
        """When the event came on record."""
        year = self.company.year
        if not year.labels_stop <= event.recorded < year.labels_resume:
            return event.recorded
        return year.labels_filled if self.asked_to_fill is None else min(year.labels_filled, self.asked_to_fill)

    def known(self, until: datetime) -> list[Event]:
        """What is on record at a moment and counts as leaving."""
        defined = self.asked_to_define
        return [
            event
            for event in self.events
            if self.recorded(event) <= until and (event.real or defined is None or until < defined)
        ]  # fmt: skip

    def labelled(self, months: list[ScoredMonth], now: datetime) -> pd.DataFrame:
        """Rows as sent of all months whose outcomes are due, with what is on record of them as 1 and 0."""
        left = {(event.month, event.id) for event in self.known(now)}
        parts = [
            month.sent.assign(**{SCHEMA.target: [int((month.month, id_) in left) for id_ in month.ids]})
            for month in months
            if month.at + self.company.kind.labels_after <= now
        ]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*SCHEMA.features, SCHEMA.target])


def _riskiest(ranks: Numbers, among: Mask) -> Mask:
    """The share that is contacted of the customers `among`, those of the highest ranks."""
    places = np.flatnonzero(among)
    found = np.zeros(len(ranks), dtype=bool)
    found[places[np.argsort(-ranks[places], kind="stable")[: int(CONTACTED * len(places))]]] = True
    return found


def _worth(chances: Numbers) -> float:
    return float((VALUE.acceptance * VALUE.margin * chances - VALUE.offer_cost).sum())
