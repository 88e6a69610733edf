"""What trusted outcomes say about the champion: whether it ranks, scores the right level, and is right about every kind of customers.

Each is measured against the reference out of fold, with the sampling error of both (see `expected_outcomes`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.observed import Observed
from pipeline.diagnosis.outcomes.calibration_line import Line, at_level, fit_line, from_log_odds, log_odds
from pipeline.diagnosis.outcomes.expected_outcomes import Expected, auc_expected_by, expected_outcomes, labels_usable, one_row_each
from pipeline.diagnosis.outcomes.segments import SCORE, Segment, cut_up
from pipeline.measures.delong import delong
from pipeline.shown_text import plain
from pipeline.words import counted, p_value
from pipeline.workspace.policy import Policy

Mask = NDArray[np.bool_]
Numbers = NDArray[np.float64]

_REACH = 1.96  # standard errors of a 95% interval
_FEWEST_EXPECTED = 5.0  # churners, and stayers, to be expected in a segment: with fewer one customer decides


def measured_on_labels(observed: Observed, policy: Policy) -> tuple[Finding, ...]:
    """ROC-AUC, level, slope, and the segments in which customers behave most unlike what is expected; none on too few outcomes.

    Of segments, at most two are told: the strongest among those that the reference covers, and among those that it hardly covers.
    """
    observed = one_row_each(observed)
    if not labels_usable(observed, policy):
        return ()
    segments = cut_up(observed.reference, observed.labelled.features, observed.columns, observed.reference_scores, observed.labelled_scores)
    return measured(expected_outcomes(observed), segments, policy)


def measured(expected: Expected, segments: Sequence[Segment], policy: Policy) -> tuple[Finding, ...]:
    """The same of outcomes `expected`, in these segments of them."""
    familiar, unfamiliar, known = apart_by_cover(segments, expected, policy)
    return (
        _ranking(expected, policy),
        _level(expected, policy),
        _slope(expected, known, policy),
        *_changed(familiar, expected, known, policy, hardly_covered=False),
        *_changed(unfamiliar, expected, known, policy, hardly_covered=True),
    )


def apart_by_cover(segments: Sequence[Segment], expected: Expected, policy: Policy) -> tuple[list[Segment], list[Segment], Mask]:
    """The segments that the reference covers, those that it hardly covers, and which labelled rows are in none of the latter; all of them where too
    few kinds of outcomes would be left."""
    least = policy.evidence.performance.covered
    familiar = [one for one in segments if one.before.mean() >= least * one.after.mean()]
    unfamiliar = [one for one in segments if one.before.mean() < least * one.after.mean()]
    known = ~np.any([one.after for one in unfamiliar], axis=0) if unfamiliar else np.ones(expected.y.size, dtype=bool)
    return familiar, unfamiliar, known if np.unique(expected.y[known]).size > 1 else np.ones_like(known)


def _ranking(expected: Expected, policy: Policy) -> Finding:
    """Measured ROC-AUC less the one that scores at the right level promise on these rows; what such a promise is worth shows the reference."""
    (auc,), ((variance,),) = delong(expected.y, expected.p[None, :], expected.weights)
    (before,), ((variance_before,),) = delong(expected.reference_y, expected.reference_p[None, :])
    level = at_level(expected.p, expected.y, expected.weights)
    promised = auc_expected_by(level, weights=expected.weights) + before - auc_expected_by(expected.reference_p)
    change, error = float(auc - promised), float(variance + variance_before) ** 0.5
    z = change / error if error > 0 else 0.0
    notable = z < -policy.evidence.performance.auc_z
    so = "it ranks worse than it should" if notable else "no worse than chance explains"
    return Finding(
        family="performance",
        name="measured_performance",
        strength=change,
        unit="ROC-AUC beyond the expected",
        n=expected.y.size,
        low=change - _REACH * error,
        high=change + _REACH * error,
        z=z,
        notable=notable,
        argues_for=("concept_drift", "covariate_harmful") if notable else (),
        argues_against=() if notable else ("concept_drift", "covariate_harmful"),
        said=f"The champion's ROC-AUC on {expected.y.size:,} known outcomes is {auc:.3f} where {promised:.3f} is expected of these customers "
        f"({change:+.3f} ± {_REACH * error:.3f}): {so}.",
    )


def _level(expected: Expected, policy: Policy) -> Finding:
    rules, rows = policy.evidence.performance, expected.y.size
    missed, error = expected.level()
    points, reach, z = 100 * missed / rows, 100 * _REACH * error / rows, missed / error
    notable = abs(z) > rules.level_z
    so = f"the level moved {'up' if z > 0 else 'down'}" if notable else "no more than chance explains"
    return Finding(
        family="performance",
        name="level_change",
        strength=points,
        unit="points of churn rate",
        n=rows,
        low=points - reach,
        high=points + reach,
        z=z,
        notable=notable,
        argues_for=("prior_shift",) if notable else (),
        argues_against=() if notable else ("prior_shift",),
        said=f"{_mean(expected.y, expected.stands_for):.1%} of {rows:,} customers churned where {_mean(expected.p, expected.stands_for):.1%} were expected ({points:+.1f} ± {reach:.1f} points): {so}.",
    )


def _slope(expected: Expected, known: Mask, policy: Policy) -> Finding:
    rules = policy.evidence.performance
    slope, error = slope_of(expected, known)
    z = (slope - 1) / error
    notable = z < -rules.slope_z
    so = "scores separate churners less well than in training" if notable else "scores separate churners as well as in training"
    return Finding(
        family="performance",
        name="calibration_slope",
        strength=slope,
        unit="calibration slope, 1 is ideal",
        n=int(known.sum()),
        low=slope - _REACH * error,
        high=slope + _REACH * error,
        z=z,
        notable=notable,
        argues_for=("concept_drift",) if notable else (),
        argues_against=("prior_shift",) if notable else (),
        said=f"On {int(known.sum()):,} known outcomes {so} (calibration slope {slope:.2f} ± {_REACH * error:.2f}, ideal 1).",
    )


def slope_of(expected: Expected, known: Mask) -> tuple[float, float]:
    """Calibration slope of the `known` rows, 1 is ideal, and its standard error."""
    x, y, weights = log_odds(expected.p[known]), expected.y[known], expected.stands_for[known]
    line = fit_line(x, y, None if expected.weights is None else weights / weights.mean())
    return line.slope, (_slope_variance(line, x, weights / weights.mean()) + expected.slope_error**2) ** 0.5


def _slope_variance(line: Line, x: Numbers, weights: Numbers) -> float:
    """Variance of a slope fitted with weights: each row's part varies by the square of its weight (Huber's sandwich), which is the line's own
    where all weigh alike."""
    p, design = line.at(x), np.stack([np.ones_like(x), x], axis=1)
    parts = design * (weights * np.sqrt(p * (1 - p)))[:, None]
    return float((line.covariance @ (parts.T @ parts) @ line.covariance)[1, 1])


def _mean(values: Numbers, weights: Numbers) -> float:
    return float(weights @ values / weights.sum())


@dataclass(frozen=True)
class _Group:
    """Some rows of one table: how far their log-odds lie from the expected in one Newton step, and variance and third moment of that."""

    step: float
    variance: float
    third: float


def _group(y: Numbers, p: Numbers, weights: Numbers | None = None) -> _Group:
    spread, weights = p * (1 - p), np.ones_like(p) if weights is None else weights
    total = float(weights @ spread)
    return _Group(
        float(weights @ (y - p)) / total, float(weights**2 @ spread) / total**2, float(weights**3 @ (spread * (1 - 2 * p))) / total**3
    )


@dataclass(frozen=True)
class Contrast:
    """A segment, the churn rate expected of it at today's level with that rate's standard error, and how many standard errors its outcomes
    lie off, beyond how far they do elsewhere and in the reference; `spread` is the standard error of that in log-odds."""

    segment: Segment
    normal: float
    error: float
    z: float
    spread: float


def _changed(segments: Sequence[Segment], expected: Expected, known: Mask, policy: Policy, *, hardly_covered: bool) -> tuple[Finding, ...]:
    """The segment whose customers behave most unlike the others, beyond what the reference shows (Bonferroni over all segments).

    One by a feature is told before a band of the score: it says who they are.
    """
    found = contrasts(segments, expected, known, hardly_covered=hardly_covered)
    if not found:
        return ()
    ranked = sorted(found, key=lambda one: -abs(one.z))
    worst = next(
        (one for one in ranked if one.segment.column and _chance(one, len(found)) < policy.evidence.performance.segment_p), ranked[0]
    )
    return (_segment_finding(worst, len(found), expected, policy, hardly_covered=hardly_covered),)


def contrasts(segments: Sequence[Segment], expected: Expected, known: Mask, *, hardly_covered: bool) -> list[Contrast]:
    """How far each segment's outcomes lie off, of those with enough of them to tell.

    Args:
        segments: of the labelled rows.
        expected: what outcomes are known and expected of these.
        known: which of these the reference covers, shape (labelled,).
        hardly_covered: whether these segments are such that the reference cannot say how they behave.
    """
    weights = expected.stands_for
    level = at_level(expected.p[known], expected.y[known], weights[known])
    p = np.empty_like(expected.p)
    p[known] = level
    shift = log_odds(level)[0] - log_odds(expected.p[known])[0]
    p[~known] = from_log_odds(log_odds(expected.p[~known]) + shift)
    found = []
    for one in segments:
        inside = one.after if hardly_covered else one.after & known
        elsewhere = known & ~inside
        if not (_tellable(p[inside]) and _tellable(p[elsewhere])):
            continue
        here = _group(expected.y[inside], p[inside], weights[inside])
        groups = [(1, here), (-1, _group(expected.y[elsewhere], p[elsewhere], weights[elsewhere]))]
        usual, variance = p[inside], here.variance
        if not hardly_covered:
            if not (_tellable(expected.reference_p[one.before]) and _tellable(expected.reference_p[~one.before])):
                continue
            before = _group(expected.reference_y[one.before], expected.reference_p[one.before])
            groups += [(-1, before), (1, _group(expected.reference_y[~one.before], expected.reference_p[~one.before]))]
            usual, variance = from_log_odds(log_odds(usual) + before.step), variance + before.variance
        beyond = sum(sign * group.step for sign, group in groups)
        error = sum(group.variance for _, group in groups) ** 0.5
        skewness = sum(sign * group.third for sign, group in groups) / error**3
        off = _mean(usual * (1 - usual), weights[inside]) * variance**0.5
        found.append(Contrast(one, _mean(usual, weights[inside]), off, _normal(beyond / error, skewness), error))
    return found


def _chance(contrast: Contrast, tried: int) -> float:
    """Probability that any of `tried` segments of an unchanged world lies as far off."""
    from scipy.stats import norm

    return min(1.0, tried * 2 * float(norm.sf(abs(contrast.z))))


def _segment_finding(worst: Contrast, tried: int, expected: Expected, policy: Policy, *, hardly_covered: bool) -> Finding:
    inside = worst.segment.after
    chance = _chance(worst, tried)
    rate = _mean(expected.y[inside], expected.stands_for[inside])
    points, reach = 100 * (rate - worst.normal), 100 * _REACH * worst.error
    notable = chance < policy.evidence.performance.segment_p
    column = SCORE if worst.segment.column is None else plain(worst.segment.column)
    where = f"Customers with `{column}` {worst.segment.said}"
    if not notable:
        so = f"the strongest of {tried} segments, and no more than chance explains"
    elif hardly_covered:
        so = "the reference hardly has such customers, so it cannot say how they behave"
    else:
        so = "customers like those of the reference behave differently now"
    return Finding(
        family="performance",
        name="conditional_change",
        column=worst.segment.column,
        segment=(column, worst.segment.said),
        strength=points,
        unit="points of churn rate at today's level",
        n=int(inside.sum()),
        low=points - reach,
        high=points + reach,
        z=worst.z,
        share=_mean(inside.astype(np.float64), expected.stands_for),
        notable=notable,
        argues_for=() if not notable else ("covariate_harmful",) if hardly_covered else ("concept_drift",),
        argues_against=("concept_drift",) if not notable and not hardly_covered else ("prior_shift",) if notable else (),
        said=f"{where} churn at {rate:.1%} where {worst.normal:.1%} are expected of them at today's level ({points:+.1f} ± {reach:.1f} points, "
        f"p {p_value(chance)} among {counted(tried, 'segment')}): {so}.",
    )


def _tellable(p: Numbers) -> bool:
    return bool(min(p.sum(), (1 - p).sum()) >= _FEWEST_EXPECTED)


def _normal(z: float, skewness: float) -> float:
    """The normal deviate as unlikely as `z` of a sum with this skewness: few expected churners overshoot more often than a normal sum.

    Source: Wilson and Hilferty (1931), for a gamma distribution of that skewness.
    """
    if abs(skewness) < 1e-3:
        return z
    sign = 1.0 if skewness > 0 else -1.0
    root = 2 / abs(skewness)
    lifted = max(0.0, 1 + sign * z / root)
    return float(sign * 3 * root * (np.cbrt(lifted) - 1 + 1 / (9 * root**2)))
