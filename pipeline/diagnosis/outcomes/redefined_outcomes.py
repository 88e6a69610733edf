"""Whether churn means something else since a day: customers of one kind leave more often, or no more, by when their churn was recorded.

Customers who behave differently do so from when they were scored on, as far as outcomes can tell: those scored before are as they were. A change in
how churn is written down parts churners by the day of recording, whenever they were scored. So a step is sought in both times, and the better one
counts. Among the churners of one day only their kinds are compared: weekends, seasons and feeds that are late concern all kinds alike.

Sources: Cox (1972), "Regression Models and Life-Tables", for comparing churners with those at risk on their day; Hinkley (1970), "Inference about
the change-point in a sequence of random variables", for the day of a step by likelihood.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.observed import SEED, Observed
from pipeline.diagnosis.outcomes.calibration_line import from_log_odds
from pipeline.diagnosis.outcomes.segments import Segment, cut_up
from pipeline.shown_text import plain
from pipeline.windows.stretch import date_words
from pipeline.windows.window import Labelled, OutcomeRecord

Numbers = NDArray[np.float64]
Days = NDArray[np.int64]
Mask = NDArray[np.bool_]

_FEWEST = 100  # churners
_FEWEST_DAYS = 14  # on which they were recorded
_INFORMATION = 4.0  # on either side of a step: as of 16 churners, half of whom are of the kind
_BY_CHANCE = 1e-3  # of a step as large among all kinds and days
_BETTER = (
    4.0  # natural logarithm of the likelihood by which recording explains more than scoring: of 16 made-up competitors the most was 2.3
)
_SUDDEN = 3.0  # and a step more than a gradual change
_TIMES = 1.3  # as many churners, or as few: what counts as churn does not change by less
_GONE = 0.1  # of the churners expected of them: these are not recorded any more
_ALIKE = 2.0  # natural logarithm of the likelihood within which two kinds tell the same step
_MOST = 10_000  # churners, drawn by lot: more make nothing surer that is told here
_LIKELY = 5  # kinds of customers whose likelihood is worth computing
_LIKELY_DAYS = 15  # and days
_LATEST = 0.99  # of the churners are recorded by then: so long customers are at risk
_LEAST_SHARE = 1e-3  # of the churners of a day that may be of a kind
_STEPS = 25
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class _Churners:
    """Churners, each once: the day on which each was `recorded` and `scored`, counted from the first of the record. `at_risk`: churners
    to be expected that day, of each kind and last of all, shape (kinds + 1, days). `of_kind`: who is, shape (kinds, churners)."""

    recorded: Days
    scored: Days
    at_risk: Numbers
    of_kind: Mask

    def usual(self, kind: int) -> Numbers:
        """Log-odds that whoever is recorded that day is of the kind, shape (churners,)."""
        share = self.at_risk[kind, self.recorded] / np.maximum(self.at_risk[-1, self.recorded], 1e-12)
        share = np.clip(share, _LEAST_SHARE, 1 - _LEAST_SHARE)
        return np.asarray(np.log(share / (1 - share)))

    def change(self, kind: int, day: int) -> float:
        """How many times as many churners of the kind are recorded from the day on, of those at risk."""
        after, days_after = self.recorded >= day, np.arange(self.at_risk.shape[1]) >= day
        rates = [
            (self.of_kind[kind, side].sum() + 0.5) / max(self.at_risk[kind, days].sum(), 1e-9)
            for side, days in ((after, days_after), (~after, ~days_after))
        ]
        return float(rates[0] / rates[1])


@dataclass(frozen=True)
class _RecordingStep:
    """Of one `kind`. `gain`: log-likelihood beyond no step; `day`: the first one after it."""

    kind: int
    gain: float
    day: int


def find_redefined(observed: Observed, record: OutcomeRecord) -> Finding | None:
    """`labels_redefined`, or `labels_stopped` where churn of one kind of customers is recorded no more; the most telling kind alone."""
    sample = record.sample
    if sample is None or sample.recorded is None or sample.times is None or sample.ids is None or sample.recorded.notna().sum() < _FEWEST:
        return None
    if sample.recorded.dt.floor("D").nunique() < _FEWEST_DAYS:
        return None
    scores = observed.champion.scores(sample.features)
    cut = cut_up(observed.reference, sample.features, observed.columns, observed.reference_scores, scores)
    # Definitions go by a code: ranges of a number only multiply what chance may show.
    kinds = [one for one in cut if one.column in observed.columns.categorical]
    if not kinds:
        return None
    start = min(sample.times.min(), sample.recorded.min()).floor("D")
    churners = _churners(sample, scores, kinds, start)
    step = _step_of_recording(churners)
    if step is None:
        return None
    return _told(kinds[step.kind], churners.change(step.kind, step.day), start + step.day * _DAY, churners, step)


def _churners(sample: Labelled, scores: Numbers, kinds: Sequence[Segment], start: pd.Timestamp) -> _Churners:
    assert sample.recorded is not None and sample.times is not None and sample.ids is not None  # asked before
    left = np.flatnonzero(sample.recorded.notna().to_numpy())
    # One churn may be that of thirty scorings: one of them counts, by lot.
    left = np.random.default_rng(SEED).permutation(left)
    events = pd.DataFrame({"id": sample.ids.to_numpy()[left], "at": sample.recorded.to_numpy()[left]})
    left = np.sort(left[~events.duplicated().to_numpy()][:_MOST])
    scored, recorded = _days(sample.times, start), _days(sample.recorded.iloc[left], start)
    width = max(int(scored.max()), int(recorded.max())) + 1
    length = int(np.quantile(recorded - scored[left], _LATEST)) + 1
    masks = [*(one.after for one in kinds), np.ones(scores.size, dtype=bool)]
    at_risk = np.stack([_watched(scored[mask], scores[mask], width, length) for mask in masks])
    return _Churners(recorded, scored[left], at_risk, np.stack([one.after[left] for one in kinds]))


def _days(times: pd.Series, start: pd.Timestamp) -> Days:
    return np.asarray((times.dt.floor("D") - start) // _DAY, dtype=np.int64)


def _watched(scored: Days, weights: Numbers, width: int, length: int) -> Numbers:
    """Sum of the weights of those who were scored at most `length` days before each day."""
    total = np.cumsum(np.bincount(scored, weights, width))
    return np.asarray(total - np.concatenate([np.zeros(min(length, width)), total])[:width])


def _step_of_recording(churners: _Churners) -> _RecordingStep | None:
    """The step in recording time that no other reading explains; None where there is none."""
    steps = _steps(churners, churners.recorded)
    if not steps:
        return None
    best = max(step.gain for step in steps)
    alike = [step for step in steps if step.gain >= best - _ALIKE]
    # A step up of one half is a step down of the other: theirs whose own churn moved.
    step = max(alike, key=lambda one: abs(np.log(churners.change(one.kind, one.day))))
    times = churners.change(step.kind, step.day)
    tried = len(churners.of_kind) * len(np.unique(churners.recorded))
    if not _surely(churners, step, tried) or 1 / _TIMES < times < _TIMES:
        return None
    # Of any kind: where others behave differently since they were scored, this one may only go with them.
    scoring = max((one.gain for one in _steps(churners, churners.scored)), default=0.0)
    if step.gain - scoring < _BETTER:
        return None
    return step if step.gain - _gain_of_slope(churners, step.kind) >= _SUDDEN else None


def _steps(churners: _Churners, day: Days) -> list[_RecordingStep]:
    """The most likely step by `day` of each kind that may have one."""
    tests = [_tests(churners, kind, day)[1].max(initial=0.0) for kind in range(len(churners.of_kind))]
    likely = np.argsort(tests)[::-1][:_LIKELY]
    return [step for kind in likely if (step := _largest_step(churners, int(kind), day)) is not None]


def _tests(churners: _Churners, kind: int, day: Days) -> tuple[Days, Numbers]:
    """All days, of recording or of scoring, that leave enough on either side of them, and the score test of a step at each."""
    usual, is_kind = churners.usual(kind), churners.of_kind[kind].astype(np.float64)
    p = from_log_odds(usual + _level(usual, is_kind))
    order = np.argsort(day, kind="stable")
    days, first = np.unique(day[order], return_index=True)
    residual, information = (np.concatenate([[0.0], np.cumsum(one[order])])[first] for one in (is_kind - p, p * (1 - p)))
    total = float((p * (1 - p)).sum())
    tellable = (information >= _INFORMATION) & (total - information >= _INFORMATION)
    spread = information[tellable] * (1 - information[tellable] / total)
    return days[tellable], residual[tellable] ** 2 / spread


def _largest_step(churners: _Churners, kind: int, day: Days) -> _RecordingStep | None:
    """The most likely step by `day`, the one of recording or of scoring; None where one side of every day tells nothing."""
    days, tests = _tests(churners, kind, day)
    if not days.size:
        return None
    usual, is_kind = churners.usual(kind), churners.of_kind[kind].astype(np.float64)
    likely = days[np.argsort(tests)[::-1][:_LIKELY_DAYS]]
    none = _fitted(usual, is_kind)
    gains = [sum(_fitted(usual[side], is_kind[side]) for side in (day >= one, day < one)) - none for one in likely]
    place = int(np.argmax(gains))
    return _RecordingStep(kind, float(gains[place]), int(likely[place]))


def _level(usual: Numbers, is_kind: Numbers) -> float:
    """What has to be added to all log-odds, at most 6 either way."""
    found = 0.0
    for _ in range(_STEPS):
        p = from_log_odds(usual + found)
        step = float((is_kind - p).sum()) / max(float((p * (1 - p)).sum()), 1e-6)
        found = float(np.clip(found + np.clip(step, -1, 1), -6, 6))
        if abs(step) < 1e-6:
            break
    return found


def _fitted(usual: Numbers, is_kind: Numbers) -> float:
    return _likelihood(usual + _level(usual, is_kind), is_kind)


def _likelihood(x: Numbers, is_kind: Numbers) -> float:
    return float((is_kind * x - np.logaddexp(0, x)).sum())


def _gain_of_slope(churners: _Churners, kind: int) -> float:
    """Log-likelihood that a change in proportion to time adds."""
    usual, is_kind = churners.usual(kind), churners.of_kind[kind].astype(np.float64)
    time = (churners.recorded - churners.recorded.mean()) / max(float(churners.recorded.std()), 1e-9)
    design, found = np.stack([np.ones_like(time), time], axis=1), np.zeros(2)
    for _ in range(_STEPS):
        p = from_log_odds(usual + design @ found)
        information = design.T @ (design * (p * (1 - p))[:, None]) + 1e-6 * np.eye(2)
        found = found + np.clip(np.linalg.solve(information, design.T @ (is_kind - p)), -1, 1)
    return _likelihood(usual + design @ found, is_kind) - _fitted(usual, is_kind)


def _surely(churners: _Churners, step: _RecordingStep, tried: int) -> bool:
    """Whether chance makes hardly any step as large; where churners of a kind come in bunches, it makes larger ones."""
    from scipy.stats import chi2

    usual, is_kind = churners.usual(step.kind), churners.of_kind[step.kind].astype(np.float64)
    after = churners.recorded >= step.day
    p = np.empty_like(usual)
    for side in (after, ~after):
        p[side] = from_log_odds(usual[side] + _level(usual[side], is_kind[side]))
    by_day = np.bincount(churners.recorded, is_kind - p) ** 2
    due = np.bincount(churners.recorded, p * (1 - p))
    bunched = max(1.0, float(by_day.sum() / max(due.sum(), 1e-9)))
    return bool(tried * chi2.sf(2 * step.gain / bunched, 1) < _BY_CHANCE)


def _told(kind: Segment, times: float, day: pd.Timestamp, churners: _Churners, step: _RecordingStep) -> Finding:
    assert kind.column is not None  # bands of the score are no kinds
    who, date = f"customers with `{plain(kind.column)}` {kind.said}", date_words(day)
    gone = times < _GONE
    if gone:
        said = (
            f"Hardly any churn of {who} has been recorded since {date}, whenever they were scored; that of others goes on. "
            "Ask the owner of the outcomes whether that part of their feed stopped."
        )
    else:
        often = f"{times:.1f} times as often" if times > 1 else f"{times:.0%} as often"
        said = (
            f"Since {date} churn of {who} is recorded {often} as before, that of customers scored earlier too: it goes by the day of recording, not by "
            f"that of scoring. Did the definition of churn change about then? Ask the owner of the outcomes."
        )
    of_kind = churners.of_kind[step.kind]
    return Finding(
        family="labels",
        name="labels_stopped" if gone else "labels_redefined",
        column=kind.column,
        segment=(plain(kind.column), kind.said),
        strength=times,
        unit="churners recorded after the day over before it, of those at risk",
        n=int(of_kind.size),
        z=float((2 * step.gain) ** 0.5) * (1 if times > 1 else -1),
        days=(f"{day:%Y-%m-%d}", f"{day + (int(churners.recorded.max()) - step.day) * _DAY:%Y-%m-%d}"),
        argues_for=("label_fault",),
        argues_against=("concept_drift", "prior_shift"),
        said=said,
    )
