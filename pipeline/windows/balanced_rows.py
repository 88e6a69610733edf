"""Which rows stand for everybody where some customers were contacted, and what offers brought: of scores, outcomes and who was held out.

Contacted rows say nothing of what customers do by themselves. Where more than a few of some kind of score were contacted, the untouched of that
kind are what the campaign left over, so as large a share of them is kept as was held out of the rest. What is left is, at every score, a random
sample of everybody: whatever compares outcomes with scores, and whatever is fitted on them, needs no weights. Only figures that add up high and low
scores do (ROC-AUC, profit): there each row stands for as many as its kind has.

Those held out are few, enough to judge by and too few to choose a model by. Once it is known which share of the churners an offer keeps, contacted
rows tell what would have been without it (`restore`): all their churners stand beside so many of those who stayed that both have the right share.

Source: Horvitz and Thompson (1952), "A Generalization of Sampling Without Replacement From a Finite Universe".
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.measures.risk_tiers import TIERS, Tier, tier_of
from pipeline.windows.offers_made import LITTLE, OfferEffect

Mask = NDArray[np.bool_]
Numbers = NDArray[np.float64]

_SEED = 0  # the same rows leave the same sample
_BANDS = 10
_FEWEST_HELD_OUT = 10  # in all; fewer stand for nobody
_FEWEST_OF_A_KIND = 5  # held out, and contacted: fewer make one customer decide
_DEVIATES = 1.96
_ASSUMED_ERROR = 0.15  # standard error of the share kept that a team assumes of its offers
_MOST_KEPT = 0.5  # of an offer that keeps more, a small error of that share is a large one of what would have been


@dataclass(frozen=True)
class Balance:
    """Which rows judge and teach (`kept`), and for how many each stands; both of shape (rows,), the second 0 where a row is not kept."""

    kept: Mask
    weights: Numbers
    represented: bool


def balance(scores: Numbers, contacted: Mask, held_out: Mask) -> Balance:
    """The rows that stand for all; arguments of shape (rows,). With too few held out those that nobody contacted, each for itself."""
    clean = ~contacted
    if held_out.sum() < _FEWEST_HELD_OUT:
        return Balance(clean, clean.astype(np.float64), represented=not contacted.any())
    kept, weights = clean.copy(), np.zeros(scores.size)
    lot = np.random.default_rng(_SEED)
    for rows in _kinds(scores, contacted, held_out):
        if contacted[rows].mean() > LITTLE:
            share = held_out[rows].sum() / (held_out | contacted)[rows].sum()
            untouched = rows & clean & ~held_out
            _thin(kept, untouched, share * untouched.sum(), lot)
        stand = rows & kept
        weights[stand] = rows.sum() / max(1, stand.sum())
    return Balance(kept, weights, represented=True)


def kept_share(effects: Sequence[OfferEffect], assumed: float) -> float | None:
    """Share of the would-be churners that the offers kept: as measured against those held out, and as the team `assumed` (0-1), each by how sure
    it is. None where nothing was measured, or it is above a half, so that contacted customers tell little of what they would have done."""
    if not effects or effects[0].churn_held_out <= 0:
        return None
    found = _weighed_share(effects[0], assumed)
    return found if found <= _MOST_KEPT else None


def kept_shares(effects: Sequence[OfferEffect], assumed: float) -> dict[Tier, float]:
    """The same by risk tier, of those in which some who were held out churned, however large it is."""
    return {one.tier: _weighed_share(one, assumed) for one in effects if one.tier is not None and one.churn_held_out > 0}


def _weighed_share(effect: OfferEffect, assumed: float) -> float:
    measured = effect.prevented / effect.churn_held_out
    error = (effect.high - effect.low) / 2 / _DEVIATES / effect.churn_held_out
    trust = np.array([error, _ASSUMED_ERROR]) ** -2.0
    return min(1.0, max(0.0, float(trust @ [measured, assumed] / trust.sum())))


def restore(scores: Numbers, churned: Numbers, contacted: Mask, held_out: Mask, share_kept: float) -> Balance:
    """The rows that show what everybody would have done without an offer that keeps `share_kept` of the churners; arguments of shape (rows,).

    Of the contacted all churners are kept, and of those who stayed as many as belong beside them; of the others of their kind as large a share. So
    the rows kept are at every score a sample of everybody, and only figures that add up high and low scores need the weights.
    """
    kept, weights, lot = np.ones(scores.size, dtype=bool), np.zeros(scores.size), np.random.default_rng(_SEED)
    seen = 1 - share_kept
    for rows in _kinds(scores, contacted, held_out):
        touched = rows & contacted
        if touched.sum() <= LITTLE * rows.sum():
            kept[touched] = False
        else:
            stayed = touched & (churned == 0)
            _thin(kept, stayed, max(0.0, seen * touched.sum() - (touched & ~stayed).sum()), lot)
            _thin(kept, rows & ~contacted, seen * (rows & ~contacted).sum(), lot)
        stand = rows & kept
        weights[stand] = rows.sum() / max(1, stand.sum())
    return Balance(kept, weights, represented=True)


def _thin(kept: Mask, among: Mask, left: float, lot: np.random.Generator) -> None:
    """Leave about so many of these rows."""
    kept[lot.permutation(np.flatnonzero(among))[round(left) :]] = False


def _kinds(scores: Numbers, contacted: Mask, held_out: Mask) -> list[Mask]:
    """Tenths of the rows by score; those of which more than a few were contacted together with the next such below, until enough were held out."""
    band = (np.argsort(np.argsort(scores, kind="stable"), kind="stable") * _BANDS) // max(1, scores.size)
    kinds: list[Mask] = []
    open_: Mask | None = None
    for number in range(_BANDS - 1, -1, -1):
        rows = band == number
        if not rows.any():
            continue
        if contacted[rows].mean() <= LITTLE:
            kinds.append(rows)
            continue
        open_ = rows if open_ is None else open_ | rows
        if (held_out & open_).sum() >= _FEWEST_OF_A_KIND:
            kinds.append(open_)
            open_ = None
    if open_ is None:
        return kinds
    # What is left over goes with the last that has enough; there is one, as enough were held out, or all of those are where few were contacted.
    last = next((place for place in range(len(kinds) - 1, -1, -1) if contacted[kinds[place]].mean() > LITTLE), None)
    if last is None:
        return [*kinds, open_]
    kinds[last] = kinds[last] | open_
    return kinds


def offer_effects(scores: Numbers, churned: Numbers, contacted: Mask, held_out: Mask) -> tuple[OfferEffect, ...]:
    """What the offers brought, of all first, then by risk tier, the highest first; one row each customer, arguments of shape (customers,). Tiers with
    too few on a side are left out.

    Source: Agresti and Caffo (2000), "Simple and Effective Confidence Intervals for Proportions and Differences of Proportions".
    """
    tiers = np.array([tier_of(score) for score in scores])
    found = [
        _effect(tier, churned[of & contacted], churned[of & held_out])
        for tier in reversed(TIERS)
        if min(((of := tiers == tier) & contacted).sum(), (of & held_out).sum()) >= _FEWEST_OF_A_KIND
    ]
    return (_of_all(found), *(effect for effect, _ in found)) if found else ()


def _effect(tier: Tier, treated: Numbers, control: Numbers) -> tuple[OfferEffect, float]:
    """The effect in a tier, and its variance."""
    rates = [(one.sum() + 1) / (one.size + 2) for one in (treated, control)]
    variance = sum(rate * (1 - rate) / (one.size + 2) for rate, one in zip(rates, (treated, control), strict=True))
    prevented, middle, reach = float(control.mean() - treated.mean()), float(rates[1] - rates[0]), _DEVIATES * float(variance) ** 0.5
    return (
        OfferEffect(
            tier=tier,
            contacted=treated.size,
            held_out=control.size,
            churn_contacted=float(treated.mean()),
            churn_held_out=float(control.mean()),
            prevented=prevented,
            low=min(prevented, middle - reach),
            high=max(prevented, middle + reach),
        ),
        float(variance),
    )


def _of_all(found: Sequence[tuple[OfferEffect, float]]) -> OfferEffect:
    effects, variances = zip(*found, strict=True)
    share = np.array([one.contacted for one in effects]) / sum(one.contacted for one in effects)
    treated, control = (float(share @ [getattr(one, name) for one in effects]) for name in ("churn_contacted", "churn_held_out"))
    middle = float(share @ [(one.low + one.high) / 2 for one in effects])
    reach, prevented = _DEVIATES * float(share**2 @ np.array(variances)) ** 0.5, control - treated
    return OfferEffect(
        tier=None,
        contacted=sum(one.contacted for one in effects),
        held_out=sum(one.held_out for one in effects),
        churn_contacted=treated,
        churn_held_out=control,
        prevented=prevented,
        low=min(prevented, middle - reach),
        high=max(prevented, middle + reach),
    )
