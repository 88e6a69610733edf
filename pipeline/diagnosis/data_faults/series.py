"""Columns whose values follow each other in time, as prices and loads do: what comes gradually was not broken in between."""

import numpy as np
import pandas as pd

from pipeline.diagnosis.data_faults.witnesses import Mask, Numbers

_FEWEST = 100  # rows
# Correlation of a value's rank with that of the row before: customers are in no order and stay near 0, half-hourly prices lie above 0.8.
_FOLLOWS = 0.5
_QUANTILES = np.arange(0.01, 1, 0.02)
_STEP = 0.5  # of the typical distance between rows of either side, below which an edge is no jump
_SURELY = 4.0  # standard errors: or more edges are nearer than that distance than chance explains


def gradual(values: Numbers, times: pd.Series | None, concerned: Mask) -> bool:
    """Whether the rows `concerned`, shape (rows,), go over into the others row by row in time, in a column that is a series: then the world
    moved. False without times, and where rows are in no order."""
    if times is None or len(values) < _FEWEST:
        return False
    order = np.argsort(times.to_numpy(), kind="stable")
    order = order[~np.isnan(values[order])]
    held, inside = values[order], concerned[order]
    if held.size < _FEWEST or inside.all() or not inside.any():
        return False
    ranks = pd.Series(held).rank().to_numpy()
    if ranks.std() == 0 or np.corrcoef(ranks[:-1], ranks[1:])[0, 1] < _FOLLOWS:
        return False
    edges = np.flatnonzero(inside[:-1] != inside[1:])
    steps = np.abs(held[edges] - held[edges + 1])
    typical = float(np.median(np.abs(held[inside][:, None] - np.quantile(held[~inside], _QUANTILES)[None, :])))
    nearer = (2 * np.count_nonzero(steps < typical) - steps.size) / np.sqrt(steps.size)  # standard errors beyond one half
    return bool(np.median(steps) < _STEP * typical or nearer > _SURELY)
