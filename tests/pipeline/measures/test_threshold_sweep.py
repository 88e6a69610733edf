"""Each threshold is measured by whom it calls churners; the one that earns most within the bounds is proposed."""

import numpy as np
import pytest

from pipeline.measures.campaign_value import worth
from pipeline.measures.threshold_sweep import AtThreshold, proposed, sweep
from pipeline.workspace.value_settings import ValueSettings

OFFERS = ValueSettings(margin=500, offer_cost=50, acceptance=0.3)  # an offer pays from a third
RANDOM = np.random.default_rng(3)
P = RANDOM.random(4000)
Y = (RANDOM.random(4000) < P).astype(int)  # the probabilities are right
STEPS = [0.1, 0.2, 1 / 3, 0.5, 0.7, 0.9, 1.0]


def test_where_probabilities_are_right_the_break_even_earns_most() -> None:
    best = proposed(sweep(Y, P, STEPS, OFFERS), paying=1 / 3)
    assert best is not None
    assert best.threshold == 1 / 3
    most = 1000 * Y.mean() * 100  # an offer to each churner brings 100
    assert best.profit / most * 100 == pytest.approx(worth(Y, P, OFFERS).percent)


def test_bounds_are_kept_and_what_none_meets_is_none() -> None:
    measured = sweep(Y, P, STEPS, OFFERS)
    few = proposed(measured, paying=1 / 3, capacity=0.35)
    assert few is not None
    assert few.contacts <= 0.35
    sure = proposed(measured, paying=1 / 3, min_precision=0.8)
    assert sure is not None
    assert (sure.precision or 0) >= 0.8
    assert proposed(measured, paying=1 / 3, min_recall=0.99, min_precision=0.99) is None


def test_a_threshold_that_nobody_reaches_has_no_precision_and_is_never_proposed() -> None:
    (at,) = sweep(Y, np.minimum(P, 0.9), [0.95], OFFERS)
    assert (at.precision, at.recall, at.contacts, at.profit) == (None, 0.0, 0.0, 0.0)
    assert proposed([at], paying=1 / 3) is None


def test_what_chance_puts_ahead_of_the_break_even_is_not_proposed() -> None:
    told = {"contacts": 0.3, "precision": 0.6, "recall": 0.7, "profit_error": 100.0}
    paying, lucky, sure = (
        AtThreshold(threshold=at, profit=profit, **told) for at, profit in ((0.33, 1000.0), (0.4, 1050.0), (0.5, 1200.0))
    )
    assert proposed([paying, lucky], paying=0.33) == paying
    assert proposed([paying, sure], paying=0.33) == sure
