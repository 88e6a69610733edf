"""How probable each cause is, given the evidence: log-odds that everybody can read and add up, in `weights.toml`.

Each cause begins with a number and gains or loses by the evidence for or against it; the probabilities are the softmax of the sums. The
numbers are fitted by `bench/weights.py` on worlds with a known truth, each piece of evidence only on the causes it can speak to.

Source: McCullagh and Nelder (1989), "Generalized Linear Models", chapter 5 (multinomial logistic regression).
"""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pipeline.diagnosis.evidence import OF_FAULTS, EvidenceName
from pipeline.diagnosis.finding import Cause

_SURE = 0.9  # of a fault by the columns alone, beyond which outcomes say nothing against it
WEIGHTS = Path(__file__).with_name("weights.toml")


@dataclass(frozen=True)
class Weights:
    """`start`: log-odds of each cause before any evidence. `of`: what a piece of evidence at full strength adds to each cause it speaks to."""

    start: Mapping[Cause, float]
    of: Mapping[EvidenceName, Mapping[Cause, float]]


@cache
def shipped_weights() -> Weights:
    """Those of `weights.toml`."""
    told = tomllib.loads(WEIGHTS.read_text("utf-8"))
    return Weights(told["start"], told["evidence"])


def weigh(evidence: Mapping[EvidenceName, float], weights: Weights) -> dict[Cause, float]:
    """Probability of each cause, the most probable first; they sum to 1."""
    sums = {
        cause: start + sum(strength * weights.of.get(name, {}).get(cause, 0.0) for name, strength in evidence.items())
        for cause, start in weights.start.items()
    }
    highest = max(sums.values())
    odds = {cause: math.exp(one - highest) for cause, one in sums.items()}
    total = sum(odds.values())
    return dict(sorted(((cause, one / total) for cause, one in odds.items()), key=lambda pair: -pair[1]))


def probable_causes(evidence: Mapping[EvidenceName, float], weights: Weights) -> dict[Cause, float]:
    """As `weigh`, but broken data stay as probable as the columns alone make them, where these are sure: another cause that shows in the outcomes
    may have come beside the fault, and does not take it back."""
    weighed = weigh(evidence, weights)
    fault = weigh({name: evidence[name] for name in OF_FAULTS if name in evidence}, weights)["data_fault"]
    others = 1.0 - weighed["data_fault"]
    if fault <= max(weighed["data_fault"], _SURE):
        return weighed
    apart = {cause: fault if cause == "data_fault" else one * (1.0 - fault) / others for cause, one in weighed.items()}
    return dict(sorted(apart.items(), key=lambda pair: -pair[1]))


def contributions(evidence: Mapping[EvidenceName, float], weights: Weights, cause: Cause) -> dict[EvidenceName, float]:
    """Log-odds that each piece of evidence adds to the cause, 0 left out; the largest first, those against it last."""
    added = {name: strength * weights.of.get(name, {}).get(cause, 0.0) for name, strength in evidence.items()}
    return dict(sorted(((name, one) for name, one in added.items() if one), key=lambda pair: -pair[1]))
