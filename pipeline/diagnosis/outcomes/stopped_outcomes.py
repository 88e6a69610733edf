"""Whether outcomes stopped: hardly any churn was recorded for far longer than ever before, while about as much as before was to be expected.

Every feed has a rhythm: some record on working days, some once a month. So days with hardly any churn are no news; a run of them must be longer
than twice any other, and must miss more churn than the feed's own unevenness explains. Customers who stay more often never fall silent.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.diagnosis.finding import Finding
from pipeline.windows.stretch import date_words
from pipeline.windows.window import OutcomeRecord
from pipeline.words import counted

Numbers = NDArray[np.float64]

_FEWEST = 50  # churners on record; fewer have no rhythm
_FEWEST_DAYS = 5  # on which they were recorded: a year that was taken in at once says nothing of days
_FEWEST_INTAKES = 4  # that make a rhythm
_HARDLY = 0.1  # of the churn of the four weeks before: no base is known whose churn fell to a tenth overnight
_USUAL = 28  # days
_MISSED = 14.0  # churners that are missed, in units of the feed's own unevenness: of a Poisson feed, once in a million
_WEEK = 7
_BLOCKS = 4  # to tell the unevenness by
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class _Silence:
    """Days without, from the `first` to the `last`, counted from the first of the record; churners `recorded` then, and those that were `due`."""

    first: int
    last: int
    recorded: int
    due: float


def find_stopped(record: OutcomeRecord, judged_since: datetime | None, times_usual: float) -> Finding | None:
    """`labels_stopped`, where no churn is recorded any more, or was not for a while on which the outcomes of rows scored since `judged_since`
    (None: any) rest, or where intakes came and come no more. A silence lasts more than `times_usual` times the longest other one."""
    churns = record.words.loc[record.words["_churned"] == 1, "_recorded"].dropna().sort_values()
    if len(churns) < _FEWEST or churns.dt.floor("D").nunique() < _FEWEST_DAYS:
        return None
    start, end = churns.iloc[0].floor("D"), record.words["_recorded"].max().floor("D")
    counts = np.bincount(_days(churns, start), minlength=(end - start) // _DAY + 1).astype(np.float64)
    counts = counts[:-1]  # the last day is not over
    silence = _silence(counts, _due_by_cohorts(record.words, start, counts.size), times_usual)
    if silence is not None:
        before = churns[churns < start + silence.first * _DAY].iloc[-1]
        back = None if silence.last + 1 == counts.size else start + (silence.last + 1) * _DAY
        if back is None or judged_since is None or back > judged_since:
            return _told(silence, before, back, len(churns))
    return _without_intakes(record, counts, churns.iloc[-1], times_usual)


def _days(times: pd.Series, start: pd.Timestamp) -> NDArray[np.int64]:
    return np.asarray((times.dt.floor("D") - start) // _DAY, dtype=np.int64)


def _due_by_cohorts(words: pd.DataFrame, start: pd.Timestamp, days: int) -> Numbers | None:
    """Churners to be expected each day of the customers scored before, by how long ago that was: where nobody was scored, nobody's churn is
    missed. None where most outcomes name no prediction, or no customers are told who stayed."""
    churned, dated = words["_churned"] == 1, words["_time"].notna() & words["_recorded"].notna()
    if (dated & churned).sum() * 2 <= churned.sum() or churned[dated].all():
        return None
    scored = _days(words.loc[dated, "_time"], start)
    left = churned[dated].to_numpy()
    lag = np.maximum(_days(words.loc[dated, "_recorded"], start)[left] - scored[left], 0)
    first = min(int(scored.min()), 0)
    cohorts = np.bincount(scored - first, minlength=days - first)[: days - first].astype(np.float64)
    watched = np.cumsum(cohorts)[::-1]  # by lag: customers who were scored so long ago
    by_lag = np.bincount(lag)[: watched.size] / np.maximum(watched[: lag.max() + 1], 1.0)
    return np.asarray(np.convolve(cohorts, by_lag)[-first : days - first], dtype=np.float64)


def _silence(counts: Numbers, by_cohorts: Numbers | None, times_usual: float) -> _Silence | None:
    """The longest run of days with hardly any churn, where it is no part of the feed's rhythm."""
    usual = pd.Series(counts).shift().rolling(_USUAL, min_periods=1).mean().fillna(0.0).to_numpy()
    runs = _runs(counts <= _HARDLY * usual)
    if not runs:
        return None
    first, last = max(runs, key=lambda run: (run[1] - run[0], run[1]))
    # A day on which they stopped may have few as well.
    if first < last and counts[first] and not counts[first + 1 : last + 1].any():
        first += 1
    length = last - first + 1
    rhythm = max((end - begin + 1 for begin, end in runs if end != last), default=0)
    # Of whole rounds of the rhythm; the last day with churn may be cut short.
    before = counts[max(0, first - 1 - max(_USUAL, rhythm + 1)) : max(first - 1, 1)]
    due = length * float(before.mean())
    if by_cohorts is not None:
        due = min(due, float(by_cohorts[first : last + 1].sum()))
    recorded = int(counts[first : last + 1].sum())
    others = np.concatenate([counts[:first], counts[last + 1 :]])
    if length <= times_usual * rhythm + 1 or due - recorded < _MISSED * _unevenness(others, rhythm):
        return None
    return _Silence(first, last, recorded, due)


def _runs(low: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last place of each run of true ones."""
    runs = [[place for place, _ in run] for is_low, run in groupby(enumerate(low), key=lambda one: bool(one[1])) if is_low]
    return [(run[0], run[-1]) for run in runs]


def _unevenness(counts: Numbers, rhythm: int) -> float:
    """Variance of the churners of a stretch over their mean, 1 or more: of weeks, or of longer stretches where the feed's rhythm is longer. Neighbours are
    compared, so that a rate that moves slowly counts as even."""
    length = max(_WEEK, rhythm + 1)
    length = length if counts.size >= _BLOCKS * length else rhythm + 1
    sums = counts[counts.size % length :].reshape(-1, length).sum(axis=1)
    pairs = [(after - before) ** 2 / (after + before) for before, after in pairwise(sums) if after + before > 0]
    return max(1.0, float(np.mean(pairs))) if pairs else 1.0


def _without_intakes(record: OutcomeRecord, counts: Numbers, newest: pd.Timestamp, times_usual: float) -> Finding | None:
    """Intakes came in a rhythm and come no more, while customers are scored on: all that is seen where churners alone are written down."""
    days = sorted({at.date() for at in record.taken_in})
    if record.until is None or len(days) < _FEWEST_INTAKES:
        return None
    since, rhythm = record.taken_in[-1], max((after - before).days for before, after in pairwise(days))
    silent = (record.until - since) / _DAY
    a_day = float(counts[-_USUAL:].mean()) if counts.size else 0.0
    if silent <= times_usual * rhythm + 1 or a_day * silent < _MISSED * _unevenness(counts, rhythm):
        return None
    said = (
        f"No outcomes have been taken in since {date_words(since)}, where {counted(rhythm, 'day')} passed between two intakes at most; the newest "
        f"churn on record is of {newest:%H:%M} UTC on {date_words(newest)}, and about {_amount(a_day)} a day are expected. Ask the owner of the outcomes whether "
        "their feed stopped."
    )
    return _finding(a_day * silent, len(record.words), (f"{since:%Y-%m-%d}", f"{record.until:%Y-%m-%d}"), said)


def _told(silence: _Silence, before: pd.Timestamp, back: pd.Timestamp | None, rows: int) -> Finding:
    length = silence.last - silence.first + 1
    none = "No churn" if not silence.recorded else "Hardly any churn"
    when = f"has been recorded since {date_words(before)}" if back is None else f"was recorded from {date_words(before)}"
    when += f", {before:%H:%M} UTC" + ("" if back is None else f", to {date_words(back - _DAY)}")
    said = (
        f"{none} {when}, where about {_amount(silence.due / length)} a day are expected: outcomes went missing, and customers who left count as having stayed. "
        "Ask the owner of the outcomes " + ("whether their feed stopped." if back is None else "for the missing ones.")
    )
    return _finding(silence.due - silence.recorded, rows, (f"{before:%Y-%m-%d}", f"{(back or before + length * _DAY):%Y-%m-%d}"), said)


def _amount(number: float) -> str:
    return f"{number:,.0f}" if number >= 10 else f"{number:.1f}"


def _finding(missed: float, rows: int, days: tuple[str, str], said: str) -> Finding:
    return Finding(
        family="labels",
        name="labels_stopped",
        strength=missed,
        unit="churners that are missing on record",
        n=rows,
        z=-(missed**0.5),
        days=days,
        argues_for=("label_fault",),
        argues_against=("prior_shift", "concept_drift"),
        said=said,
    )
