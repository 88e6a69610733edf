"""A list of customers, scored as serving scores them, by whom an offer is worth most or who is at most risk, and the file it goes into."""

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, cast

from pipeline.atomic_files import write_atomically
from pipeline.measures.contact_list import CONTACT, HOLD_OUT, LEAVE, ContactAction, Rank, ranked, reached
from pipeline.measures.hold_out import held_out
from pipeline.scoring.customer_row import Row
from pipeline.scoring.reasons import Reason
from pipeline.scoring.scorer import Scored, Scorer
from pipeline.shown_text import plain

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".csv", ".parquet")
_AT_ONCE = 10_000  # rows, so that memory does not grow with the list


@dataclass(frozen=True)
class ContactRules:
    """How a list ranks, and who of those it reaches is held out: `share` (0-1) of each risk tier, by lots of `seed` and `period`."""

    rank: Rank
    share: float
    seed: int
    period: str


def answers(scorer: Scorer, rows: "pd.DataFrame") -> list[Scored]:
    """The champion's answers about rows with its features, typed, in their order."""
    features = rows[list(scorer.schema.features)].astype(object)
    told = cast(list[Row], features.where(features.notna(), None).to_dict("records"))
    return [one for start in range(0, len(told), _AT_ONCE) for one in scorer.score_many(told[start : start + _AT_ONCE])]


def scored_list(scorer: Scorer, rows: "pd.DataFrame", contacts: ContactRules) -> "pd.DataFrame":
    """One row per customer of `rows` (`_id` and features), the first to contact first: `id`, `score` (probability of churn, 0-1), `tier`, `action`,
    `expected_value` (of an offer, in the team's currency) and `reasons` (in words, strongest first)."""
    import pandas as pd

    scored, names = answers(scorer, rows), rows["_id"].tolist()
    order = ranked(contacts.rank, [one.expected_value for one in scored], [one.probability for one in scored], names)
    scored, names = [scored[place] for place in order], [names[place] for place in order]
    told = {
        "id": names,
        "score": [one.probability for one in scored],
        "tier": [one.tier for one in scored],
        "action": _actions(scored, names, scorer.value.capacity, contacts),
        "expected_value": [one.expected_value for one in scored],
        "reasons": ["; ".join(map(_said, one.reasons)) for one in scored],
    }
    return pd.DataFrame(told, columns=list(told))


def _actions(scored: list[Scored], names: list[str], capacity: float, contacts: ContactRules) -> list[ContactAction]:
    chosen = reached([one.expected_value for one in scored], capacity)
    places = [place for place, reach in enumerate(chosen) if reach]
    lots = held_out(
        [names[place] for place in places],
        [scored[place].probability for place in places],
        contacts.share,
        contacts.seed,
        contacts.period,
    )
    drawn: Mapping[int, bool] = dict(zip(places, lots, strict=True))
    return [LEAVE if place not in drawn else HOLD_OUT if drawn[place] else CONTACT for place in range(len(scored))]


def _said(reason: Reason) -> str:
    value = "missing" if reason.value is None else f"{reason.value:g}" if isinstance(reason.value, float) else plain(str(reason.value))
    return f"{plain(reason.feature)} {value} {reason.direction} it"


@dataclass(frozen=True)
class ContactPlan:
    """How many customers of a list belong to each action, and what the contacts are expected to bring, in `currency` (empty: not named)."""

    rank: Rank
    contact: int
    hold_out: int
    leave: int
    expected_value: float
    currency: str

    @property
    def said(self) -> str:
        """One sentence for people."""
        held = f", hold out {self.hold_out:,}" if self.hold_out else ""
        worth = f"{self.expected_value:,.0f}{f' {self.currency}' if self.currency else ''}"
        ranks = "expected value" if self.rank == "value" else "risk"
        return f"Ranked by {ranks}: contact {self.contact:,}{held}, leave {self.leave:,}; the contacts are expected to bring {worth}."


def contact_plan(scored: "pd.DataFrame", rank: Rank, currency: str) -> ContactPlan:
    """What a `scored_list` comes to."""
    many, contacted = scored["action"].value_counts(), scored["action"] == CONTACT
    brings = float(scored.loc[contacted, "expected_value"].sum())
    return ContactPlan(rank, int(contacted.sum()), int(many.get(HOLD_OUT, 0)), int(many.get(LEAVE, 0)), brings, currency)


def write_table(table: "pd.DataFrame", path: Path) -> None:
    """Write a table as its suffix says, one of `SUFFIXES`; the file is the old one or the new one at any moment.

    Raises:
        OSError: it cannot be written.
    """
    content = BytesIO()
    if path.suffix.lower() == ".parquet":
        table.to_parquet(content, index=False)
    else:
        table.to_csv(content, index=False)
    write_atomically(path, content.getvalue())
