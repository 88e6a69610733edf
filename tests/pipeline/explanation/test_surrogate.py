"""The second opinion finds what a model does around a customer, and says how well a line fits it."""

import numpy as np
import pandas as pd

from pipeline.explanation.attributions import rank_correlation
from pipeline.explanation.customer import agreement
from pipeline.explanation.raw_columns import RawColumns
from pipeline.explanation.surrogate import surrogate_of
from tests.pipeline.explanation.test_explainer import COLUMNS, FEATURES, TABLE, Numbers


def asked(say: "pd.Series[float]") -> Numbers:
    return say.to_numpy()


def test_a_model_of_one_word_moves_by_that_word_alone() -> None:
    customer = TABLE[TABLE["contract"] == "monthly"][FEATURES].head(1)
    found = surrogate_of(lambda rows: asked(0.2 + 0.3 * (rows["contract"] == "monthly")), customer, TABLE, RawColumns(COLUMNS, TABLE), 7)
    assert abs(found.effects[2] - 0.3) < 0.01
    assert np.abs(np.delete(found.effects, 2)).max() < 0.01
    assert found.fit > 0.99


def test_a_model_that_no_line_follows_is_said_to_be_none() -> None:
    customer = TABLE[TABLE["contract"] == "monthly"][FEATURES].head(1)

    def say(rows: pd.DataFrame) -> Numbers:
        return asked(((rows["tenure"] % 2 == 0) != (rows["charge"] % 2 < 1)).astype(float))

    assert surrogate_of(say, customer, TABLE, RawColumns(COLUMNS, TABLE), 7).fit < 0.1


def test_accounts_that_contradict_one_another_are_named() -> None:
    first, second = np.array([3.0, -2.0, 1.0, 0.1]), np.array([3.0, 2.0, 1.0, 0.1])
    found = agreement(("a", "b", "c", "d"), first, second)
    assert (found.shared, found.opposed) == (3, ("b",))
    assert rank_correlation(first, first) == 1.0
    assert rank_correlation(first, np.zeros(4)) is None
