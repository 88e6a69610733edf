"""Shares that chance moves against each other are told together, and others are left alone."""

import numpy as np
import pytest

from pipeline.diagnosis.attribution.attribution import Mechanism
from pipeline.diagnosis.attribution.drawn_share import DrawnShare, joined

NOISE = np.concatenate([[0.0], np.random.default_rng(3).normal(0, 10, 400)])
SMALL = np.concatenate([[0.0], np.random.default_rng(4).normal(0, 1, 400)])


def shares(level: float, behaviour: float, mix: float, trade: float) -> list[DrawnShare]:
    """`trade`: how much of the noise level and behaviour share goes over to the mix."""
    return [
        DrawnShare("customer_mix", "Contract", mix + SMALL + trade * NOISE),
        DrawnShare("churn_level", None, level + NOISE),
        DrawnShare("changed_behaviour", "tenure 9 or less", behaviour - (1 + trade) * NOISE),
        DrawnShare("unexplained", None, SMALL),
    ]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (shares(-5, -5, -20, 0), ["changed_behaviour", "customer_mix", "unexplained"]),
        (shares(-5, -5, -5, 1), ["changed_customers", "unexplained"]),
        (shares(-40, -5, -20, 0), ["customer_mix", "churn_level", "changed_behaviour", "unexplained"]),
        (shares(0, 0, -20, 0), ["customer_mix", "churn_level", "changed_behaviour", "unexplained"]),
    ],
    ids=["level and behaviour", "these and the mix", "the level is beyond chance alone", "nor are they together"],
)
def test_what_is_beyond_chance_only_together_is_told_as_one(given: list[DrawnShare], told: list[Mechanism]) -> None:
    found = joined(given)
    assert [share.what for share in found] == told
    assert sum(share.drawn[0] for share in found) == pytest.approx(sum(share.drawn[0] for share in given))
    assert next((share.where for share in found if share.what == "changed_behaviour"), "tenure 9 or less") == "tenure 9 or less"
