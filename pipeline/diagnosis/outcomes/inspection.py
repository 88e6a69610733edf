"""Known outcomes from near: observed against expected churn by group, what explains them most simply, and when they were written down."""

from datetime import timedelta
from itertools import pairwise
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel

from pipeline.diagnosis.group_measures import MOST_GROUPS, parts_of, rate_interval, short
from pipeline.diagnosis.observed import Observed
from pipeline.diagnosis.outcomes.expected_outcomes import expected_outcomes, one_row_each
from pipeline.diagnosis.outcomes.simple_hypotheses import SimpleHypothesis, weigh_simple
from pipeline.errors import DataError
from pipeline.shown_text import FOLD_BELOW, plain

OutcomeCut = Literal["score", "feature", "week", "label_age", "recording_day"]

Numbers = NDArray[np.float64]
Texts = NDArray[np.object_]

_TENTHS = 10
_AGES = (7, 14, 30, 60, 90, 180)  # days


class OutcomeGroup(BaseModel, frozen=True):
    """Customers with a known outcome: churn rate observed, with its 95% interval, and expected of their scores by how well scores held in the
    reference; None where there are no scores."""

    label: str
    customers: int
    observed: float | None
    low: float | None
    high: float | None
    expected: float | None


class Recording(BaseModel, frozen=True):
    """When outcomes were written down. Days are from scoring to the day churn was written down, over `churners`; `horizon_days` as the settings have it, None where they have
    none; `matured`: share of the recent window's rows whose horizon is over at its end, and `all_matured` the day on which all are; `newest_intake`:
    when outcomes came in last. None where nobody knows."""

    churners: int
    median_days: float | None
    nine_tenths_days: float | None
    newest_written: str | None
    newest_intake: str | None
    horizon_days: float | None
    matured: float | None
    all_matured: str | None


class OutcomeView(BaseModel, frozen=True):
    """One row of each customer with a known outcome. `folded`: customers in groups under ten, of whom nothing is told; `elided`: groups that did not fit."""

    customers: int
    observed: float
    expected: float
    groups: tuple[OutcomeGroup, ...]
    folded: int
    elided: int
    hypotheses: tuple[SimpleHypothesis, ...]
    recording: Recording


def inspect_outcomes(observed: Observed, cut: OutcomeCut, feature: str | None, horizon: timedelta | None) -> OutcomeView:
    """The known outcomes, cut by tenths of the score, parts of a `feature`, week of scoring, days from scoring to the newest prediction, or the
    day they were written down on.

    Raises:
        DataError: there is no such feature, no time to cut by, or fewer than ten outcomes are known.
    """
    if (cut == "feature") != (feature is not None):
        raise DataError(
            f"The cut {cut} {'needs' if feature is None else 'takes no'} feature.", "A feature belongs to the cut feature, and to no other."
        )
    if feature is not None and feature not in observed.columns.features:
        raise DataError(f"There is no feature {feature[:64]!r}.", f"Features are: {', '.join(observed.columns.features)}.")
    once = one_row_each(observed) if len(observed.labelled.churned) else observed
    if len(once.labelled.churned) < FOLD_BELOW:
        raise DataError("Fewer than 10 outcomes are known.", "Nothing is told of so few; wait for outcomes.")
    expected = expected_outcomes(once)
    tenths = _tenths(once.labelled_scores)
    if cut == "recording_day":
        groups, folded = _groups(*_written(observed), None)
    else:
        groups, folded = _groups(_labels(once, cut, feature, tenths), expected.y, expected.p)
    return OutcomeView(
        customers=int(expected.y.size),
        observed=round(float(expected.y.mean()), 4),
        expected=round(float(expected.p.mean()), 4),
        groups=groups[-MOST_GROUPS:],
        folded=folded,
        elided=max(0, len(groups) - MOST_GROUPS),
        hypotheses=weigh_simple(expected, tenths),
        recording=_recording(observed, once, horizon),
    )


def _groups(labels: Texts, y: Numbers, p: Numbers | None) -> tuple[tuple[OutcomeGroup, ...], int]:
    """In the order of their labels, which sort as they should; and how many customers are in none."""
    found, folded = [], 0
    for label in sorted(set(labels)):
        rows = labels == label
        if rows.sum() < FOLD_BELOW:
            folded += int(rows.sum())
            continue
        rate, low, high = (short(value) for value in rate_interval(y[rows] == 1))
        expected = None if p is None else short(float(p[rows].mean()))
        found.append(OutcomeGroup(label=plain(label, 80), customers=int(rows.sum()), observed=rate, low=low, high=high, expected=expected))
    return tuple(found), folded


def _labels(once: Observed, cut: OutcomeCut, feature: str | None, tenths: NDArray[np.int64]) -> Texts:
    known = once.labelled
    if feature is not None:
        return parts_of(once, feature, known.features[feature])
    if cut == "score":
        within = [once.labelled_scores[tenths == tenth] for tenth in range(_TENTHS)]
        spans = [f"tenth {place + 1:02}: {part.min():.3f} to {part.max():.3f}" if part.size else "" for place, part in enumerate(within)]
        return np.array(spans, dtype=object)[tenths]
    if known.times is None:
        raise DataError("The known outcomes have no scoring times.", "Cut by score or feature.")
    if cut == "week":
        return np.asarray(known.times.dt.strftime("%G-W%V"), dtype=object)
    ages = np.searchsorted(_AGES, _days(_newest(once, known.times) - known.times), side="right")
    spans = ["below 7 days", *(f"{low} to {high} days" for low, high in pairwise(_AGES)), "from 180 days"]
    return np.array([f"{age + 1}: {spans[age]}" for age in ages], dtype=object)


def _written(observed: Observed) -> tuple[Texts, Numbers]:
    """Day on which each outcome was written down, and whether it says churn: of the whole record where there is one, else of those who churned."""
    if observed.record is not None:
        words = observed.record.words.dropna(subset=["_recorded"])
        return words["_recorded"].dt.strftime("%Y-%m-%d").to_numpy(dtype=object), words["_churned"].to_numpy(dtype=np.float64)
    recorded = observed.labelled.recorded
    if recorded is None or not recorded.notna().any():
        raise DataError("Nobody knows when these outcomes were written down.", "Cut by score, feature, week or label_age.")
    days = recorded.dropna().dt.strftime("%Y-%m-%d").to_numpy(dtype=object)
    return days, np.ones(days.size)


def _recording(observed: Observed, once: Observed, horizon: timedelta | None) -> Recording:
    known, record, newest = once.labelled, observed.record, observed.profile.until
    waits = np.zeros(0)
    if known.recorded is not None and known.times is not None:
        told = known.recorded.notna()
        waits = _days(known.recorded[told] - known.times[told])
    enough = waits.size >= FOLD_BELOW
    written = known.recorded if record is None else record.words["_recorded"]
    last = None if written is None or written.notna().sum() < FOLD_BELOW else written.max()
    over = None
    if horizon is not None and newest is not None and observed.times is not None:
        over = short(float((observed.times + horizon <= newest).mean()))
    return Recording(
        churners=int(waits.size) if enough else 0,
        median_days=short(float(np.median(waits))) if enough else None,
        nine_tenths_days=short(float(np.quantile(waits, 0.9))) if enough else None,
        newest_written=None if last is None else f"{last:%Y-%m-%d}",
        newest_intake=f"{record.taken_in[-1]:%Y-%m-%d}" if record and record.taken_in else None,
        horizon_days=None if horizon is None else horizon.total_seconds() / 86_400,
        matured=over,
        all_matured=None if over is None or newest is None or horizon is None else f"{newest + horizon:%Y-%m-%d}",
    )


def _tenths(scores: Numbers) -> NDArray[np.int64]:
    """Tenth of the scores that each row is in, from 0, shape (rows,); equal scores are in one."""
    edges = np.unique(np.quantile(scores, np.arange(1, _TENTHS) / _TENTHS))
    return np.searchsorted(edges, scores, side="right").astype(np.int64)


def _newest(observed: Observed, times: pd.Series) -> pd.Timestamp:
    """Scoring time of the newest prediction, or of the newest known outcome where nothing later is dated."""
    newest, until = pd.Timestamp(times.max()), observed.profile.until
    return newest if until is None else max(newest, pd.Timestamp(until))


def _days(lengths: pd.Series) -> Numbers:
    return np.asarray(lengths.dt.total_seconds(), dtype=np.float64) / 86_400
