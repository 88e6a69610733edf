"""Rows that stand for everybody where customers were contacted, and what the offers brought."""

import numpy as np
import pytest

from pipeline.windows.balanced_rows import balance, kept_share, kept_shares, offer_effects, restore
from pipeline.windows.offers_made import OfferEffect, OffersMade

ROWS = 6_000


def drawn(seed: int) -> tuple[np.random.Generator, np.ndarray, np.ndarray]:
    """Scores that are right, and who would churn if nobody were contacted."""
    rng = np.random.default_rng(seed)
    scores = rng.beta(0.8, 2.2, ROWS)
    return rng, scores, rng.random(ROWS) < scores


def split(rng: np.random.Generator, chosen: np.ndarray, share: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """The chosen, contacted and held out."""
    held = chosen & (rng.random(ROWS) < share)
    return chosen & ~held, held


def test_with_hold_outs_the_rows_kept_have_the_churn_of_everybody() -> None:
    missed, naive = [], []
    for seed in range(20):
        rng, scores, left = drawn(seed)
        contacted, held = split(rng, scores > 0.4)
        found = balance(scores, contacted, held)
        assert found.represented and not (found.kept & contacted).any()
        assert found.weights.sum() == pytest.approx(ROWS)
        missed.append(np.average(left, weights=found.weights) - left.mean())
        naive.append(left[found.kept].mean() - left.mean())
    assert abs(np.mean(missed)) < 0.01
    assert np.mean(naive) < -0.05, "without weights the risky are missed"


def test_where_contacts_follow_what_the_score_does_not_say_the_left_over_are_thinned() -> None:
    """Whoever complained is contacted, and churns more than the score says: those left over churn less."""
    off, left_over = [], []
    for seed in range(20):
        rng, scores, _ = drawn(seed)
        complained = rng.random(ROWS) < 0.4
        left = rng.random(ROWS) < np.clip(scores + np.where(complained, 0.2, -0.1), 0, 1)
        contacted, held = split(rng, complained)
        kept = balance(scores, contacted, held).kept
        off.append(left[kept].mean() - left.mean())
        left_over.append(left[~contacted].mean() - left.mean())
    assert abs(np.mean(off)) < 0.01 < -np.mean(left_over)


def test_without_enough_held_out_those_nobody_contacted_speak_for_themselves_alone() -> None:
    rng, scores, _ = drawn(1)
    contacted, held = split(rng, scores > 0.4, share=0.001)
    found = balance(scores, contacted, held)
    assert not found.represented
    assert (found.kept == ~contacted).all()


def test_a_few_contacts_thin_nobody() -> None:
    rng, scores, _ = drawn(1)
    contacted, held = split(rng, rng.random(ROWS) < 0.02, share=0.3)
    assert (balance(scores, contacted, held).kept == ~contacted).all()


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.8])
def test_the_effect_lies_in_its_interval_as_often_as_it_says(kept: float) -> None:
    inside = []
    for seed in range(200):
        rng, scores, left = drawn(seed)
        contacted, held = split(rng, scores > 1 / 3, share=0.05)
        churned = (left & ~(contacted & (rng.random(ROWS) < kept))).astype(float)
        found = offer_effects(scores, churned, contacted, held)[0]
        truth = kept * scores[contacted].mean()
        inside.append(found.low <= truth <= found.high)
    assert 0.9 <= np.mean(inside) <= 0.99


def test_too_few_on_a_side_have_no_effect() -> None:
    rng, scores, left = drawn(1)
    contacted, _ = split(rng, scores > 0.4, share=0.0)
    assert offer_effects(scores, left.astype(float), contacted, np.zeros(ROWS, dtype=bool)) == ()


def effect(low: float, high: float) -> OfferEffect:
    return OfferEffect(tier="high", contacted=90, held_out=10, churn_contacted=0.4, churn_held_out=0.6, prevented=0.2, low=low, high=high)


def test_what_is_said_names_the_limit_and_no_more_than_is_sure() -> None:
    assert "chance could explain it" in effect(-0.1, 0.5).said
    assert "chance" not in effect(0.1, 0.3).said
    made = OffersMade(contacted=300, held_out=1, untouched=700, represented=False)
    assert made.limit is not None and "only 1 customer was held out" in made.limit and made.limit in made.said
    assert OffersMade(contacted=3, held_out=0, untouched=700, represented=False).limit is None
    assert OffersMade(contacted=0, held_out=9, untouched=700, represented=True).said == ()


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.5])
def test_restored_rows_have_the_churn_of_everybody_at_every_score(kept: float) -> None:
    off, naive = [], []
    for seed in range(20):
        rng, scores, left = drawn(seed)
        contacted, held = split(rng, scores > 0.4, share=0.05)
        churned = (left & ~(contacted & (rng.random(ROWS) < kept))).astype(float)
        found = restore(scores, churned, contacted, held, kept)
        assert found.weights.sum() == pytest.approx(ROWS)
        high = scores > 0.4
        off.append(churned[found.kept & high].mean() - left[high].mean())
        naive.append(churned[high].mean() - left[high].mean())
        assert np.average(churned, weights=found.weights) == pytest.approx(left.mean(), abs=0.03)
        assert (found.kept & high & contacted).sum() > 3 * held.sum(), "far more rows than were held out"
    assert abs(np.mean(off)) < 0.01
    assert np.mean(naive) <= 0.01 - 0.1 * kept


def test_restored_rows_rank_two_kinds_of_customers_as_they_would_have_churned() -> None:
    """The second kind leaves twice as often at every score. Whom the offer kept nobody can tell, so the two come a little closer, and no more."""
    ratio = []
    for seed in range(20):
        rng, scores, _ = drawn(seed)
        second = rng.random(ROWS) < 0.5
        left = rng.random(ROWS) < np.where(second, 0.6, 0.3)
        contacted, held = split(rng, scores > 0.4, share=0.05)
        churned = (left & ~(contacted & (rng.random(ROWS) < 0.5))).astype(float)
        rows = restore(scores, churned, contacted, held, 0.5).kept & contacted
        ratio.append(churned[rows & second].mean() / churned[rows & ~second].mean())
    assert 1.5 < np.mean(ratio) < 2


def measured(control: float, treated: float, reach: float) -> OfferEffect:
    return OfferEffect(
        tier=None, contacted=600, held_out=30, churn_contacted=treated, churn_held_out=control, prevented=control - treated,
        low=control - treated - reach, high=control - treated + reach,
    )  # fmt: skip


def test_the_share_kept_is_as_measured_where_that_is_sure_and_as_assumed_where_it_is_not() -> None:
    assert kept_share((measured(0.4, 0.22, 0.01),), 0.3) == pytest.approx(0.45, abs=0.01)
    assert kept_share((measured(0.4, 0.22, 2.0),), 0.3) == pytest.approx(0.3, abs=0.01)
    assert kept_share((), 0.3) is None
    assert kept_share((measured(0.3, 0.5, 0.01),), 0.3) == 0, "whatever an offer does, it makes nobody leave"
    assert kept_share((measured(0.4, 0.1, 0.01),), 0.3) is None, "whom it kept is most of them"


def test_by_tier_each_has_the_share_that_its_own_offers_kept() -> None:
    rng, scores, left = drawn(3)
    contacted, held = split(rng, scores > 0.4, share=0.5)
    true = np.where(scores > 0.7, 0.7, 0.1)
    churned = (left & ~(contacted & (rng.random(ROWS) < true))).astype(float)
    found = kept_shares(offer_effects(scores, churned, contacted, held), assumed=0.3)
    assert set(found) == {"high", "medium"}
    assert (found["high"], found["medium"]) == pytest.approx((0.7, 0.1), abs=0.08)
