"""Drift of a window against the reference: Evidently's verdict and the calibrated one, from two profiles."""

from collections.abc import Iterator

from pipeline.drift.blindspots import find_blind_spots
from pipeline.drift.scores import DISTANCE, KS_DISTANCE, PSI, Rule, Score, score_profiles
from pipeline.drift.shift import NumericalShift
from pipeline.drift.summary import BlindSpot, DriftSummary, FeatureDrift
from pipeline.drift.verdict import CalibratedFeature, calibrate
from pipeline.models.importance import weighted_share
from pipeline.profiles.counting import exact_values
from pipeline.profiles.profile import Profile, of_features, spelling_of
from pipeline.tables.schema import Kind
from pipeline.windows.baseline import Baseline
from pipeline.windows.window import Window
from pipeline.words import set_aside_words
from pipeline.workspace.policy import DriftRules, Policy

SEED = 0  # of the null distribution: the same window has the same verdict


def summarise_drift(baseline: Baseline, window: Window, policy: Policy) -> DriftSummary:
    """Both verdicts on every feature, and what neither sees. The first is Evidently's, by the methods that the policy asks for.

    Features that tell the calendar move by themselves and are left out. One without any value in the window or the reference has no score: it
    is not among `features`, but counted in `features_total`, so that no share grows because a column broke. With fewer rows than `drift.min_rows`, or no feature that has a score, there is no verdict:
    band `not_enough_data`.
    """
    columns = window.columns.judged
    reference, profile = of_features(baseline.profile, columns), of_features(window.profile, columns)
    if window.rows < policy.drift.min_rows:
        return _no_verdict(reference, profile, window, policy)
    exact = exact_values(
        (baseline.source, baseline.restriction), (window.source, window.restriction), window.columns, spelling_of(baseline.profile)
    )
    scores = score_profiles(reference, profile, exact, _asked(policy.drift))
    if not scores:
        return _no_verdict(reference, profile, window, policy)
    calibrated = calibrate(
        reference,
        profile,
        scores,
        min_rows=policy.drift.min_rows,
        false_discovery_rate=policy.drift.false_discovery_rate,
        seed=SEED,
        worth=window.worth,
    )
    weight = {importance.feature: importance.auc_drop for importance in baseline.importances}
    features = tuple(
        _feature(feature, scores[feature.name], weight[feature.name]) for feature in calibrated.features if feature.name in scores
    )
    share = sum(feature.drifted for feature in features) / len(columns.features)
    verdicts = {
        "share": share,
        "drifted": sum(feature.drifted for feature in features),
        "drifted_numerical": sum(feature.drifted for feature in features if feature.kind == "numerical"),
        "drifted_categorical": sum(feature.drifted for feature in features if feature.kind == "categorical"),
        "band": policy.band(share, window.rows),
        "calibrated_drifted": calibrated.drifted,
        "calibrated_share": calibrated.share,
        "felt_share": weighted_share(baseline.importances, {feature.name for feature in calibrated.features if feature.drifted}),
        "features": features,
    }
    return _no_verdict(reference, profile, window, policy).model_copy(update=verdicts)


def _no_verdict(reference: Profile, profile: Profile, window: Window, policy: Policy) -> DriftSummary:
    return DriftSummary(
        reference_rows=reference.rows,
        current_rows=window.rows,
        customers=window.customers,
        set_aside=window.set_aside,
        share=None,
        drifted=0,
        drifted_numerical=0,
        drifted_categorical=0,
        features_total=len(profile.numerical) + len(profile.categorical),
        band="not_enough_data",
        calibrated_drifted=0,
        calibrated_share=None,
        felt_share=None,
        since=window.since,
        until=window.until,
        features=(),
        findings=(*_future(window), *find_blind_spots(reference, profile, policy.evidence.data, 1 / window.worth)),
    )


def _future(window: Window) -> Iterator[BlindSpot]:
    if window.set_aside:
        share = window.set_aside / (window.set_aside + window.rows)
        yield BlindSpot(what="future_rows", column=None, share=share, said=set_aside_words(window.set_aside))


def _asked(rules: DriftRules) -> dict[Kind, Rule]:
    """Methods that the policy puts in the place of Evidently's choice by the reference's size."""
    named = {"default": DISTANCE, "psi": Rule(PSI, rules.psi_threshold), "ks": Rule(KS_DISTANCE, rules.ks_threshold)}
    chosen: dict[Kind, str] = {"numerical": rules.numerical, "categorical": rules.categorical}
    return {kind: named[name] for kind, name in chosen.items() if name != "evidently"}


def _feature(found: CalibratedFeature, score: Score, importance: float) -> FeatureDrift:
    assert found.shift is not None  # a column with a score has values on both sides
    moved = found.shift.direction if isinstance(found.shift, NumericalShift) else None
    return FeatureDrift(
        name=found.name,
        kind=found.kind,
        **vars(score),
        direction=moved if score.drifted or found.drifted else None,
        change=found.shift.said,
        moved_share=found.shift.share,
        calibrated=found.drifted,
        p_adjusted=found.p_adjusted,
        importance=importance,
        why=found.reason,
    )
