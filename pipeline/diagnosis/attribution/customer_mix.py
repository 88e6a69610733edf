"""Weights under which customers with a known outcome look like those of the reference: in every column's cells, and in how they score.

Of all weights that do, those nearest to what each row stood for already, held back as far as chance alone moves shares.

Source: Deville and Särndal (1992), "Calibration Estimators in Survey Sampling", with the exponential distance; Hainmueller (2012), "Entropy Balancing
for Causal Effects".
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.diagnosis.population.crosstab import Crosstab

Numbers = NDArray[np.float64]

_SPREAD = 1.0  # standard deviation, in log weight, that a cell's weight is expected to have
_STEPS, _TIGHT, _FARTHEST = 25, 1e-6, 2.0
_HEAVIEST = 20.0  # times the mean weight: beyond it a handful of rows would stand for the reference
_NAMED = 2


@dataclass(frozen=True)
class CustomerMix:
    """`now`, shape (rows, cells), are the rows' cells and `before` those of the reference; `terms`, shape (cells,), make the weights, and `information`,
    shape (cells, cells), says how well they are known."""

    now: Numbers
    before: Numbers
    terms: Numbers
    information: Numbers

    def weights(self, stands_for: Numbers, terms: Numbers | None = None) -> Numbers:
        """What each row stands for once the mix is that of the reference, shape (rows,), from what it stood for before."""
        pulls = self.now @ (self.terms if terms is None else terms)
        found = stands_for * np.exp(pulls - pulls.max())
        return np.asarray(np.minimum(found, _HEAVIEST * found.mean()))

    def redrawn(self, stands_for: Numbers, reference: Numbers) -> Numbers:
        """The terms on redrawn rows of both sides, one step from those found; `stands_for` (rows,) and `reference` (reference,) are how often each was drawn."""
        weights = self.weights(stands_for)
        apart = weights @ self.now / weights.sum() - reference @ self.before / reference.sum()
        return np.asarray(self.terms - np.linalg.solve(self.information, apart + _held_back(self) * self.terms))


def fit_customer_mix(now: Numbers, before: Numbers, stands_for: Numbers) -> CustomerMix:
    """The weights of rows with the cells `now`, shape (rows, cells), that make their shares those of `before`, shape (reference, cells)."""
    target, terms = before.mean(axis=0), np.zeros(now.shape[1])
    held = _held_back(CustomerMix(now, before, terms, np.empty(0)))
    for _ in range(_STEPS):
        pulls = now @ terms
        weights = stands_for * np.exp(pulls - pulls.max())
        weights /= weights.sum()
        shares = weights @ now
        information = now.T @ (now * weights[:, None]) - np.outer(shares, shares) + held * np.eye(terms.size)
        step = np.linalg.solve(information, target - shares - held * terms)
        step *= min(1.0, _FARTHEST / max(1e-9, float(np.abs(now @ step).max())))
        terms = terms + step
        if np.abs(step).max() < _TIGHT:
            break
    return CustomerMix(now, before, terms, information)


def moved_most(tab: Crosstab) -> str | None:
    """The columns whose shares moved most (total variation), for people; None where there are no columns."""
    moved = {}
    for place, name in enumerate(tab.names):
        before, now = (
            np.bincount(side[:, place], minlength=int(tab.spans[place].stop - tab.spans[place].start))
            for side in (tab.reference, tab.window)
        )
        moved[name] = float(np.abs(before / before.sum() - now / now.sum()).sum()) / 2
    return ", ".join(sorted(moved, key=lambda name: -moved[name])[:_NAMED]) or None


def _held_back(mix: CustomerMix) -> float:
    """By how much the terms are held back, as prior precision over rows."""
    return (1 / len(mix.now) + 1 / len(mix.before)) / _SPREAD**2
