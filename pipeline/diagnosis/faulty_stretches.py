"""On which days one column is broken: told, day by day, by how its values lie on days that a data check found broken and on the others."""

from collections.abc import Collection, Iterator
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_SURE = 5.0  # difference of log-likelihoods, 150 to 1, that the days of a stretch must show each for its begin and its end
_CELLS = 32  # of a numerical column's values; a value of many rows has a cell of its own
_ROUNDS = 4  # in which days are told and the two distributions counted again; mostly the second changes nothing


def faulty_stretches(values: pd.Series, days: pd.Series, told: Collection[pd.Timestamp]) -> list[list[pd.Timestamp]]:
    """The stretches of days on which the `values` of a column are as on the days `told`, oldest first; `days`, one per value, are whole days.

    A check is asked of periods, which a fault may fill in part: their sound days are told from the broken ones here, and broken days beside
    them are found. A day belongs to the state its rows speak for, but a change of state must be worth it: a day of few odd rows is none.
    """
    cells = _cells(values)
    named = pd.DatetimeIndex(sorted(days.dropna().unique()))
    place = named.get_indexer(pd.DatetimeIndex(days))
    counts = np.zeros((len(named), int(cells.max(initial=0)) + 1))
    np.add.at(counts, (place[place >= 0], cells[place >= 0]), 1)
    broken = named.isin(pd.DatetimeIndex(list(told)))
    for _ in range(_ROUNDS):
        if broken.all() or not broken.any():
            break
        before, broken = broken, _states(counts @ _ratios(_shares(counts[broken]), _shares(counts[~broken])))
        if (before == broken).all():
            break
    return list(_runs(named, broken))


def _cells(values: pd.Series) -> NDArray[np.int64]:
    """The cell of each value; missing ones have one of their own."""
    if values.dtype.kind != "f":
        return np.asarray(pd.factorize(values, use_na_sentinel=False)[0], dtype=np.int64)
    numbers = values.to_numpy(dtype=np.float64)
    known = numbers[~np.isnan(numbers)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, _CELLS + 1))) if known.size else np.zeros(1)
    # On an edge or between two: so that a constant, which makes its value an edge, is told from its neighbours.
    inside = np.searchsorted(edges, numbers, side="left") + np.searchsorted(edges, numbers, side="right")
    return np.where(np.isnan(numbers), 2 * len(edges) + 1, inside).astype(np.int64)


def _shares(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of each cell, shape (cells,), by some days' counts, shape (days, cells)."""
    smoothed = counts.sum(axis=0) + 0.5
    return np.asarray(smoothed / smoothed.sum())


def _ratios(broken: NDArray[np.float64], sound: NDArray[np.float64]) -> NDArray[np.float64]:
    """By how much a row of each cell is likelier on a broken day (difference of log-likelihoods). Half of such a day's rows may be sound: a fault
    begins and ends at some hour of a day."""
    return np.asarray(np.log((broken + sound) / 2) - np.log(sound))


def _states(ratios: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which days are broken: the most probable course of the two states, each change of which costs `_SURE`. `ratios`: of the days, in order,
    how much likelier their rows are where they are broken (difference of log-likelihoods).

    Source: Viterbi (1967), "Error bounds for convolutional codes and an asymptotically optimum decoding algorithm".
    """
    best, came = np.zeros(2), list[tuple[int, int]]()
    for ratio in ratios:
        sound, broken = int(best[1] - _SURE > best[0]), int(best[1] >= best[0] - _SURE)
        came.append((sound, broken))
        best = np.array([best[sound] - _SURE * (sound == 1), best[broken] - _SURE * (broken == 0) + ratio])
    states, state = np.zeros(len(ratios), dtype=bool), int(best[1] > best[0])
    for day in range(len(ratios) - 1, -1, -1):
        states[day] = bool(state)
        state = came[day][state]
    return states


def _runs(days: pd.DatetimeIndex, broken: NDArray[np.bool_]) -> Iterator[list[pd.Timestamp]]:
    edges = [0, *(np.flatnonzero(broken[1:] != broken[:-1]) + 1).tolist(), len(days)]
    return (list(days[start:end]) for start, end in pairwise(edges) if broken[start])
