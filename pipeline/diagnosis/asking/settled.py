"""How probably the outcomes of a list tell one cause from none: outcomes are drawn under either, and diagnosed as real ones would be.

Nobody knows how large a change would be. It is taken to be as large as is worth knowing, and of a kind as likely as it is suspect: in one kind of
customers the odds of churn rise or fall by a factor, scores say half of what they said, or for all the odds move alike. A smaller change is told less often.

Source: Rubin (1984), "Bayesianly Justifiable and Relevant Frequency Calculations for the Applied Statistician" (what a design will show, by simulation).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.diagnosis.asking.choice import Choice
from pipeline.diagnosis.asking.suspicions import Suspicion, expected_churn
from pipeline.diagnosis.conclusion import conclude
from pipeline.diagnosis.diagnosis import Diagnosis
from pipeline.diagnosis.finding import Cause
from pipeline.diagnosis.observed import SEED, Observed
from pipeline.diagnosis.outcomes.calibration_line import from_log_odds, log_odds
from pipeline.diagnosis.outcomes.expected_outcomes import Expected, expected_outcomes
from pipeline.diagnosis.outcomes.labelled_performance import measured
from pipeline.diagnosis.outcomes.segments import cut_up
from pipeline.diagnosis.setting import Setting
from pipeline.windows.window import Labelled
from pipeline.workspace.policy import Policy

Numbers = NDArray[np.float64]
Rival = Literal["concept_drift", "prior_shift"]

DRAWS = 50  # of each cause: the error of a probability is at most 0.07
ODDS_OF_A_KIND, ODDS_OF_ALL = 2.5, 1.6  # by which the odds of a kind, or of all, change; less moves few offers
SLOPE = 0.5  # of the log-odds, where scores separate churners less well
_SMALLEST, _LARGEST = 0.1, 0.5  # share of the customers that a kind has
_BY_OUTCOMES = frozenset({"performance", "challengers", "labels", "offers"})  # families
_NO_CHANGE: frozenset[Cause] = frozenset({"none", "covariate_benign"})


@dataclass(frozen=True)
class Settled:
    """`probability` (0-1) that the diagnosis names the right one of `rival` and no change, whichever is so: the lesser of `if_changed` and
    `if_not`."""

    rival: Rival
    if_changed: float
    if_not: float

    @property
    def probability(self) -> float:
        return min(self.if_changed, self.if_not)


def rival_of(found: Diagnosis) -> Rival:
    """The change that outcomes are to tell from none: the likelier one of those that only outcomes show."""
    told = {one.cause: one.probability for one in found.hypotheses}
    return "prior_shift" if told.get("prior_shift", 0.0) > told.get("concept_drift", 0.0) else "concept_drift"


def settles(observed: Observed, choice: Choice, found: Diagnosis, policy: Policy, draws: int = DRAWS) -> Settled:
    """What the outcomes of everybody on a list would settle.

    Args:
        observed: the window.
        choice: who was drawn from it.
        found: its diagnosis so far; what it found without outcomes stays so.
        policy: thresholds.
        draws: of outcomes, of each cause.
    """
    rival, rng = rival_of(found), np.random.default_rng(SEED)
    asked = np.flatnonzero(choice.drawn | choice.asked)
    p = expected_churn(observed)
    weights = (choice.members / np.maximum(1, choice.on_lists))[choice.stratum]
    rows, expected = observed.window.iloc[asked].reset_index(drop=True), _expected(observed, asked, weights)
    segments = cut_up(observed.reference, rows, observed.columns, observed.reference_scores, observed.scores[asked])
    others = tuple(one for one in found.findings if one.family not in _BY_OUTCOMES)
    kinds = [one for one in choice.suspicions.each if one.kind == "slope" or (one.kind == "region" and _fits(one))]

    def named(q: Numbers) -> Cause:
        y = (rng.random(asked.size) < q[asked]).astype(np.float64)
        if min(y.sum(), (1 - y).sum()) < policy.evidence.performance.min_per_class or y.size < policy.evidence.performance.min_rows:
            return found.cause
        setting = Setting(observed.rows, y.size, int(y.sum()), customers=observed.customers, by_list=True)
        return conclude((*others, *measured(replace(expected, y=y), segments, policy)), setting, policy).cause

    changed = [named(_changed(p, kinds, rival, rng)) == rival for _ in range(draws)]
    unchanged = [named(p) in _NO_CHANGE for _ in range(draws)]
    return Settled(rival, float(np.mean(changed)), float(np.mean(unchanged)))


def _expected(observed: Observed, asked: NDArray[np.int64], weights: Numbers) -> Expected:
    """What is expected of those asked; their outcomes are to come."""
    import pandas as pd

    rows = observed.window.iloc[asked].reset_index(drop=True)
    nothing = pd.Series(np.zeros(asked.size, dtype=np.int64))
    labelled = Labelled(rows, nothing, None, None, design_weights=pd.Series(weights[asked]))
    return expected_outcomes(replace(observed, labelled=labelled, labelled_scores=observed.scores[asked]))


def _fits(suspicion: Suspicion) -> bool:
    share = float((suspicion.part > 0).mean())
    return suspicion.region is not None and suspicion.region.column is not None and _SMALLEST <= share <= _LARGEST


def _changed(p: Numbers, kinds: Sequence[Suspicion], rival: Rival, rng: np.random.Generator) -> Numbers:
    """Chances of churn after a change, shape of `p`."""
    sign = rng.choice([-1.0, 1.0])
    if rival == "prior_shift":
        return from_log_odds(log_odds(p) + sign * np.log(ODDS_OF_ALL))
    likely = np.array([one.probability for one in kinds])
    one = kinds[int(rng.choice(len(kinds), p=likely / likely.sum()))]
    if one.kind == "slope":
        x = log_odds(p)
        return from_log_odds(x.mean() + SLOPE * (x - x.mean()))
    return from_log_odds(log_odds(p) + sign * np.log(ODDS_OF_A_KIND) * (one.part > 0))
