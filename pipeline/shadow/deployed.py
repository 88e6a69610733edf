"""Deploys as the ledger has them: which model replaced which, when, and how long it served."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pipeline.clock import moment
from pipeline.record.champion import Champion, champion_of
from pipeline.record.ledger import MOVES
from pipeline.record.opened_workspace import Opened


@dataclass(frozen=True)
class Deploy:
    """One deploy of a model in another one's place. `ended_at` and `ended` say when the champion moved next, and how; None while it serves.
    `reviewer` is who approved it."""

    champion: Champion
    predecessor: Champion
    at: datetime
    case_id: str | None
    reviewer: str
    ended_at: datetime | None = None
    ended: Literal["replaced", "rolled_back"] | None = None


def deploys(opened: Opened) -> tuple[Deploy, ...]:
    """Every deploy but the first model's, newest first.

    Raises:
        IntegrityError: the ledger does not hold.
    """
    rows = {entry.seq: entry for entry in opened.ledger.entries()}
    moves = [(entry, champion) for entry in rows.values() if entry.kind in MOVES and (champion := champion_of(entry))]
    found = []
    for place, (entry, champion) in enumerate(moves):
        before = next((one for _, one in reversed(moves[:place]) if one.digest == entry.body.get("replaces")), None)
        if entry.kind != "deployed" or before is None:
            continue
        following = moves[place + 1][0] if place + 1 < len(moves) else None
        approval = rows.get(entry.body.get("approval") or 0, entry)
        found.append(
            Deploy(
                champion=champion,
                predecessor=before,
                at=moment(entry.at),
                case_id=entry.case_id,
                reviewer=str(approval.body.get("reviewer") or ""),
                ended_at=moment(following.at) if following else None,
                ended=None if following is None else "rolled_back" if following.kind == "rolled_back" else "replaced",
            )
        )
    return tuple(reversed(found))


def standing_deploy(opened: Opened) -> Deploy | None:
    """The deploy by which the champion came, if another model served before it.

    Raises:
        IntegrityError: as `deploys`.
    """
    return next((deploy for deploy in deploys(opened)[:1] if deploy.ended is None), None)
