"""What another model would be worth: remedies, each fitted and judged on the window's own outcomes.

Twice: cross-fitted over stretches of time, where every known outcome judges once, which shows smaller gains than one late stretch would; and
walk-forward on the newest stretch alone, by models of what came before it, which shows what a change that is still under way leaves a
remedy worth.

Source: Tashman (2000), "Out-of-sample tests of forecasting accuracy: an analysis and review" (rolling-origin evaluation).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.diagnosis.finding import Cause, Finding, Name
from pipeline.diagnosis.observed import Observed
from pipeline.diagnosis.outcomes.calibration_line import fit_line, log_odds
from pipeline.diagnosis.outcomes.expected_outcomes import labels_usable, one_row_each
from pipeline.measures.campaign_value import gain
from pipeline.tables.splits import DAYS_IN_ORDER
from pipeline.workspace.policy import Policy
from pipeline.workspace.value_settings import ValueSettings

Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]

_MOST_ROWS = 10_000  # labelled, so that three remedies take seconds however many outcomes are known
_FEWEST_TO_FIT = 5  # of each outcome
_STRETCHES = 3
_DAYS_TO_CUT_BETWEEN = 2 * _STRETCHES
_MEMBERS = 60  # of an ensemble, enough to rank remedies; the training itself takes more
_CERTAIN = 1e-3  # a forest may say 0 or 1, and one such row must not decide
_REACH = 1.96  # standard errors of a 95% interval


def find_gains(observed: Observed, policy: Policy, value: ValueSettings) -> tuple[Finding, ...]:
    """What recalibrating the champion, training on reference and recent rows, on recent rows alone, and on the newer half of these would gain.

    `strength` is the extra campaign profit over the champion in points of the maximum, with its interval; `z` says by
    how many standard errors the log loss beats that of every simpler remedy, the champion as it is included. A remedy is notable when it
    gains what the policy asks for, and over each of these too: what changes more has to pay for itself. The models are of the champion's family, on its hyperparameters, unweighted:
    as a training would make them. None on too few outcomes.
    """
    observed = one_row_each(observed, _MOST_ROWS)
    if not labels_usable(observed, policy):
        return ()
    y = observed.labelled.churned.to_numpy(dtype=np.float64)
    champion = observed.labelled_scores
    recalibrated, combined, recent = (np.empty_like(champion) for _ in range(3))
    stretch, asked = _stretches(observed.labelled.times, y.size), observed.labelled.design_weights
    drawn = None if asked is None else asked.to_numpy(dtype=np.float64)
    for number in np.unique(stretch):
        judging = stretch == number
        training = ~judging
        if min(y[training].sum(), (1 - y[training]).sum()) < _FEWEST_TO_FIT:
            return ()
        line = fit_line(log_odds(champion[training]), y[training], None if drawn is None else drawn[training] / drawn[training].mean())
        recalibrated[judging] = line.at(log_odds(champion[judging]))
        combined[judging] = _fitted(observed, training, judging, with_reference=True)
        recent[judging] = _fitted(observed, training, judging, with_reference=False)
    late, middle = stretch == stretch.max(), stretch == stretch.max() - 1
    weights = observed.labelled.weights
    stands_for = np.ones_like(y) if weights is None else weights.to_numpy(dtype=np.float64)
    tried = _Tried(y, champion, late, stands_for, np.ones_like(y) if drawn is None else drawn, policy, value)
    found = (
        tried.gain("gain_recalibrate", recalibrated, (champion,)),
        tried.gain("gain_combined", combined, (champion, recalibrated)),
        tried.gain("gain_recent", recent, (champion, recalibrated, combined)),
    )
    if any(min(y[part].sum(), (1 - y[part]).sum()) < _FEWEST_TO_FIT for part in (late, middle)):
        return found
    newest = np.array(champion)
    newest[late] = _fitted(observed, middle, late, with_reference=False)
    return (*found, tried.gain("gain_newest", newest, (champion, recalibrated, combined, recent), late_alone=True))


def _stretches(times: pd.Series | None, rows: int) -> NDArray[np.int64]:
    """Which of three stretches each row lies in, shape (rows,); cut between days (UTC) where there are six or more, else between times. Without
    times the order of the rows counts; rows of one or two days are a batch without any, and lie in each stretch in turn."""
    order = pd.Series(np.arange(rows))
    if times is not None:
        days = times.dt.floor("D")
        if days.nunique() < DAYS_IN_ORDER:
            return np.arange(rows) % _STRETCHES + 1
        order = (days if days.nunique() >= _DAYS_TO_CUT_BETWEEN else times).reset_index(drop=True)
    middle = order.rank(na_option="top").to_numpy(dtype=np.float64)
    return np.ceil(middle * _STRETCHES / (rows + 1)).astype(np.int64)


def _fitted(observed: Observed, training: Mask, judging: Mask, *, with_reference: bool) -> Numbers:
    """Probabilities of churn for the judging rows by a model of the champion's family, shape (judging,)."""
    from pipeline.models.unfitted_model import build, successor_family

    manifest, known = observed.champion.manifest, observed.labelled
    features, target = list(observed.columns.features), observed.columns.target
    # As the pipeline would say; but it drops a column in which nothing else is left to fit on.
    absent = dict.fromkeys(observed.columns.categorical, "missing")
    rows = known.features[features].fillna(absent)
    x, y = rows[training], known.churned.to_numpy()[training]
    if with_reference:
        x = pd.concat([observed.reference[features].fillna(absent), x], ignore_index=True)
        y = np.concatenate([observed.reference[target].to_numpy() if observed.taught is None else observed.taught, y])
    given = successor_family(manifest.family).quick(manifest.hyperparameters, _MEMBERS)
    model = build(manifest.family, given, manifest.seed, observed.columns).fit(x, y.astype(np.int8))
    return np.asarray(model.predict_proba(rows[judging])[:, 1], dtype=np.float64)


_WORDS: dict[Name, tuple[str, str, tuple[Cause, ...]]] = {
    "gain_recalibrate": ("The champion recalibrated", "the champion as it is", ("prior_shift",)),
    "gain_combined": (
        "A model of reference and recent customers",
        "the champion, recalibrated or not",
        ("concept_drift", "covariate_harmful"),
    ),
    "gain_recent": ("A model of recent customers alone", "the simpler remedies", ("concept_drift",)),
    "gain_newest": ("A model of the newest customers alone", "the simpler remedies", ("concept_drift",)),
}


@dataclass(frozen=True)
class _Tried:
    """What judges: outcomes, the champion's probabilities, which rows are the `late` ones, for how many each stands, and for how many customers where
    outcomes were asked for (`drawn`); all of shape (labelled,)."""

    y: Numbers
    champion: Numbers
    late: Mask
    weights: Numbers
    drawn: Numbers
    policy: Policy
    value: ValueSettings

    def gain(self, name: Name, p: Numbers, simpler: tuple[Numbers, ...], *, late_alone: bool = False) -> Finding:
        """By all rows; by the late ones where these alone show a gain, or nothing else was judged."""
        late = self._on(self.late, name, p, simpler, "the newest ")
        if late_alone:
            return late
        whole = self._on(np.ones_like(self.late), name, p, simpler, "")
        return late if late.notable and not whole.notable else whole

    def _on(self, rows: Mask, name: Name, p: Numbers, simpler: tuple[Numbers, ...], which: str) -> Finding:
        rules, y, champion, p, weights = self.policy.evidence.challengers, self.y[rows], self.champion[rows], p[rows], self.weights[rows]
        found = gain(y, p, champion, self.value, weights)
        z = min(_loss_z(y, p, other[rows], self.drawn[rows]) for other in simpler)
        lead = min(gain(y, p, other[rows], self.value, weights).percent for other in simpler)
        notable = lead > rules.gain and found.z > rules.gain_z and z > rules.loss_z
        who, rival, causes = _WORDS[name]
        so = "it is worth having" if notable else "that is not shown to be worth a change"
        return Finding(
            family="challengers",
            name=name,
            strength=found.percent,
            unit="points of the maximum campaign profit, over the champion",
            n=found.n,
            low=found.percent - _REACH * found.error,
            high=found.percent + _REACH * found.error,
            z=z,
            notable=notable,
            argues_for=causes if notable else (),
            argues_against=() if notable else causes,
            said=f"{who} would have brought {found.percent:+.1f} ± {_REACH * found.error:.1f} points of the maximum as extra campaign profit over the "
            f"champion on {which}{found.n:,} known outcomes; its log loss is {'lower' if z > 0 else 'not lower'} than that of {rival}: {so}.",
        )


def _loss_z(y: Numbers, p: Numbers, other: Numbers, weights: Numbers) -> float:
    """Standard errors by which the log loss of `p` is lower than that of `other` on the same rows, each standing for as many as its weight; 0 where
    they say the same."""
    less, share = _log_losses(y, other) - _log_losses(y, p), weights / weights.sum()
    mean = float(share @ less)
    error = float(np.sqrt(share**2 @ (less - mean) ** 2 * less.size / (less.size - 1)))
    return mean / error if error > 0 else 0.0


def _log_losses(y: Numbers, p: Numbers) -> Numbers:
    return np.asarray(-np.log(np.clip(np.where(y == 1, p, 1 - p), _CERTAIN, 1)))
