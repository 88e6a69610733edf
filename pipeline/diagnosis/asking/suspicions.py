"""What may have changed: another level, another slope, one kind of customers who behave unlike before; and how suspect each is by the outcomes known.

Each changes the log-odds of churn by an unknown amount, which before any outcome is normal around 0. Outcomes make each likelier or less so by an
approximate Bayes factor, and say how large it is.

Source: Wakefield (2009), "Bayes factors for genome-wide association studies: comparison with P-values" (one estimate, its error, a normal prior).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.diagnosis.asking.region import Region
from pipeline.diagnosis.observed import Observed
from pipeline.diagnosis.outcomes.calibration_line import fit_line, log_odds
from pipeline.diagnosis.outcomes.expected_outcomes import Expected, expected_outcomes, labels_usable, one_row_each
from pipeline.diagnosis.outcomes.labelled_performance import apart_by_cover, contrasts, slope_of
from pipeline.diagnosis.outcomes.segments import Segment, cut_up
from pipeline.workspace.policy import Policy

Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]
SuspectedKind = Literal["level", "slope", "region"]

_USUAL = 0.7  # standard deviation of a change in log-odds before any outcome: twice or half the odds, as changes worth knowing are
_MOST = 600.0  # natural logarithm of a Bayes factor, which a floating-point number still holds
_OF_ALL, _OF_SLOPE, _OF_REGIONS = 0.25, 0.25, 0.5  # how likely the kinds of change are beside each other before any outcome


@dataclass(frozen=True)
class Suspicion:
    """A change that may have come: of the level of all scores, of how well they separate churners, or of one `region`, else None. `part`: how much of it each customer of the window has, shape
    (window,), 0 on average of what outcomes tell, but for the level. `probability`: beside the other suspicions, which sum to 1. `size`: root mean
    square of the change in log-odds. `favoured`: by how much outcomes made it likelier (Bayes factor), 1 where none is known."""

    kind: SuspectedKind
    region: Region | None
    part: Numbers
    probability: float
    size: float
    favoured: float


@dataclass(frozen=True)
class Suspicions:
    """What may have changed, the likeliest first, and how probable it is that anything did (0-1), by the known outcomes alone."""

    each: tuple[Suspicion, ...]
    changed: float

    @property
    def unsettled(self) -> float:
        """How open it is whether anything changed, 0 (known) to 1."""
        return 4 * self.changed * (1 - self.changed)


def expected_churn(observed: Observed) -> Numbers:
    """Probability of churn of each customer of the window if nothing had changed, shape (window,)."""
    outcomes = observed.reference[observed.columns.target].to_numpy(dtype=np.float64)
    return fit_line(log_odds(observed.reference_scores), outcomes).at(log_odds(observed.scores))


def suspect(observed: Observed, policy: Policy) -> Suspicions:
    """What may have changed in a window."""
    segments = cut_up(observed.reference, observed.window, observed.columns, observed.reference_scores, observed.scores)
    regions = [(Region.of(one), one) for one in segments if 0 < one.after.mean() < 1]
    p = expected_churn(observed)
    telling = p * (1 - p)
    line = log_odds(p) - float(np.average(log_odds(p), weights=telling))
    spread = float(np.average(line**2, weights=telling)) ** 0.5
    of_all: tuple[tuple[SuspectedKind, Region | None, Numbers], ...] = (
        ("level", None, np.ones_like(p)),
        ("slope", None, line / (spread or 1.0)),
    )
    of_regions: tuple[tuple[SuspectedKind, Region | None, Numbers], ...] = tuple(
        ("region", region, np.asarray(one.after - float(np.average(one.after, weights=telling)), dtype=np.float64))
        for region, one in regions
    )
    parts = (*of_all, *of_regions)
    seen = _seen(observed, [region for region, _ in regions], [one.before for _, one in regions], spread, policy)
    prior = np.array([_OF_ALL, _OF_SLOPE, *[_OF_REGIONS / max(1, len(regions))] * len(regions)])
    sure = [_judged(*one) for one in seen]
    odds = prior * np.array([favoured for favoured, _ in sure])
    # As likely as not that anything changed, before any outcome.
    changed = float(prior @ [favoured for favoured, _ in sure])
    found = [
        Suspicion(kind, region, part, float(share), size, favoured)
        for (kind, region, part), share, (favoured, size) in zip(parts, odds / odds.sum(), sure, strict=True)
    ]
    return Suspicions(tuple(sorted(found, key=lambda one: -one.probability)), changed / (1 + changed))


def _judged(estimate: float, error: float) -> tuple[float, float]:
    """Bayes factor of a change against none, and root mean square of its size; an `error` of infinity tells nothing."""
    if np.isinf(error):
        return 1.0, _USUAL
    prior, noise = _USUAL**2, error**2
    kept = prior / (prior + noise)
    return float((noise / (prior + noise)) ** 0.5 * np.exp(min(_MOST, kept * (estimate / error) ** 2 / 2))), float(
        ((kept * estimate) ** 2 + kept * noise) ** 0.5
    )


def _seen(
    observed: Observed, regions: Sequence[Region], before: Sequence[Mask], spread: float, policy: Policy
) -> list[tuple[float, float]]:
    """Estimate and standard error, in log-odds, of the level, the slope and each region; an error of infinity where outcomes do not tell."""
    nothing = (0.0, float("inf"))
    once = one_row_each(observed)
    if not labels_usable(once, policy):
        return [nothing] * (2 + len(regions))
    expected, known = expected_outcomes(once), once.labelled
    segments = [
        Segment(region.column, region.said, was, region.holds(known.features, once.labelled_scores))
        for region, was in zip(regions, before, strict=True)
    ]
    familiar, unfamiliar, covered = apart_by_cover(segments, expected, policy)
    told = [
        *contrasts(familiar, expected, covered, hardly_covered=False),
        *contrasts(unfamiliar, expected, covered, hardly_covered=True),
    ]
    by_segment = {id(one.segment): (one.z * one.spread, one.spread) for one in told}
    slope, error = slope_of(expected, covered)
    return [_level(expected), ((slope - 1) * spread, error * spread), *(by_segment.get(id(one), nothing) for one in segments)]


def _level(expected: Expected) -> tuple[float, float]:
    missed, error = expected.level()
    one = float(expected.stands_for @ (expected.p * (1 - expected.p)))
    return missed / one, error / one
