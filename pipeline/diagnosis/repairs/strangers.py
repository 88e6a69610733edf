"""Rows that are no customers: they hold values together that exclude each other in the reference.

Who has no internet has no online security either, and no row of the reference says otherwise. Rows that break several such rules, whatever
single column is set aside, were made up, or come from another place.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.diagnosis.data_faults.witnesses import Mask, surprise
from pipeline.diagnosis.finding import RepairName
from pipeline.diagnosis.observed import SEED
from pipeline.diagnosis.population.association import counts_of
from pipeline.diagnosis.repairs.joint_fit import Coder, Floats, coder
from pipeline.tables.schema import Schema

_EXPECTED = 12.0  # rows that independent columns would have in common; where there is none of them, values exclude each other
_COLUMNS = 40  # pairs grow with the square of their number
_LEAST, _MOST = 0.02, 0.5  # share of the rows; where more contradict the reference, it is the table that changed, and no rows that came in
_SURELY = 6.0  # standard errors
_ALONE = 0.5  # of these rows, that still contradict with any one column set aside: fewer are one broken column


@dataclass(frozen=True, eq=False)
class LeftOut:
    """Rows left out in which `forbidden` cells, shape (cells, cells), of the columns that `coders` tell come together."""

    coders: dict[str, Coder]
    forbidden: Floats
    column: str | None = None
    columns: tuple[str, ...] = ()
    name: RepairName = "left_out"
    done: str = "the rows left out that contradict themselves"

    def lost(self, values: pd.Series) -> "pd.Series[bool] | None":
        """See `Repair`: whole rows go, no values."""
        return None

    def apply(self, frame: pd.DataFrame, times: pd.Series | None) -> pd.DataFrame:
        """See `Repair`."""
        return frame[~self.contradict(frame)]

    def contradict(self, frame: pd.DataFrame, aside: str | None = None) -> Mask:
        """Which rows hold cells together that exclude each other, shape (rows,), with one column set `aside`."""
        marked = _indicators(self.coders, frame, aside)
        return np.asarray(((marked @ self.forbidden) * marked).any(axis=1))


def find_strangers(before: pd.DataFrame, rows: pd.DataFrame, columns: Schema, trusted: Sequence[str]) -> LeftOut | None:
    """The repair that leaves such of the window's `rows` out, by the `trusted` columns and the reference `before`; None where there are too few,
    or one column explains them."""
    coders = {name: coder(before[name], name in columns.numerical) for name in trusted[:_COLUMNS]}
    half = np.random.default_rng(SEED).random(len(before)) < 0.5
    # What half of the reference excludes, the other half shows how often customers do all the same.
    marked = _indicators(coders, before[half], None)
    together, alone = counts_of(marked), marked.sum(axis=0)
    repair = LeftOut(coders, ((together == 0) & (np.outer(alone, alone) / max(1, len(marked)) >= _EXPECTED)).astype(np.float64))
    own, odd = repair.contradict(before[~half]), repair.contradict(rows)
    z = surprise(int(own.sum()), len(own), int(odd.sum()), len(odd))
    if odd.mean() - own.mean() < _LEAST or odd.mean() > _MOST or z < _SURELY:
        return None
    return repair if all(repair.contradict(rows[odd], name).mean() >= _ALONE for name in coders) else None


def _indicators(coders: dict[str, Coder], frame: pd.DataFrame, aside: str | None) -> Floats:
    blocks = []
    for name, cells in coders.items():
        block = np.zeros((len(frame), cells.cells))
        if name != aside:
            block[np.arange(len(frame)), cells.codes(frame[name])] = 1.0
        blocks.append(block)
    return np.concatenate(blocks, axis=1)
