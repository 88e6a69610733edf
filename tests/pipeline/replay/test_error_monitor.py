"""The monitor of errors: quiet on a steady stream, loud on one that grew worse, silent on one that grew better."""

import numpy as np
import pytest

from pipeline.replay.error_monitor import has_grown


def stream(seed: int, *parts: tuple[int, float]) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.random(n) < rate for n, rate in parts])


def test_a_steady_stream_seldom_alarms() -> None:
    assert sum(has_grown(stream(seed, (3_000, 0.2))) for seed in range(100)) <= 1


@pytest.mark.parametrize("seed", range(5))
def test_growth_is_found(seed: int) -> None:
    assert has_grown(stream(seed, (1_500, 0.2), (1_500, 0.32)))
    assert not has_grown(stream(seed, (1_500, 0.32), (1_500, 0.2)))


@pytest.mark.parametrize("errors", [[], [1], [0, 0, 0], [1, 1, 1], [0, 1]])
def test_a_stream_that_says_nothing_is_quiet(errors: list[int]) -> None:
    assert not has_grown(errors)
