"""Which simple thing explains the known outcomes best: nothing, another level, another slope, outcomes turned round, outcomes shuffled.

Each is fitted by maximum likelihood to what the champion leads to expect, and pays for its parameters (Bayesian information criterion). A rate of
its own in every tenth of the scores stands beside them: where that fits best, none of the simple ones does.

Source: Schwarz (1978), "Estimating the Dimension of a Model".
"""

from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from pipeline.diagnosis.outcomes.calibration_line import at_level, fit_line, log_odds
from pipeline.diagnosis.outcomes.expected_outcomes import Expected
from pipeline.diagnosis.outcomes.flipped_outcomes import log_likelihood, share_mixed_in

Numbers = NDArray[np.float64]
Explains = Literal["as_expected", "level", "slope", "flipped", "shuffled", "none_of_these"]


class SimpleHypothesis(BaseModel, frozen=True):
    """One explanation. `parameter`: of `level` the log-odds added to all, of `slope` the factor of the log-odds (1: as before) beside a level, of
    `flipped` and `shuffled` the share of the outcomes, 0-1; `error` its standard error. `behind`: natural logarithm of how much likelier the best is,
    parameters paid for; 0 is the best, 5 and more is as good as ruled out."""

    explains: Explains
    parameter: float | None
    error: float | None
    behind: float


def weigh_simple(expected: Expected, tenths: NDArray[np.int64]) -> tuple[SimpleHypothesis, ...]:
    """All of them, the best first; `tenths` of the scores, shape (labelled,)."""
    rows = expected.y.size
    tried = [
        (explains, parameter, error, loglik - count * np.log(rows) / 2)
        for explains, parameter, error, loglik, count in _fitted(expected, tenths)
    ]
    best = max(value for *_, value in tried)
    found = [
        SimpleHypothesis(explains=explains, parameter=_short(parameter), error=_short(error), behind=round(float(best - value), 1))
        for explains, parameter, error, value in tried
    ]
    return tuple(sorted(found, key=lambda one: one.behind))


def _fitted(expected: Expected, tenths: NDArray[np.int64]) -> Iterator[tuple[Explains, float | None, float | None, float, int]]:
    """Name, parameter, its error, log-likelihood, number of parameters."""
    y, p = expected.y, expected.p
    yield "as_expected", None, None, log_likelihood(y, p), 0
    if y.min() == y.max():
        return
    moved = at_level(p, y)
    level = float(np.median(log_odds(moved) - log_odds(p)))
    yield "level", level, float(np.hypot(1 / np.sqrt((moved * (1 - moved)).sum()), expected.level_error)), log_likelihood(y, moved), 1
    line = fit_line(log_odds(p), y)
    error = float(np.hypot(np.sqrt(line.covariance[1, 1]), expected.slope_error))
    yield "slope", line.slope, error, log_likelihood(y, line.at(log_odds(p))), 2
    mixtures: tuple[tuple[Explains, Numbers], ...] = (("flipped", 1 - p), ("shuffled", np.full(p.size, y.mean())))
    for name, other in mixtures:
        share = share_mixed_in(y, p, other)
        q = np.clip(p + share * (other - p), 1e-9, 1 - 1e-9)
        information = float(((other - p) ** 2 / (q * (1 - q))).sum())
        yield name, share, None if information <= 0 else information**-0.5, log_likelihood(y, q), 1
    counts, churners = np.bincount(tenths), np.bincount(tenths, weights=y)
    yield "none_of_these", None, None, log_likelihood(y, (churners / np.maximum(1, counts))[tenths]), int((counts > 0).sum())


def _short(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(f"{value:.3g}")
