"""A feature whose effects shifted is named with the customers it moved, and one that stayed is not."""

import numpy as np

from pipeline.explanation.attributions import Attributions
from pipeline.explanation.tier_moves import Scale, tier_moves
from pipeline.measures.risk_tiers import TIERS


def test_only_the_feature_that_shifted_moves_customers() -> None:
    random = np.random.default_rng(5)
    before, now = random.normal(0, 0.1, (400, 3)), random.normal(0, 0.1, (300, 3))
    now[:, 1] += 0.35
    reference, window = Attributions(0.3, before), Attributions(0.3, now)
    response = np.concatenate([reference.response, window.response])
    found = tier_moves(("a", "b", "c"), reference, window, Scale(response, np.clip(response, 0, 1)), seed=7)
    first, *others = found.features
    assert (first.feature, found.rows) == ("b", 300)
    assert first.higher > 150
    assert first.lower == 0
    assert all(one.moved < 30 for one in others)
    assert all(one.by_chance < 60 for one in found.features)


def test_tiers_follow_the_calibrated_probability() -> None:
    response = np.linspace(-3, 3, 200)
    scale = Scale(response, 0.5 / (1 + np.exp(-response)))  # calibrated to at most one half
    assert [TIERS[int(place)] for place in scale.tiers(np.array([-3.0, 0.0, 2.9]))] == ["low", "low", "medium"]
