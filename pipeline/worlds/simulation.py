"""Production to look at: customers drawn under a named change, scored by the champion, logged as a serving system would."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from pipeline.intake.reference import load_split
from pipeline.record.champion import open_champion
from pipeline.record.opened_workspace import Opened
from pipeline.state.outcomes import log_outcomes
from pipeline.state.predictions import log_predictions, newest_prediction
from pipeline.tables.reading import raw_of, typed
from pipeline.worlds.change import Severity
from pipeline.worlds.scenarios import DAY, draw
from pipeline.worlds.telephone_customers import make_customers

WEEK = timedelta(days=7)
MATURITY = timedelta(days=30)  # from scoring to a known outcome


@dataclass(frozen=True)
class Simulated:
    """What was logged: rows scored between `since` and `until`, for `outcomes` of them whether they churned, `matured` by now."""

    scenario: str
    rows: int
    outcomes: int
    matured: int
    since: datetime
    until: datetime
    mean_score: float
    churn_rate: float


def simulate(opened: Opened, scenario: str, rows: int, *, labelled_share: float, seed: int, severity: Severity = "strong") -> Simulated:
    """Log one week of predictions under `scenario`, with outcomes for a share of them in 0-1. A customer who came twice is logged twice.

    Weeks follow each other: the first ends a month ago, so that its outcomes have matured by now; each further one begins
    where the log ends.

    Raises:
        WorkspaceError: no champion yet. DataError: see `scenarios.draw` and `load_reference`.
    """
    champion, artifact = open_champion(opened)
    columns, data = opened.settings.data.columns, opened.settings.data
    rng = np.random.default_rng(seed)
    if data.synthetic_seed is not None:
        # Another seed than the reference's: its customers must not come back as production.
        customers = make_customers(max(4 * rows, 20_000), data.synthetic_seed + 1 + int(rng.integers(2**31)))
        pool = typed(raw_of(customers, "generated customers"), columns, with_target=True)
    else:
        pool = load_split(opened).held_back
    frame = draw(scenario, rows, pool, columns, seed, days=WEEK.days, severity=severity)
    newest = newest_prediction(opened.state)
    start = newest if newest is not None else opened.clock() - MATURITY - WEEK
    day = frame.loc[~frame.index.duplicated(), DAY].to_numpy()
    seconds = rng.uniform(0, 86_400, len(day))
    seconds = seconds[np.lexsort((seconds, day))]  # rows come sorted by day; this sorts them by time
    moments = [start + timedelta(days=int(d), seconds=float(s)) for d, s in zip(day, seconds, strict=True)]
    times = [moments[number] for number in frame.index]
    ids = [f"sim-{start:%Y%m%d}-{seed}-{number:06d}" for number in frame.index]
    scores = artifact.scores(frame)
    log_predictions(opened.state, frame, columns, ids=ids, times=times, scores=list(scores), version=champion.version)
    known = rng.random(len(frame)) < labelled_share
    chosen = np.flatnonzero(known)
    churned = frame[columns.target].to_numpy()
    observed = [times[index] + MATURITY for index in chosen]
    log_outcomes(
        opened.state,
        ids=[ids[index] for index in chosen],
        predicted=[times[index] for index in chosen],
        observed=observed,
        churned=[int(churned[index]) for index in chosen],
    )
    matured = sum(moment <= opened.clock() for moment in observed)
    return Simulated(scenario, len(frame), len(chosen), matured, times[0], times[-1], float(scores.mean()), float(churned.mean()))
