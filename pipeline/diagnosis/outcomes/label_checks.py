"""Whether known outcomes can be trusted: matured, of a random sample, and coded the right way round.

A verdict on the champion and every model trained on the window rest on them, so this is asked before what they say. Outcomes that are
wrong at random, or for some customers only, look exactly like customers who behave differently; nothing here pretends to tell them.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.observed import Observed
from pipeline.diagnosis.outcomes.calibration_line import at_level
from pipeline.diagnosis.outcomes.expected_outcomes import Expected, expected_outcomes, labels_usable, one_row_each
from pipeline.diagnosis.outcomes.flipped_outcomes import find_flipped
from pipeline.diagnosis.outcomes.redefined_outcomes import find_redefined
from pipeline.diagnosis.outcomes.stopped_outcomes import find_stopped
from pipeline.workspace.policy import Policy

Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]

_DAY_SECONDS = 86_400.0
_DUE = 0.95  # of the known outcomes are of rows scored until then
_BY_CHANCE = 1e-3  # of a gap as large between two random samples
_FEWEST_OTHERS = 50  # customers without an outcome; fewer cannot be told from a random rest
_COMPARABLE = 0.5  # of the labelled customers that have others scored equally often


def label_checks(observed: Observed, policy: Policy) -> tuple[Finding, ...]:
    """What is wrong with the known outcomes, and `labels_immature` also where there are too few churners and the age of the labels speaks against
    it. They are compared with the customers of their own time."""
    everyone = observed.matured or observed
    observed = one_row_each(everyone)
    if len(observed.labelled.churned) < policy.evidence.performance.min_rows:
        return ()
    expected = expected_outcomes(observed)
    others = _unlabelled(everyone)
    flipped = find_flipped(observed, expected) if labels_usable(observed, policy) else None
    if observed.labelled.design_weights is not None:  # who was asked, by known probabilities, has answered
        return () if flipped is None else (flipped,)
    found = (_immature(observed, expected, policy), _selected(observed, others, policy), flipped)
    return tuple(finding for finding in found if finding is not None)


def faults_of_recording(observed: Observed, policy: Policy) -> tuple[Finding, ...]:
    """What the days on which outcomes were recorded tell: that they stopped, or mean something else since."""
    record, times = observed.record, observed.labelled.times
    if record is None:
        return ()
    judged_since = None if times is None or times.empty else times.min().to_pydatetime()
    found = (find_stopped(record, judged_since, policy.evidence.data.stopped_times), find_redefined(observed, record))
    return tuple(finding for finding in found if finding is not None)


def _immature(observed: Observed, expected: Expected, policy: Policy) -> Finding | None:
    """Fewer churners than expected, and the younger the label the fewer: customers are taken for stayers who have not left yet.

    A real fall of the churn rate is as large among old labels as among young ones, unless it happened within the window itself.
    """
    rules, times = policy.evidence.labels, observed.labelled.times
    if expected.p.sum() < policy.evidence.performance.min_per_class:
        return None
    missed, error = expected.level()
    z = missed / error
    if z > -rules.immature_z:
        return None
    rows, rate, normal = expected.y.size, float(expected.y.mean()), float(expected.p.mean())
    what = f"{rate:.1%} of the {rows:,} known outcomes are churn where {normal:.1%} are expected ({-z:.1f} standard errors)"
    said, notable = f"{what}, and not a single one: outcomes are written down as staying before they are known.", True
    ratio, rises = 0.0, z
    if rate > 0.0:
        trend = None if times is None else _by_age(times, expected)
        if trend is None:
            return None
        rises, ratio = trend
        notable = rises >= rules.age_z and ratio <= rules.young_to_old
        thirds = f"the youngest third has {ratio:.0%} of the churn of the oldest, like for like ({rises:.1f} standard errors)"
        so = "these outcomes have not matured yet; wait before you judge or train on them" if notable else "that is not how outcomes mature"
        said = f"{what}, and {thirds}: {so}."
    return Finding(
        family="labels",
        name="labels_immature",
        strength=ratio,
        unit="churn of the youngest labels over the oldest, each relative to what is expected of them",
        n=rows,
        z=z if notable else rises,
        notable=notable,
        argues_for=("label_fault",) if notable else (),
        argues_against=("prior_shift", "concept_drift") if notable else ("label_fault",),
        said=said,
    )


def _by_age(times: pd.Series, expected: Expected) -> tuple[float, float] | None:
    """Standard errors by which churn rises with the label's age, and churn of the youngest third over that of the oldest, each relative to
    what is expected of these rows. None where all are of one age."""
    known = times.notna().to_numpy()
    age = (times.max() - times[known]).dt.total_seconds().to_numpy(dtype=np.float64) / _DAY_SECONDS
    y, p = expected.y[known], expected.p[known]
    if not y.any():
        return None
    level = at_level(p, y)
    weight = level * (1 - level)
    around = age - np.average(age, weights=weight)
    # By the outcomes themselves: where customers changed, what was expected of them understates how much they vary.
    variance = float(around**2 @ (y - level) ** 2)
    young, old = age <= np.quantile(age, 1 / 3), age >= np.quantile(age, 2 / 3)
    if variance == 0 or not y[old].any():
        return None
    ratio = (y[young].sum() / p[young].sum()) / (y[old].sum() / p[old].sum())
    return float(around @ (y - level)) / variance**0.5, float(ratio)


def _selected(observed: Observed, others: Mask, policy: Policy) -> Finding | None:
    """Labelled customers score unlike the `others`, so what is true of them is not true of the window.

    Where outcomes come by scoring, whoever was scored more often is more often among the labelled, and may well be another kind of customer.
    That is no choice by score; so customers scored equally often must differ too, if there are such on both sides.
    """
    if observed.offers is not None and not observed.offers.represented:
        return None  # those whom nobody contacted are chosen by score, and it is said
    told, rest, known = observed.labelled_scores, observed.scores[others], observed.labelled
    stands_for = np.ones(told.size) if known.weights is None else known.weights.to_numpy(dtype=np.float64)
    found = _gap(told, rest, policy, stands_for)
    if found is None:
        return None
    often, often_rest = _scorings(observed, known.ids), _scorings(observed, observed.ids)[others]
    shared = [number for number in np.unique(often) if (often_rest == number).any()]
    if often.mean() > often_rest.mean() and np.isin(often, shared).mean() > _COMPARABLE:
        # The others, weighted so that as many of them as of the labelled were scored once, twice and so on.
        weights = np.zeros(rest.size)
        for number in shared:
            alike = often_rest == number
            weights[alike] = (often == number).sum() / alike.sum()
        alike = np.isin(often, shared)
        if _gap(told[alike], rest, policy, stands_for[alike], weights) is None:
            return None
    mean, elsewhere = float(told.mean()), float(rest.mean())
    return Finding(
        family="labels",
        name="labels_selected",
        strength=found,
        unit="KS distance between the scores of labelled and other customers",
        n=told.size,
        argues_for=("label_fault",),
        said=f"Customers with a known outcome score {mean:.1%} on average, the window's others {elsewhere:.1%} (KS {found:.2f}, "
        "p < 0.001): outcomes are no random sample, so they do not speak for the window.",
    )


def _gap(told: Numbers, others: Numbers, policy: Policy, stands_for: Numbers, weights: Numbers | None = None) -> float | None:
    """Kolmogorov-Smirnov distance between two weighted samples of scores; None where it is none that matters, or by chance."""
    from scipy.stats import kstwobign

    weights = np.ones(others.size) if weights is None else weights
    if others.size < _FEWEST_OTHERS or not weights.any():
        return None
    places = np.unique(np.concatenate([told, others]))
    distance = float(np.abs(_below(told, stands_for, places) - _below(others, weights, places)).max())
    here, there = (float(one.sum() ** 2 / (one**2).sum()) for one in (stands_for, weights))
    p = float(kstwobign.sf(distance * np.sqrt(here * there / (here + there))))
    return None if distance <= policy.evidence.labels.selected_distance or p >= _BY_CHANCE else distance


def _below(scores: Numbers, weights: Numbers, places: Numbers) -> Numbers:
    """Share of the scores, by weight, up to each place."""
    order = np.argsort(scores)
    mass = np.append(0, np.cumsum(weights[order])) / weights.sum()
    return np.asarray(mass[np.searchsorted(scores[order], places, side="right")])


def _unlabelled(observed: Observed) -> Mask:
    """Which customers of the window's sample have no known outcome of any of their scorings, though those of their time are known; shape
    (window,). Who was scored later, as new customers are, has none yet."""
    known, times = observed.labelled.ids, observed.labelled.times
    if observed.ids is None or known is None:
        return np.zeros(len(observed.window), dtype=bool)  # without ids outcomes are joined to nothing
    aside = observed.labelled.set_aside
    without: Mask = ~observed.ids.isin(known if aside is None else pd.concat([known, aside])).to_numpy()
    if times is None or observed.times is None or times.isna().all():
        return without
    # Churn is known sooner than staying, so a few outcomes are of the newest rows.
    due = times.quantile(_DUE)
    return without & ~(observed.times > due).to_numpy()


def _scorings(observed: Observed, ids: pd.Series | None) -> Numbers:
    """How often each of these customers was scored in the window, shape of `ids`."""
    assert ids is not None  # whoever has others has ids
    if observed.scorings is None:
        return np.ones(len(ids))
    return ids.map(observed.scorings).fillna(1).to_numpy(dtype=np.float64)
