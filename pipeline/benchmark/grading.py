"""From answers to figures: shares with Wilson intervals, means with bootstrap intervals, and who was taken for whom."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import get_args

import numpy as np
from pydantic import BaseModel

from pipeline.benchmark.instance import Answer, Answered, Broken, Result, Skipped
from pipeline.diagnosis.finding import Cause
from pipeline.measures.metrics import wilson

CAUSES: tuple[Cause, ...] = get_args(Cause)
_CONFIDENCE = 0.95  # of an interval
_RESAMPLES = 2_000


class _Figures(BaseModel, frozen=True, extra="forbid"):
    """Frozen: what was read stays as it was."""


class Share(_Figures):
    """`count` of `n`, as a share in 0-1 with its 95% Wilson interval; None where `n` is 0."""

    count: int
    n: int
    value: float | None
    low: float | None
    high: float | None


class Mean(_Figures):
    """A mean of `n` values with its 95% bootstrap interval; None where `n` is 0."""

    n: int
    value: float | None
    low: float | None
    high: float | None


class Scorecard(_Figures):
    """One operator on `n` questions.

    `diagnosis` and `diagnosis_of_seven`: named the cause, or one of two that came at once, with both kinds of moved population as one or apart. `column`: named a right column,
    where there is one and something is wrong. `acceptable`: chose a remedy within one point of the best. `regret`: points lost. `unsafe`:
    trained on a fault, of the questions with one. `wasted`: retrained in vain, of all the others. `seconds`: per question.
    """

    n: int
    diagnosis: Share
    diagnosis_of_seven: Share
    column: Share
    acceptable: Share
    regret: Mean
    unsafe: Share
    wasted: Share
    seconds: Mean


class Report(_Figures):
    """A whole run. `scores` leave out what nothing could have shown; `with_invisible` holds it too; `invisible` is that alone. `confusion` is
    the operator's: true cause, named cause, how often (visible questions). `by_kind` is the operator's too, invisible questions included."""

    operator: str
    asked: int
    answered: int
    scores: dict[str, Scorecard]
    with_invisible: dict[str, Scorecard]
    invisible: dict[str, Scorecard]
    confusion: dict[str, dict[str, int]]
    by_kind: dict[str, Scorecard]
    broken: tuple[Broken, ...]
    skipped: tuple[Skipped, ...]


def report(operator: str, asked: int, results: Sequence[Result]) -> Report:
    """The figures of what was answered so far."""
    answered = [result for result in results if isinstance(result, Answered)]
    answered.sort(key=lambda result: (result.question.seed, result.question.kind, result.question.severity))
    visible = [result for result in answered if not result.truth.invisible]
    hidden = [result for result in answered if result.truth.invisible]
    names = list(answered[0].answers) if answered else []
    taken = Counter((result.truth.cause, result.answers[operator].cause) for result in visible)
    kinds = dict.fromkeys(result.question.kind for result in answered)
    return Report(
        operator=operator,
        asked=asked,
        answered=len(answered),
        scores={name: score(visible, name) for name in names},
        with_invisible={name: score(answered, name) for name in names},
        invisible={name: score(hidden, name) for name in names if hidden},
        confusion={
            true: {named: taken[true, named] for named in CAUSES if taken[true, named]}
            for true in CAUSES
            if any(cause == true for cause, _ in taken)
        },
        by_kind={kind: score([result for result in answered if result.question.kind == kind], operator) for kind in kinds},
        broken=tuple(result for result in results if isinstance(result, Broken)),
        skipped=tuple(result for result in results if isinstance(result, Skipped)),
    )


def score(results: Sequence[Answered], name: str) -> Scorecard:
    """How `name` did on these questions."""
    safe = [result for result in results if not result.truth.unsafe]
    faulty = [result for result in results if result.truth.unsafe]
    # Of a moved population the columns are many, and any of them is as good a name as another.
    named = [result for result in results if result.truth.columns and result.truth.cause == "data_fault"]
    return Scorecard(
        n=len(results),
        diagnosis=share(results, name, lambda result, answer: _of_six(answer.cause) in map(_of_six, result.truth.causes)),
        diagnosis_of_seven=share(results, name, lambda result, answer: answer.cause in result.truth.causes),
        column=share(named, name, lambda result, answer: answer.column in result.truth.columns),
        acceptable=share(results, name, lambda result, answer: answer.remedy in result.truth.acceptable),
        regret=mean([result.truth.regret(result.answers[name].remedy) for result in results]),
        unsafe=share(faulty, name, lambda _, answer: answer.action in ("retrain", "recalibrate")),
        wasted=share(safe, name, lambda result, answer: answer.action == "retrain" and answer.remedy not in result.truth.acceptable),
        seconds=mean([result.answers[name].seconds for result in results]),
    )


def share(results: Sequence[Answered], name: str, holds: Callable[[Answered, Answer], bool]) -> Share:
    """Share of the results of which `holds` says yes."""
    n, count = len(results), sum(holds(result, result.answers[name]) for result in results)
    if not n:
        return Share(count=0, n=0, value=None, low=None, high=None)
    low, high = wilson(count, n, _CONFIDENCE)
    return Share(count=count, n=n, value=count / n, low=low, high=high)


def mean(values: Sequence[float]) -> Mean:
    """Mean with the percentile interval of 2,000 seeded resamples."""
    if not values:
        return Mean(n=0, value=None, low=None, high=None)
    numbers = np.asarray(values, dtype=np.float64)
    rng = np.random.default_rng(0)
    means = numbers[rng.integers(len(numbers), size=(_RESAMPLES, len(numbers)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return Mean(n=len(numbers), value=float(numbers.mean()), low=float(low), high=float(high))


def _of_six(cause: Cause) -> str:
    return "covariate" if cause.startswith("covariate") else cause
