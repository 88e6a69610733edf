"""A week drawn under a scenario, as a frame."""

import numpy as np
import pandas as pd

from pipeline.tables.schema import Schema
from pipeline.worlds.change import Severity, labelled
from pipeline.worlds.drawn_week import draw_week
from pipeline.worlds.scenarios import scenario_named


def draw(scenario: str, rows: int, pool: pd.DataFrame, columns: Schema, seed: int, *, severity: Severity = "strong") -> pd.DataFrame:
    """`rows` scorings of customers of a typed, labelled `pool`: features, target, and `_day`."""
    crowd = labelled(pool, columns)
    change = scenario_named(scenario).plan(crowd, severity, np.random.default_rng([seed, 1]))
    return draw_week(change, crowd, rows, np.random.default_rng(seed)).frame
