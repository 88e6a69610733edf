"""Columns that moved while the columns they belong with did not follow: then the column changed, not the customers.

If more customers with long contracts come, their tenure and payments come with them. So the reference is weighted to the column's new
distribution, and what its correlates would look like is compared with what they look like. Two things together speak for a fault: the
correlates made less than half of the expected shift, and rows hold values together that no weighting of the reference's customers brings
together. The second tells a broken column from customers who were chosen by that column and balanced in all others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.observed import SEED, Observed
from pipeline.diagnosis.population.association import Tie, counts_of, strong_ties
from pipeline.diagnosis.population.copies import copies
from pipeline.diagnosis.population.crosstab import Crosstab, Floats, crosstab, enough
from pipeline.diagnosis.population.domain_classifier import window_weights
from pipeline.diagnosis.population.grown_columns import find_grown_columns
from pipeline.diagnosis.population.rescaling import Rescaling, rescaling
from pipeline.shown_text import plain
from pipeline.workspace.evidence_policy import DependencyRules

_UNIT = "share of the expected shift that its correlated features made"
_BY_CHANCE = 1e-4  # of any column seeming to have moved
_CORRELATES = 0.15  # weaker ties tell nothing about a column
_CELL = 5.0  # rows of a cell below which its mean says nothing
# Standard deviations, per share of the rows that moved, by which rows miss what their correlates say. Faults made on purpose reach 0.6
# and more; customers chosen by one column, with all others balanced, stay below 0.1.
_ALONE = 0.3


@dataclass(frozen=True)
class _Move:
    """One column's move. `share`: of the rows that moved. `followed`: the share of the shift expected in its correlates that they
    made, 1 is all of it, with its standard error. `misfit`: standard deviations by which what the correlates say about
    the column misses its value in the window's rows, beyond chance; `misfit_z`: how sure that is."""

    share: float
    followed: float
    error: float
    misfit: float
    misfit_z: float


class _Tables:
    """What is asked of every column, computed once. `copies`: pairs of columns that tell the same thing."""

    def __init__(self, tab: Crosstab, before: pd.DataFrame) -> None:
        self.tab = tab
        self.before, self.now = tab.indicators(tab.reference), tab.indicators(tab.window)
        self.counts = counts_of(self.before)
        self.shares, self.shares_now = self.before.mean(axis=0), self.now.mean(axis=0)
        self.ties = strong_ties(tab, self.counts, _CORRELATES)
        self.copies = copies(tab, self.ties, before)
        self.weights = window_weights(tab, SEED)


def find_moved_alone(observed: Observed, rules: DependencyRules) -> tuple[Finding, ...]:
    """`moved_alone` or `rescaled` of each column that moved materially, the most moved first. A column that moved together with its
    correlates is no fault and not notable; one without correlates that would tell has a finding on no rows (`n` is 0). One that
    grows with time for the same customers is not asked."""
    if not enough(observed):
        return ()
    tab = crosstab(observed)
    moved = [place for place in range(len(tab.names)) if _moved(tab, place, rules)]
    if not moved:
        return ()
    tables = _Tables(tab, observed.before)
    found = [_finding(observed, tables, place, rules) for place in moved]
    # What grows with time moves alone, by as much as the same customers grew older.
    grown = {finding.column for finding in find_grown_columns(observed)}
    found = [finding for finding in found if finding.column not in grown]
    return tuple(sorted(found, key=lambda finding: (not finding.notable, -finding.share)))


def _moved(tab: Crosstab, place: int, rules: DependencyRules) -> bool:
    """Whether the column moved materially and, as one of many columns, surely: by chi-square, window against reference."""
    from scipy.stats import chi2

    before, now = _cells(tab, tab.reference, place), _cells(tab, tab.window, place)
    if np.abs(before - now).sum() / 2 < rules.moved_share:
        return False
    rows, effective = len(tab.reference), tab.effective
    pooled = (before * rows + now * effective) / (rows + effective)
    statistic = float(((before - now) ** 2 / pooled).sum() / (1 / rows + 1 / effective))
    return bool(chi2.sf(statistic, before.size - 1) * len(tab.names) < _BY_CHANCE)


def _cells(tab: Crosstab, codes: NDArray[np.int64], place: int) -> Floats:
    span = tab.spans[place]
    return np.bincount(codes[:, place], minlength=span.stop - span.start) / len(codes)


def _move(tables: _Tables, place: int) -> _Move | None:
    """None where no correlate tells anything. A copy that comes from the same broken source follows and proves nothing; one that contradicts does."""
    ties = [tie for tie in tables.ties if place in (tie.one, tie.other)]
    others = [tie for tie in ties if (tie.one, tie.other) not in tables.copies]
    found = [_move_by(tables, place, given) for given in ((ties, others) if 0 < len(others) < len(ties) else (ties,))]
    return min((one for one in found if one is not None), key=lambda one: one.followed, default=None)


def _move_by(tables: _Tables, place: int, ties: Sequence[Tie]) -> _Move | None:
    tab, span = tables.tab, tables.tab.spans[place]
    if not ties:
        return None
    # Of a cell that the reference does not have, nobody knows what comes with it.
    rows = tables.counts[span].diagonal(span.start)[:, None]
    known = np.divide(tables.counts[span], rows, where=rows > 0, out=np.tile(tables.shares, (len(rows), 1)))
    expected = tables.shares_now[span] @ known - tables.shares
    direction = np.zeros_like(expected)
    for tie in ties:
        partner = tab.spans[tie.partner(place)]
        direction[partner] = tie.strength * expected[partner] / np.maximum(tables.shares[partner], 1e-9)
    way = float(direction @ expected)
    if way <= 0:
        return None
    gone, gone_before = tables.now @ direction, tables.before @ direction
    error = float(np.sqrt(gone.var() / tab.effective + gone_before.var() / len(gone_before))) / way
    misfit, z = _misfit(tables, place, gone, gone_before)
    return _Move(_share(tables, place), float(gone.mean() - gone_before.mean()) / way, error, misfit, z)


def _share(tables: _Tables, place: int) -> float:
    """Share of the rows that moved: half the sum of what the cells gained and lost."""
    span = tables.tab.spans[place]
    return float(np.abs(tables.shares[span] - tables.shares_now[span]).sum() / 2)


def _misfit(tables: _Tables, place: int, said: Floats, said_before: Floats) -> tuple[float, float]:
    """What all correlates say about each row's place in the column, cell by cell of it, in the window and in the weighted reference."""
    from scipy.stats import chi2, norm

    tab, span = tables.tab, tables.tab.spans[place]
    spread = float(said_before.std())
    if spread <= 0:
        return 0.0, 0.0
    cells = span.stop - span.start
    worth = tables.weights.sum() ** 2 / (tables.weights**2).sum() / len(tables.weights)
    mean, variance, rows = _by_cell(tab.window[:, place], said / spread, np.ones(len(said)), cells)
    mean_before, variance_before, weight = _by_cell(tab.reference[:, place], said_before / spread, tables.weights, cells)
    rows, weight = rows * tab.effective / len(said), weight * worth
    both = (rows >= _CELL) & (weight >= _CELL)
    if not both.any():
        return 0.0, 0.0
    error = variance[both] / rows[both] + variance_before[both] / weight[both]
    missed = (mean - mean_before)[both] ** 2
    statistic, freedom = float((missed / np.maximum(error, 1e-12)).sum()), int(both.sum())
    beyond = float(((missed - error) * rows[both]).sum() / rows[both].sum())
    return float(np.sqrt(max(0.0, beyond))), float(norm.isf(max(chi2.sf(statistic, freedom), 1e-300)))


def _by_cell(codes: NDArray[np.int64], values: Floats, weights: Floats, cells: int) -> tuple[Floats, Floats, Floats]:
    """Mean and variance of `values` and the weight in each cell."""
    weight = np.asarray(np.bincount(codes, weights, cells), dtype=np.float64)
    held = np.maximum(weight, 1e-12)
    mean = np.bincount(codes, weights * values, cells) / held
    return mean, np.bincount(codes, weights * (values - mean[codes]) ** 2, cells) / held, weight


def _finding(observed: Observed, tables: _Tables, place: int, rules: DependencyRules) -> Finding:
    column, rows = tables.tab.names[place], len(observed.window)
    move = _move(tables, place)
    if move is None or abs(move.followed - rules.followed) < 2 * move.error:
        return _untold(column, _share(tables, place))
    z = min((rules.followed - move.followed) / move.error, move.misfit_z)
    broken = move.followed < rules.followed and move.misfit > _ALONE * move.share
    alone = broken and z > rules.alone_z
    if alone and (factor := rescaling(observed, column, tables.tab.effective, rules)):
        return _rescaled(column, factor, move, rows)
    return Finding(
        family="moved_alone",
        name="moved_alone",
        column=column,
        strength=move.followed,
        unit=_UNIT,
        n=rows,
        low=move.followed - 1.96 * move.error,
        high=move.followed + 1.96 * move.error,
        z=z,
        share=move.share,
        notable=alone,
        argues_for=("data_fault",) if broken else (),
        argues_against=("covariate_benign", "covariate_harmful", "prior_shift") if alone else () if broken else ("data_fault",),
        said=_said(plain(column), move, z, alone, broken, rules),
    )


def _said(name: str, move: _Move, z: float, alone: bool, broken: bool, rules: DependencyRules) -> str:
    moved = f"`{name}` moved in {move.share:.0%} of the rows"
    if move.followed >= rules.followed:
        return f"{moved}, and its correlated features moved with it: a customer change, not a broken column."
    way = f"its correlated features made {max(0.0, move.followed):.0%} of the shift that goes with it"
    if alone:
        return f"`{name}` moved alone in {move.share:.0%} of the rows: {way} ({z:.0f} standard errors short). The column changed, not the customers: a broken column."
    if broken:
        return f"{moved}, and {way}: it may be a broken column, but the rows are too few to say."
    return f"{moved}; {way}, but its values fit the rest of each row: a customer change by this column, not a broken one."


def _untold(column: str, share: float) -> Finding:
    return Finding(
        family="moved_alone",
        name="moved_alone",
        column=column,
        strength=0.0,
        unit=_UNIT,
        n=0,
        share=share,
        notable=False,
        said=f"`{plain(column)}` moved in {share:.0%} of the rows, and no other column tells whether the customers or the column changed.",
    )


def _rescaled(column: str, factor: Rescaling, move: _Move, rows: int) -> Finding:
    return Finding(
        family="moved_alone",
        name="rescaled",
        column=column,
        strength=factor.factor,
        unit="factor",
        n=rows,
        share=move.share,
        argues_for=("covariate_benign",),
        argues_against=("data_fault",),
        said=f"All of `{plain(column)}` moved by the factor {factor.factor:.2f}, which explains {1 - factor.left:.0%} of its change: that looks like new "
        "prices, not like broken data. Ask whether prices changed.",
    )
