"""What has been going on: the share of drifted features case by case, and which models served since when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pipeline.clock import moment
from pipeline.record.cases import Case
from pipeline.record.champion import champion_of
from pipeline.record.ledger import MOVES
from pipeline.record.opened_workspace import Opened
from pipeline.workspace.policy import Bands

_CASES = 30  # the newest, on one chart
_WIDTH, _HEIGHT = 640.0, 150.0


@dataclass(frozen=True)
class CasePoint:
    """One case on the chart."""

    x: float
    y: float
    said: str
    band: str


@dataclass(frozen=True)
class DriftOverTime:
    """The chart: points oldest first, evenly apart; the policy's bands as shares (0-1) and as heights; first and last day."""

    points: tuple[CasePoint, ...]
    evaluate_from: float
    retrain_from: float
    evaluate_height: float
    retrain_height: float
    newest: float
    first: datetime
    last: datetime

    @property
    def line(self) -> str:
        """The points as a polyline's."""
        return " ".join(f"{point.x},{point.y}" for point in self.points)


def drift_over_time(cases: Sequence[Case], bands: Bands) -> DriftOverTime | None:
    """The chart of the newest cases with a verdict on drift; None without any. `cases` are newest first."""
    told = [(case, case.drift.share, case.drift.band) for case in cases if case.drift and case.drift.share is not None][:_CASES][::-1]
    if not told:
        return None
    most = max(1.5 * bands.retrain_above, *(share for _, share, _ in told))

    def height(share: float) -> float:
        return round(_HEIGHT * (1 - share / most), 1)

    step = _WIDTH / max(1, len(told) - 1)
    points = tuple(
        CasePoint(round(place * step if len(told) > 1 else _WIDTH / 2, 1), height(share), f"{case.opened_at:%Y-%m-%d}: {share:.0%}", band)
        for place, (case, share, band) in enumerate(told)
    )
    return DriftOverTime(
        points=points,
        evaluate_from=bands.monitor_below,
        retrain_from=bands.retrain_above,
        evaluate_height=height(bands.monitor_below),
        retrain_height=height(bands.retrain_above),
        newest=told[-1][1],
        first=told[0][0].opened_at,
        last=told[-1][0].opened_at,
    )


@dataclass(frozen=True)
class Served:
    """One move of the champion. `by` and `reason` are empty where nobody had to approve: the first model."""

    version: str
    digest: str
    since: datetime
    how: str
    by: str
    reason: str
    case_id: str | None


def served(opened: Opened) -> tuple[Served, ...]:
    """Every model that served, newest first."""
    rows = {entry.seq: entry for entry in opened.ledger.entries()}
    found = []
    for entry in rows.values():
        champion = champion_of(entry)
        if entry.kind not in MOVES or champion is None:
            continue
        approval = rows.get(entry.body.get("approval") or 0, entry)
        found.append(
            Served(
                version=champion.version,
                digest=champion.digest[:12],
                since=moment(entry.at),
                how="first model" if entry.body.get("bootstrap") else entry.kind.replace("_", " "),
                by=str(approval.body.get("reviewer") or ""),
                reason=str(approval.body.get("reason") or ""),
                case_id=entry.case_id,
            )
        )
    return tuple(reversed(found))
