"""Rows drawn by importance weights look like the customers scored now, each once, and say what they are worth."""

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import DataError
from pipeline.training.reweighted_rows import reweighted_rows
from tests.pipeline.small_tables import COLUMNS, small_table

REFERENCE = small_table(3000, 1)
FEATURES = list(COLUMNS.features)


def younger(rows: int, seed: int) -> pd.DataFrame:
    """Customers of the same kind, those of a short tenure twenty times as likely to come; nobody's outcome is known."""
    table = small_table(rows, seed)
    kept = np.random.default_rng(seed).random(rows) < np.exp(-table["tenure"] / 24)
    return table[kept][FEATURES].reset_index(drop=True)


def test_what_is_drawn_resembles_those_who_are_scored_now() -> None:
    scored = younger(4000, 2)
    found = reweighted_rows(REFERENCE, scored, COLUMNS, 7)
    before, after, now = (frame["tenure"].mean() for frame in (REFERENCE, found.rows, scored))
    assert before - now > 12
    assert abs(after - now) < 0.2 * (before - now)
    assert not found.rows.duplicated(["customer"]).any()
    assert list(found.rows.columns) == list(REFERENCE.columns)
    told = found.told
    assert (told.reference_rows, told.drawn, told.scored_rows) == (3000, len(found.rows), len(scored))
    assert told.drawn < told.effective_rows < 0.9 * 3000
    assert told.greatest_weight > 1.5
    assert f"is worth {told.effective_rows:,.0f} rows" in told.said


def test_where_nothing_moved_most_rows_stay_and_count_alike() -> None:
    found = reweighted_rows(REFERENCE, small_table(1500, 3)[FEATURES], COLUMNS, 7)
    assert len(found.rows) > 0.75 * 3000
    assert found.told.effective_rows > 0.95 * 3000


def test_the_same_seed_draws_the_same_rows() -> None:
    scored = younger(1500, 4)
    one, again, other = (reweighted_rows(REFERENCE, scored, COLUMNS, seed).rows for seed in (7, 7, 8))
    pd.testing.assert_frame_equal(one, again)
    assert len(one) != len(other) or not one.equals(other)


def test_a_handful_of_customers_is_nothing_to_resemble() -> None:
    with pytest.raises(DataError, match="at least 5"):
        reweighted_rows(REFERENCE, small_table(3, 1)[FEATURES], COLUMNS, 7)
