"""Intervals over batches that resemble their neighbours."""

import numpy as np

from pipeline.replay.summary import difference


def test_a_constant_difference_is_certain() -> None:
    found = difference(np.arange(12.0) + 2, np.arange(12.0))
    assert (found.value, found.low, found.high) == (2.0, 2.0, 2.0)


def test_too_few_batches_have_no_interval() -> None:
    found = difference(np.ones(5), np.zeros(5))
    assert (found.value, found.low, found.high) == (1.0, None, None)


def test_the_interval_holds_the_mean_and_widens_where_neighbours_agree() -> None:
    rng = np.random.default_rng(4)
    alone = rng.normal(0, 1, 48)
    together = np.repeat(alone[::4], 4)
    single, blocks = difference(alone, np.zeros(48)), difference(together, np.zeros(48))
    for found in (single, blocks):
        assert found.low is not None and found.high is not None
        assert found.low < found.value < found.high
    # Four times as few independent values: twice as wide where blocks could be long enough.
    assert blocks.high - blocks.low > 1.3 * (single.high - single.low) * together.std() / alone.std()  # type: ignore[operator]
