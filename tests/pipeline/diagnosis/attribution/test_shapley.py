"""Shapley values are the mean of what a player brings over all orders."""

from itertools import permutations

import numpy as np
import pytest

from pipeline.diagnosis.attribution.shapley import shapley_values


@pytest.mark.parametrize("players", [1, 2, 4])
def test_they_are_the_mean_over_all_orders(players: int) -> None:
    values = np.random.default_rng(players).normal(size=1 << players)
    brought = np.zeros(players)
    orders = list(permutations(range(players)))
    for order in orders:
        coalition = 0
        for player in order:
            brought[player] += values[coalition | 1 << player] - values[coalition]
            coalition |= 1 << player
    assert shapley_values(values) == pytest.approx(brought / len(orders))


def test_they_add_up_row_by_row_and_nothing_is_brought_by_who_changes_nothing() -> None:
    values = np.random.default_rng(1).normal(size=(3, 8))
    values[:, 4:] = values[:, :4]  # the third player changes nothing
    found = shapley_values(values)
    assert found.sum(axis=1) == pytest.approx(values[:, -1] - values[:, 0])
    assert found[:, 2] == pytest.approx(np.zeros(3))
