"""Production to look at: customers drawn under a named change, scored by the champion, logged as a serving system would."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from pipeline.errors import DataError
from pipeline.models.artifact import Artifact
from pipeline.record.champion import Champion, open_champion
from pipeline.record.opened_workspace import Opened
from pipeline.state.outcomes import KnownOutcome, add_outcomes_in
from pipeline.state.predictions import add_predictions_in, logged_after, newest_prediction
from pipeline.tables.schema import Schema
from pipeline.worlds.change import Change, Severity
from pipeline.worlds.drawn_week import DAYS, DrawnWeek, draw_week
from pipeline.worlds.scenarios import DAY, scenario_named
from pipeline.worlds.simulated_customers import CustomerSource, customer_source, replaying

WEEK = timedelta(days=DAYS)
MATURITY = timedelta(days=30)  # from scoring to a known outcome
ROWS = 2_000  # of a week, where nobody says otherwise and the table has as many customers
_PREFIX = "sim-"  # of the ids of simulated customers


@dataclass(frozen=True)
class Simulated:
    """One week that was logged. It goes from `start` to `end`; its first row was scored at `since` and its last one at `until`.

    `rows` were scored, of `customers`; `drawn_again` of them are customers who had been scored that week already. For `outcomes` of them it is
    or will be known whether they churned, for `matured` it is known by now. `beside`: predictions by others that the log holds after `start`.
    """

    scenario: str
    rows: int
    customers: int
    drawn_again: int
    outcomes: int
    matured: int
    beside: int
    start: datetime
    end: datetime
    since: datetime
    until: datetime
    mean_score: float
    churn_rate: float


@dataclass(frozen=True)
class _Plan:
    """What all weeks of a run have in common."""

    scenario: str
    change: Change
    customers: CustomerSource
    champion: Champion
    artifact: Artifact
    rows: int
    labelled_share: float
    seed: int

    @property
    def columns(self) -> Schema:
        return self.customers.planning.columns


def simulate(
    opened: Opened, scenario: str, rows: int | None = None, *, labelled_share: float, seed: int, severity: Severity = "strong"
) -> Simulated:
    """The next week, see `simulate_weeks`."""
    (week,) = simulate_weeks(opened, scenario, rows, labelled_share=labelled_share, seed=seed, severity=severity)
    return week


def simulate_weeks(
    opened: Opened,
    scenario: str,
    rows: int | None = None,
    *,
    labelled_share: float,
    seed: int,
    severity: Severity = "strong",
    weeks: int = 1,
    start: datetime | None = None,
) -> Iterator[Simulated]:
    """Log weeks of `rows` predictions, all under `scenario`, with outcomes for a share of their customers in 0-1; each is given out once it is
    logged, in one transaction.

    The first week begins at `start`, else where the log ends, or in an empty log early enough for all outcomes to have matured by now; where
    that would reach into the future, so that the last one ends now. Without `rows` there are 2,000, or as many as different held-back
    customers of a team's table fit the change. A fault that sends rows twice logs them twice.

    Raises:
        WorkspaceError: no champion yet. DataError: predictions are read from the team's own log, the weeks would lie in the future or over
            weeks simulated before; see also `scenario_named`, `draw_week` and `load_reference`.
    """
    _require_log_kept_here(opened)
    champion, artifact = open_champion(opened)
    planned = scenario_named(scenario).plan
    customers = customer_source(opened, seed)
    # What is changed goes by a generator of its own, so that it is the same in every week.
    change = planned(customers.planning, severity, np.random.default_rng([seed, 1]))
    customers = replaying(opened, customers, change.replayed)
    if rows is None:
        rows = min(ROWS, customers.most_in_a_week(change) or ROWS)
    begin = _first_start(opened, start, weeks)
    plan = _Plan(scenario, change, customers, champion, artifact, rows, labelled_share, seed)
    for number in range(weeks):
        week = _log_week(opened, replace(plan, change=change.within(number, weeks)), begin)
        yield week
        begin = week.until


def _require_log_kept_here(opened: Opened) -> None:
    log = opened.settings.predictions
    if named := log.table or Path(log.file).name:
        raise DataError(
            f"This workspace reads its predictions from {named}, where nothing is simulated.",
            "Simulate in a workspace without `file` and `table` under [predictions].",
        )


def _first_start(opened: Opened, wanted: datetime | None, weeks: int) -> datetime:
    now = opened.clock()
    latest = now - weeks * WEEK
    if wanted is not None:
        if wanted > latest:
            raise DataError(
                f"From {wanted:%Y-%m-%d} on, {_counted(weeks)} would end in the future.",
                f"Start by {latest:%Y-%m-%d}, or simulate fewer weeks.",
            )
        return wanted
    newest = newest_prediction(opened.state)
    return min(newest, latest) if newest is not None else latest - MATURITY


def _counted(weeks: int) -> str:
    return "a week" if weeks == 1 else f"{weeks} weeks"


def _log_week(opened: Opened, plan: _Plan, start: datetime) -> Simulated:
    columns = plan.columns
    with opened.state.read() as connection:
        logged = logged_after(connection, None, _PREFIX).with_prefix
    rng = np.random.default_rng([plan.seed, logged])
    drawn = draw_week(plan.change, plan.customers.for_week(plan.change, plan.rows, logged), plan.rows, rng)
    frame, known = drawn.frame, rng.random(drawn.customers.max() + 1) < plan.labelled_share
    moments = _moments(drawn, start, rng)
    times = [moments[number] for number in frame.index]
    ids = [f"{_PREFIX}{start:%Y%m%d}-{plan.seed}-{drawn.customers[number]:06d}" for number in frame.index]
    scores = plan.artifact.scores(frame)
    churned = frame[columns.target].to_numpy()
    labelled = np.flatnonzero(~frame.index.duplicated() & known[drawn.customers[frame.index]] & drawn.told[frame.index])
    told = [KnownOutcome(ids[row], times[row], times[row] + MATURITY, int(churned[row])) for row in labelled]
    with opened.state.write() as connection:
        found = logged_after(connection, start, _PREFIX)
        if found.with_prefix:
            raise DataError(
                f"The log already holds simulated predictions after {start:%Y-%m-%d}; another week would be mixed with them.",
                "Begin further back with `--start DATE`, in a workspace with an empty log.",
            )
        add_predictions_in(connection, frame, columns, ids=ids, times=times, scores=list(scores), version=plan.champion.version)
        add_outcomes_in(connection, told, opened.clock())
    return Simulated(
        scenario=plan.scenario,
        rows=len(frame),
        customers=len(drawn.customers) - drawn.drawn_again,
        drawn_again=drawn.drawn_again,
        outcomes=len(told),
        matured=sum(times[row] + MATURITY <= opened.clock() for row in labelled),
        beside=found.all,
        start=start,
        end=start + WEEK,
        since=times[0],
        until=times[-1],
        mean_score=float(scores.mean()),
        churn_rate=float(churned.mean()),
    )


def _moments(drawn: DrawnWeek, start: datetime, rng: np.random.Generator) -> list[datetime]:
    """When each scoring took place, in order."""
    day = drawn.frame.loc[~drawn.frame.index.duplicated(), DAY].to_numpy()
    seconds = rng.uniform(0, 86_400, len(day))
    seconds = seconds[np.lexsort((seconds, day))]  # rows come sorted by day; this sorts them by time
    return [start + timedelta(days=int(d), seconds=float(s)) for d, s in zip(day, seconds, strict=True)]
