"""Whether customers above some score were contacted and nobody wrote it down: they churn less than expected, those below it as ever.

A team that acts on the scores changes the outcomes of the high ones. That looks like a model whose high scores are wrong, and a model trained on it
learns the campaign. What tells it from a change of the customers is where it happens: a kept share of the churners from one score on explains
the outcomes at least as well as another level of all scores, another slope, another level of one kind of customers, another level and slope of it, or another level of every kind. The score
where an offer pays and tops of the list are looked at.

Source: Hahn, Todd and Van der Klaauw (2001), "Identification and Estimation of Treatment Effects with a Regression-Discontinuity Design"; forms
are compared by Schwarz (1978), "Estimating the Dimension of a Model".
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.observed import Observed
from pipeline.diagnosis.outcomes.calibration_line import at_level, fit_line, from_log_odds, log_odds
from pipeline.diagnosis.outcomes.expected_churn import fit_terms, precisions
from pipeline.diagnosis.outcomes.expected_outcomes import Expected, expected_outcomes, labels_usable, one_row_each
from pipeline.diagnosis.outcomes.segments import SCORE, cut_up
from pipeline.measures.campaign_value import break_even
from pipeline.workspace.policy import Policy
from pipeline.workspace.value_settings import ValueSettings

Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]

_TOPS = (0.05, 0.075, 0.1, 0.125, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5)  # of the list, which teams contact
_FEWEST_EXPECTED = 5.0  # churners on either side of a cut
_LEAST_KEPT = 0.08  # of the churners; less costs a model little
_STEPS = 60


@dataclass(frozen=True)
class Contacts:
    """Customers scoring `cut` or more may have been contacted, as `finding` says."""

    cut: float
    finding: Finding


@dataclass(frozen=True)
class _Step:
    cut: float
    above: Mask
    kept: float
    likelihood: float


def find_unlogged_contacts(observed: Observed, policy: Policy, value: ValueSettings) -> Contacts | None:
    """`unlogged_contacts`, where churn falls from a score on by more than chance; its `strength` is the probability of contacts beside other
    changes. None where there is no such fall, or too few outcomes are known."""
    observed = one_row_each(observed)
    if not labels_usable(observed, policy):
        return None
    expected, scores = expected_outcomes(observed), observed.labelled_scores
    y, p = expected.y, expected.p
    steps = [_step(y, p, scores, cut) for cut in _cuts(scores, y, p, value)]
    # Beside the campaign all customers may have changed alike: then the level is that of those below the cut.
    beside = [_step_beside_a_level(y, p, step) for step in steps]
    if not steps:
        return None
    best = max((*steps, *beside), key=lambda one: one.likelihood)
    z = _fall(expected, observed, best)
    if z > -policy.evidence.performance.level_z or best.kept < _LEAST_KEPT:
        return None
    kinds = _kinds(observed)
    design = np.column_stack([np.ones_like(p), log_odds(p), *(inside.astype(np.float64) for inside in kinds)])
    x, size, tried = log_odds(p), float(np.log(y.size)), float(np.log(1 + len(_TOPS)))
    worth = {
        "none": _likelihood(y, p),
        "level": _likelihood(y, at_level(p, y)) - size / 2,
        "line": _likelihood(y, fit_line(x, y).at(x)) - size,
        "kind": _best_kind(kinds, y, p, at_level) - size / 2,
        "kind and slope": _best_kind(kinds, y, p, _on_a_line) - size,
        "kinds": _kinds_changed(design, y, p),
        "step": max(one.likelihood for one in steps) - size / 2 - tried,
        "beside": max(one.likelihood for one in beside) - size - tried,
    }
    highest = max(worth.values())
    odds = {name: float(np.exp(one - highest)) for name, one in worth.items()}
    probability = (odds["step"] + odds["beside"]) / sum(odds.values())
    notable = probability >= policy.diagnosis.training_refused_from
    said = (
        f"From a score of {best.cut:.2f} on customers churn less than expected ({best.kept:.0%} of their churners stayed), and the fall "
        "begins there: they may have been contacted. Who was contacted? Add it with `churnops offers add FILE`."
        if notable
        else f"Contacts that nobody wrote down, which would lower churn from some score on, are improbable ({probability:.0%})."
    )
    return Contacts(
        best.cut,
        Finding(
            family="offers",
            name="unlogged_contacts",
            segment=(SCORE, f"{best.cut:.2f} or more"),
            strength=probability,
            unit="probability that these customers were contacted",
            n=int(best.above.sum()),
            z=z,
            share=float(best.above.mean()),
            notable=notable,
            argues_for=("unsure",),
            said=said,
        ),
    )


def _cuts(scores: Numbers, y: Numbers, p: Numbers, value: ValueSettings) -> Iterator[float]:
    """Scores from which on fewer churned than expected, of those where teams begin."""
    for cut in dict.fromkeys((break_even(value), *(float(np.quantile(scores, 1 - top)) for top in _TOPS))):
        above = scores >= cut
        if min(p[above].sum(), p[~above].sum()) >= _FEWEST_EXPECTED and y[above].sum() < p[above].sum():
            yield cut


def _step(y: Numbers, p: Numbers, scores: Numbers, cut: float) -> _Step:
    above = scores >= cut
    kept = _kept(y[above], p[above])
    return _Step(cut, above, kept, _likelihood(y, np.where(above, (1 - kept) * p, p)))


def _step_beside_a_level(y: Numbers, p: Numbers, step: _Step) -> _Step:
    below = ~step.above
    if y[below].min() == y[below].max():
        return step
    shift = log_odds(at_level(p[below], y[below]))[0] - log_odds(p[below])[0]
    moved = from_log_odds(log_odds(p) + shift)
    kept = _kept(y[step.above], moved[step.above])
    return _Step(step.cut, step.above, kept, _likelihood(y, np.where(step.above, (1 - kept) * moved, moved)))


def _kinds(observed: Observed) -> list[Mask]:
    """Which rows each kind of customers has, by its columns; each of shape (rows,)."""
    segments = cut_up(observed.reference, observed.labelled.features, observed.columns, observed.reference_scores, observed.labelled_scores)
    return [one.after for one in segments if one.column is not None]


def _on_a_line(p: Numbers, y: Numbers) -> Numbers:
    x = log_odds(p)
    return fit_line(x, y).at(x)


def _best_kind(kinds: list[Mask], y: Numbers, p: Numbers, fitted: Callable[[Numbers, Numbers], Numbers]) -> float:
    """The likelihood where one kind of customers has probabilities `fitted` to its own outcomes, less what it costs to have looked at all kinds."""
    as_ever, found, tried = _likelihood(y, p), -np.inf, 0
    for inside in kinds:
        if min(p[inside].sum(), (1 - p[inside]).sum()) < _FEWEST_EXPECTED or y[inside].min() == y[inside].max():
            continue
        tried += 1
        gained = _likelihood(y[inside], fitted(p[inside], y[inside])) - _likelihood(y[inside], p[inside])
        found = max(found, as_ever + gained)
    return float(found - np.log(max(1, tried)))


def _kinds_changed(design: Numbers, y: Numbers, p: Numbers) -> float:
    """The marginal likelihood (Laplace) where every kind of customers has a level of its own beside `p`."""
    x = log_odds(np.clip(p, 1e-6, 1 - 1e-6))
    terms, covariance = fit_terms(design, y, x)
    precision = precisions(design)
    volume = np.log(precision).sum() + np.linalg.slogdet(covariance)[1]
    return _likelihood(y, from_log_odds(x + design @ terms)) + float(volume - (precision * terms**2).sum()) / 2


def _kept(y: Numbers, p: Numbers) -> float:
    """Most likely share of the churners who stayed, 0-1: the likelihood is concave in it, so halving the range finds its top."""
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        rising = float(((1 - y) * p / (1 - (1 - middle) * p)).sum()) > float(y.sum()) / max(1 - middle, 1e-9)
        low, high = (middle, high) if rising else (low, middle)
    return (low + high) / 2


def _fall(expected: Expected, observed: Observed, step: _Step) -> float:
    """Standard errors by which churn above the cut misses what is expected, beyond how far it misses it there in the reference."""
    before = observed.reference_scores >= step.cut
    now, usual = (
        _missed(expected.y[step.above], expected.p[step.above]),
        _missed(expected.reference_y[before], expected.reference_p[before]),
    )
    return float((now[0] - usual[0]) / (now[1] + usual[1] + expected.level_error**2) ** 0.5)


def _missed(y: Numbers, p: Numbers) -> tuple[float, float]:
    """How far log-odds lie from the expected in one Newton step, and the variance of that."""
    spread = max(1e-9, float((p * (1 - p)).sum()))
    return float((y - p).sum()) / spread, 1 / spread


def _likelihood(y: Numbers, q: Numbers) -> float:
    return float(np.log(np.clip(np.where(y == 1, q, 1 - q), 1e-9, 1)).sum())
