"""Drift of a window against the reference: Evidently's verdict and the calibrated one, from two profiles."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from pipeline.baseline import Baseline
from pipeline.blindspots import find_blind_spots
from pipeline.calibrated import CalibratedDrift, CalibratedFeature, calibrate
from pipeline.errors import DataError
from pipeline.evidence import DriftSummary, FeatureDrift
from pipeline.importance import weighted_share
from pipeline.policy import Policy
from pipeline.profile import Profile
from pipeline.profiling import exact_values
from pipeline.schema import Schema
from pipeline.scores import Column, Score, score_profiles
from pipeline.shift import NumericalShift
from pipeline.windows import Window

SEED = 0  # of the null distribution: the same window has the same verdict


def summarise_drift(baseline: Baseline, window: Window, policy: Policy) -> DriftSummary:
    """Both verdicts on every feature, and what neither sees.

    With fewer rows than `drift.min_rows` there is no verdict (and no scores): band `not_enough_data`.

    Raises:
        DataError: a feature has no value at all in the window or the reference.
    """
    reference, profile = baseline.profile, window.profile
    if window.rows < policy.drift.min_rows:
        return _no_verdict(reference, window, policy)
    exact = exact_values(baseline.rows, window.source, window.columns, window.restriction)
    scores = score_profiles(reference, profile, exact)
    _require_scores(reference, profile, scores)
    calibrated = calibrate(
        reference,
        profile,
        scores,
        min_rows=policy.drift.min_rows,
        false_discovery_rate=policy.drift.false_discovery_rate,
        seed=SEED,
    )
    weight = {importance.feature: importance.auc_drop for importance in baseline.importances}
    features = tuple(_feature(feature, scores[feature.name], weight[feature.name]) for feature in calibrated.features)
    share = sum(feature.drifted for feature in features) / len(features)
    return DriftSummary(
        reference_rows=reference.rows,
        current_rows=window.rows,
        share=share,
        drifted=sum(feature.drifted for feature in features),
        drifted_numerical=sum(feature.drifted for feature in features if feature.kind == "numerical"),
        drifted_categorical=sum(feature.drifted for feature in features if feature.kind == "categorical"),
        features_total=len(features),
        band=policy.band(share, window.rows),
        calibrated_drifted=calibrated.drifted,
        calibrated_share=calibrated.share,
        felt_share=weighted_share(baseline.importances, _drifted(calibrated)),
        since=window.since,
        until=window.until,
        features=features,
        findings=find_blind_spots(reference, profile),
    )


def write_evidently_html(reference: pd.DataFrame, current: pd.DataFrame, schema: Schema, path: Path) -> None:
    """Evidently's own report on the schema's features, for people.

    Raises:
        DataError: a feature has no value at all, of which Evidently makes no report.
    """
    import os

    os.environ.setdefault("DO_NOT_TRACK", "1")
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    empty = [name for name in schema.features if current[name].isna().all() or reference[name].isna().all()]
    if empty:
        raise DataError(f"Every value is missing in: {', '.join(empty)}.", "Evidently makes no report of that; mend the feed.")
    # Kinds come from the schema: left to itself Evidently guesses them anew from each window.
    roles = DataDefinition(numerical_columns=list(schema.numerical), categorical_columns=list(schema.categorical))
    features = list(schema.features)
    snapshot = Report([DataDriftPreset(columns=features)]).run(
        Dataset.from_pandas(current[features], data_definition=roles), Dataset.from_pandas(reference[features], data_definition=roles)
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    snapshot.save_html(str(path))


def _no_verdict(reference: Profile, window: Window, policy: Policy) -> DriftSummary:
    return DriftSummary(
        reference_rows=reference.rows,
        current_rows=window.rows,
        share=None,
        drifted=0,
        drifted_numerical=0,
        drifted_categorical=0,
        features_total=len(window.columns.features),
        band=policy.band(0.0, window.rows),
        calibrated_drifted=0,
        calibrated_share=None,
        felt_share=None,
        since=window.since,
        until=window.until,
        features=(),
        findings=find_blind_spots(reference, window.profile),
    )


def _require_scores(reference: Profile, profile: Profile, scores: Mapping[str, Score]) -> None:
    columns: list[Column] = [*profile.numerical, *profile.categorical]
    silent = [column.name for column in columns if column.name not in scores]
    if not silent:
        return
    empty = [column.name for column in columns if not column.count]
    where = f"In the window ({profile.rows:,} rows)" if empty else f"In the reference ({reference.rows:,} rows)"
    raise DataError(f"{where} every value is missing in: {', '.join(empty or silent)}.", "Mend the feed, then try again.")


def _drifted(calibrated: CalibratedDrift) -> set[str]:
    return {feature.name for feature in calibrated.features if feature.drifted}


def _feature(found: CalibratedFeature, score: Score, importance: float) -> FeatureDrift:
    assert found.shift is not None  # a column with a score has values on both sides
    moved = found.shift.direction if isinstance(found.shift, NumericalShift) else None
    return FeatureDrift(
        name=found.name,
        kind=found.kind,
        method=score.method,
        score=score.score,
        low=score.low,
        high=score.high,
        threshold=score.threshold,
        drifted=score.drifted,
        direction=moved if score.drifted or found.drifted else None,
        change=found.shift.said,
        moved_share=found.shift.share,
        calibrated=found.drifted,
        p_adjusted=found.p_adjusted,
        importance=importance,
        why=found.reason,
    )
