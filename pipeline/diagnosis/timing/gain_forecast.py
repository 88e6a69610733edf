"""What a new model will gain over one that serves in the months to come, from what one would have gained over it and its predecessors so far."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from pipeline.workspace.policy import RetrainingRules

Numbers = NDArray[np.float64]

_SCALES = (0.1, 0.5, 1.0, 2.0, 4.0)  # of the policy's trend and wander; what was measured says which fits
_LEAST_ERROR = 0.1  # points: no measured gain is exact, and two at one age must not contradict each other


@dataclass(frozen=True)
class Moment:
    """A model, by any name of its own, at an `age`: months since the newest outcomes it was trained on."""

    model: str
    age: float


@dataclass(frozen=True)
class SeenGain:
    """Points of the maximum that a fresh model would have earned over the one that served, measured on outcomes, with their standard error."""

    at: Moment
    points: float
    error: float


@dataclass(frozen=True)
class GainForecast:
    """Points a month: `mean` at each moment asked for, shape (moments,), and their `covariance`, shape (moments, moments)."""

    mean: Numbers
    covariance: Numbers


def forecast_gains(seen: Sequence[SeenGain], asked: Sequence[Moment], rules: RetrainingRules) -> GainForecast:
    """What a fresh model gains at each of the moments asked for.

    Over a model that is new it gains nothing, but for what another way of training is better (`fresh`, a standard deviation in points). From then on the
    gain grows by a rate (`trend`, points a month), which is the same for all models of the team, and wanders by itself (`wander`). How large both
    usually are, the policy says for the beginning; each of several scales of them is believed as far as it makes the measured gains likely.

    Source: Rasmussen and Williams (2006), "Gaussian Processes for Machine Learning", chapters 2 and 5: a process with a constant, a linear and a Wiener
    kernel, averaged over its hyperparameters by their marginal likelihood.

    >>> from prompts import policy_text
    >>> from pipeline.workspace.policy import load_policy
    >>> rules = load_policy(policy_text(), {}).retraining
    >>> float(forecast_gains([], [Moment("1", 3)], rules).mean[0])
    0.0
    >>> grown = [SeenGain(Moment("1", month), 2.0 * month, 0.5) for month in (1, 2, 3)]
    >>> float(forecast_gains(grown, [Moment("1", 4)], rules).mean[0]) > 6
    True
    """
    points = np.array([one.points for one in seen], dtype=np.float64)
    noise = np.diag([max(one.error, _LEAST_ERROR) ** 2 for one in seen]) if seen else np.zeros((0, 0))
    apart = _Kernel([*(one.at for one in seen), *asked], rules)
    told = [_conditioned(apart.covariance(*scales), points, noise) for scales in product(_SCALES, _SCALES)]
    believed = np.array([one[0] + _log_prior(scales) for one, scales in zip(told, product(_SCALES, _SCALES), strict=True)])
    likely = np.exp(believed - believed.max())
    likely /= likely.sum()
    mean = np.einsum("k,ki->i", likely, np.array([one[1] for one in told]))
    # Of a mixture: what each says is uncertain, and how far they are from each other.
    spread = sum(weight * (one[2] + np.outer(one[1] - mean, one[1] - mean)) for weight, one in zip(likely, told, strict=True))
    return GainForecast(mean, np.asarray(spread))


def _log_prior(scales: tuple[float, float]) -> float:
    """Twice as large is half as likely, for both: most teams' customers change little."""
    return -float(np.log(scales).sum())


class _Kernel:
    """The three parts of the covariance between all moments."""

    def __init__(self, moments: Sequence[Moment], rules: RetrainingRules) -> None:
        ages = np.maximum([one.age for one in moments], 0.0)
        names = np.array([one.model for one in moments])
        same = (names[:, None] == names[None, :]).astype(np.float64)
        self._fresh = rules.fresh**2 * same
        self._trend = rules.trend**2 * np.outer(ages, ages)
        self._wander = rules.wander**2 * same * np.minimum(ages[:, None], ages[None, :])

    def covariance(self, trend: float, wander: float) -> Numbers:
        return np.asarray(self._fresh + trend**2 * self._trend + wander**2 * self._wander)


def _conditioned(covariance: Numbers, points: Numbers, noise: Numbers) -> tuple[float, Numbers, Numbers]:
    """Log likelihood of the measured points, and mean and covariance of the others given them."""
    n = points.size
    if not n:
        return 0.0, np.zeros(len(covariance)), covariance
    root = np.linalg.cholesky(covariance[:n, :n] + noise)
    ours = np.linalg.solve(root, points)
    across = np.linalg.solve(root, covariance[:n, n:])
    likely = -0.5 * float(ours @ ours) - float(np.log(np.diag(root)).sum())
    return likely, across.T @ ours, covariance[n:, n:] - across.T @ across
