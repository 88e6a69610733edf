"""Streams of customers month by month: four generated kinds of change, and Elec2 as nature made it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

FEATURES = 6


@dataclass(frozen=True)
class Rows:
    """Features, standardised, shape (n, features), and outcomes, 1 or 0, shape (n,)."""

    x: Numbers
    y: Numbers


@dataclass(frozen=True)
class Stream:
    """The first champion's training data, and the batches that follow; a batch is a month."""

    reference: Rows
    batches: tuple[Rows, ...]


@dataclass(frozen=True)
class Size:
    """How many batches, and customers in each; the reference has as many as `reference` batches. `every`: batches between two changes."""

    batches: int = 40
    rows: int = 1_000
    reference: int = 4
    every: int = 10


# Which share of the way from one behaviour to another the customers have gone, by batch and the time between changes.
_WAYS: Mapping[str, Callable[[int, int, int], float]] = MappingProxyType(
    {
        "none": lambda number, every, start: 0.0,
        "gradual": lambda number, every, start: number / every / 4,
        "abrupt": lambda number, every, start: float((number - start) // every + 1) if number >= start else 0.0,
        "recurring": lambda number, every, start: float(((number - start) // every + 1) % 2) if number >= start else 0.0,
    }
)
GENERATED = tuple(_WAYS)


def generated(kind: str, seed: int, size: Size) -> Stream:
    """A stream of one kind. A whole step of the way turns the behaviour by a right angle, towards a direction of its own each time."""
    rng = np.random.default_rng([seed, GENERATED.index(kind)])
    turns, _ = np.linalg.qr(rng.normal(size=(FEATURES, FEATURES)))
    start = int(rng.integers(size.every // 2, size.every + 1))

    def rows(number: int, many: int) -> Rows:
        way = _WAYS[kind](number, size.every, start)
        step, part = int(way) % FEATURES, way - int(way)
        angle = part * np.pi / 2
        weights = np.cos(angle) * turns[step] + np.sin(angle) * turns[(step + 1) % FEATURES]
        x = rng.normal(size=(many, FEATURES)) + rng.normal(scale=0.1, size=FEATURES)
        p = 1 / (1 + np.exp(-(2.0 * x @ weights - 1.2)))
        return Rows(x, (rng.random(many) < p).astype(np.float64))

    reference = rows(0, size.reference * size.rows)
    return Stream(reference, tuple(rows(number, size.rows) for number in range(1, size.batches + 1)))


def elec2(path: Path) -> Stream:
    """24 weeks of half-hours as the reference, then batches of four weeks, the last one whole."""
    table = pd.read_csv(path)
    x, y = table.drop(columns=["id", "at", "class"]).to_numpy(dtype=np.float64), table["class"].to_numpy(dtype=np.float64)
    first, length = 8_064, 1_344
    spread = x[:first].std(axis=0)
    x = (x - x[:first].mean(axis=0)) / np.where(spread > 1e-6, spread, 1.0)  # three columns are constant in the reference
    starts = range(first, len(x) - length + 1, length)
    return Stream(Rows(x[:first], y[:first]), tuple(Rows(x[at : at + length], y[at : at + length]) for at in starts))
