"""How customers behave now, against how such customers behaved in the reference: a level for all, and corrections by column, score and group.

What outcomes say beyond the reference's expectation is fitted as a logistic regression on the cells of every column, held back as far as the
evidence asks, in level and in slope: where nothing changed the corrections vanish, and what is left of the outcomes is chance. The level is the mean move of the reference's
mix of customers, in log-odds; where one group alone moved otherwise, that of the others.

Source: MacKay (1992), "The Evidence Framework Applied to Classification Networks", for the strength of the penalty and the covariance.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.diagnosis.outcomes.calibration_line import from_log_odds, log_odds

Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]

_BANDS = 8  # equally full, of the expected outcome
_LEVEL, _OF_CELLS, _OF_SLOPES, _OF_THE_GROUP = range(4)  # blocks of terms
_FIRST = np.array([1e-4, 10.0, 30.0, 0.5])  # prior precision by block; evidence moves the two in the middle
_LOOSEST, _TIGHTEST, _SETTLED = 1.0, 1e4, 0.1
_ROUNDS, _STEPS, _CLOSE = 6, 4, 1e-3
_MINORITY = 0.5  # a level is what most customers show
_LEFT = 0.3  # of the moves' square that the others may have among themselves, where it is the group that moved
_FARTHEST = 2.0  # log-odds of any row in one step


@dataclass(frozen=True)
class BehaviourChange:
    """`design`, shape (rows, terms), times `terms` is how far each row's log-odds of churn lie from those of the reference; the first term is the level.
    `spread`, shape (terms, terms), times standard normal numbers is what the terms are not known by. `pull`, shape (terms, rows), is how far
    they move by a move of the reference's log-odds. `group`: the customers who stand out, shape (rows,); none where nobody does."""

    design: Numbers
    terms: Numbers
    spread: Numbers
    pull: Numbers
    group: Mask

    def redrawn(self, rng: np.random.Generator, reference_move: Numbers) -> Numbers:
        """The terms as they may be as well, where the reference's log-odds move by `reference_move`, shape (rows,)."""
        return np.asarray(self.terms + self.spread @ rng.standard_normal(self.terms.size) - self.pull @ reference_move)

    def parts(self, terms: Numbers, stands_for: Numbers, lean: float = 0.0) -> tuple[float, Numbers, Numbers]:
        """The level, and the move of each row beyond it, of the group and of the others, both shape (rows,), in log-odds. `stands_for` (rows,) makes the rows
        the reference's mix of customers; `lean`: how far to go from the mean to the median, which is as good a level."""
        moves = self.design @ terms
        level = float(np.average(moves, weights=stands_for * ~self.group))
        level += lean * (float(np.median(moves[~self.group])) - level)
        return level, np.where(self.group, moves - level, 0.0), np.where(self.group, 0.0, moves - level)

    def alone(self, stands_for: Numbers) -> "BehaviourChange":
        """The same without the group, unless it is a minority that explains most of the moves; `stands_for` as of `parts`."""
        if not 0 < np.average(self.group, weights=stands_for) < _MINORITY:
            return replace(self, group=np.zeros_like(self.group))
        moves, others = self.design @ self.terms, stands_for * ~self.group
        level = float(np.average(moves, weights=others))
        left = float(np.average((moves - level) ** 2, weights=others))
        explains = left < _LEFT * float(np.average((moves - level) ** 2, weights=stands_for))
        return self if explains else replace(self, group=np.zeros_like(self.group))


def fit_behaviour_change(expected: Numbers, churned: Numbers, stands_for: Numbers, cells: Numbers, group: Mask) -> BehaviourChange:
    """The change of behaviour that outcomes show.

    Args:
        expected: probability of churn as in the reference, shape (rows,).
        churned: 1 or 0, shape (rows,).
        stands_for: how many customers each row stands for, shape (rows,).
        cells: the cell of each row in each column, as indicators, shape (rows, cells).
        group: who stands out, shape (rows,).
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    x, weights = log_odds(expected), stands_for / stands_for.mean()
    design, block = _design(x, cells, group, weights)
    penalty = _FIRST[block]
    with threadpool_limits(1):
        terms = np.zeros(design.shape[1])
        for _ in range(_ROUNDS):
            for _ in range(_STEPS):
                p = from_log_odds(x + design @ terms)
                bend = weights * p * (1 - p)
                information = design.T @ (design * bend[:, None]) + np.diag(penalty)
                step = np.linalg.solve(information, design.T @ (weights * (churned - p)) - penalty * terms)
                step *= min(1.0, _FARTHEST / max(1e-9, float(np.abs(design @ step).max())))
                terms = terms + step
                if np.abs(step).max() < _CLOSE:
                    break
            covariance = np.linalg.inv(information)
            before = penalty.copy()
            for shared in (block == _OF_CELLS, block == _OF_SLOPES):
                known = shared.sum() - float((penalty * np.diag(covariance))[shared].sum())
                penalty[shared] = np.clip(known / max(1e-12, float((terms[shared] ** 2).sum())), _LOOSEST, _TIGHTEST)
            if np.abs(np.log(penalty / before)).max() < _SETTLED:
                break
        spread = np.linalg.cholesky(covariance)
        return BehaviourChange(design, terms, spread, covariance @ (design.T * bend), group)


def _design(x: Numbers, cells: Numbers, group: Mask, weights: Numbers) -> tuple[Numbers, NDArray[np.int64]]:
    """Level; log-odds, cells and bands of the log-odds; log-odds within each cell; then the group and its log-odds where there is one; shape (rows, terms). All but the
    first and the group's are centred on the customers outside it. Beside it the block of each term."""
    bands = np.unique(np.quantile(x, np.arange(1, _BANDS) / _BANDS))
    scaled = (x - x.mean()) / max(1e-9, float(x.std()))
    sorts = np.column_stack([scaled, cells, np.eye(bands.size + 1)[np.searchsorted(bands, x)]])
    shared = np.column_stack([sorts, cells * scaled[:, None]])
    rest = weights * ~group
    shared -= rest @ shared / rest.sum()
    own = np.column_stack([group, group * scaled]) if group.any() else np.empty((x.size, 0))
    sizes = [1, sorts.shape[1], cells.shape[1], own.shape[1]]
    return np.column_stack([np.ones_like(x), shared, own]), np.repeat([_LEVEL, _OF_CELLS, _OF_SLOPES, _OF_THE_GROUP], sizes)
