"""Drift of a window against the reference: Evidently's verdict, reduced to a typed summary people and policy can read."""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pipeline.errors import DataError
from pipeline.evidence import Direction, DriftSummary, FeatureDrift
from pipeline.policy import Policy
from pipeline.schema import Schema
from pipeline.windows import Window

if TYPE_CHECKING:
    from evidently.core.report import Snapshot

FOLD_BELOW = 10  # categories with fewer customers than this are never named: they could point at a person
NAME_LENGTH = 40


def summarise_drift(reference: pd.DataFrame, window: Window, schema: Schema, policy: Policy, *, html: Path | None = None) -> DriftSummary:
    """Evidently's `DataDriftPreset` on the schema's features of `reference` against `window`.

    With fewer rows than `drift.min_rows` there is no verdict (and no scores): band `not_enough_data`. `html` is where
    Evidently's own report goes.

    Raises:
        DataError: a feature has no value at all on one of the sides, or there are too few rows for the HTML asked for.
    """
    _require_values(window.features, schema, "window", "Mend the feed, then try again.")
    _require_values(reference, schema, "reference", "Start a new workspace without these columns.")
    scored: tuple[FeatureDrift, ...] = ()
    share = None
    if window.rows >= policy.drift.min_rows:
        snapshot = _run_evidently(reference[list(schema.features)], window.features, schema)
        scored = _features(snapshot, reference, window.features, schema)
        share = sum(feature.drifted for feature in scored) / len(scored)
        if html is not None:
            html.parent.mkdir(parents=True, exist_ok=True)
            snapshot.save_html(str(html))
    elif html is not None:
        raise DataError(f"The window has {window.rows} rows; a drift report needs {policy.drift.min_rows}.", "Take a longer window.")
    return DriftSummary(
        reference_rows=len(reference),
        current_rows=window.rows,
        share=share,
        drifted=sum(feature.drifted for feature in scored),
        drifted_numerical=sum(feature.drifted for feature in scored if feature.kind == "numerical"),
        drifted_categorical=sum(feature.drifted for feature in scored if feature.kind == "categorical"),
        features_total=len(schema.features),
        band=policy.band(share or 0.0, window.rows),
        since=window.since,
        until=window.until,
        features=scored,
    )


def _require_values(frame: pd.DataFrame, schema: Schema, side: str, next_step: str) -> None:
    empty = [name for name in schema.features if frame[name].isna().all()]
    if empty:
        raise DataError(f"In the {side} ({len(frame)} rows) every value is missing in: {', '.join(empty)}.", next_step)


def _run_evidently(reference: pd.DataFrame, current: pd.DataFrame, schema: Schema) -> "Snapshot":
    os.environ.setdefault("DO_NOT_TRACK", "1")
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    # Kinds come from the schema: left to itself Evidently guesses them anew from each window.
    roles = DataDefinition(numerical_columns=list(schema.numerical), categorical_columns=list(schema.categorical))
    preset = DataDriftPreset(columns=list(schema.features))
    return Report([preset]).run(Dataset.from_pandas(current, data_definition=roles), Dataset.from_pandas(reference, data_definition=roles))


def _features(snapshot: "Snapshot", reference: pd.DataFrame, current: pd.DataFrame, schema: Schema) -> tuple[FeatureDrift, ...]:
    scores: dict[str, dict[str, Any]] = {}
    for metric in snapshot.dict()["metrics"]:
        config = metric["config"]
        if config["type"].endswith("ValueDrift"):
            scores[config["column"]] = {"method": config["method"], "threshold": config["threshold"], "score": float(metric["value"])}
    silent = [name for name in schema.features if name not in scores]
    if silent:
        raise DataError(f"Evidently gave no score for: {', '.join(silent)}.", "Check these columns' kinds under [data] in churnops.toml.")
    return tuple(_feature(name, scores[name], reference[name], current[name], schema) for name in schema.features)


def _feature(name: str, found: dict[str, Any], reference: pd.Series, current: pd.Series, schema: Schema) -> FeatureDrift:
    kind = schema.kind(name)
    drifted = has_drifted(found["method"], found["score"], found["threshold"])
    direction = _direction(reference, current) if drifted and kind == "numerical" else None
    change = _numerical_change(reference, current) if kind == "numerical" else _categorical_change(reference, current)
    return FeatureDrift(name=name, kind=kind, drifted=drifted, direction=direction, change=change, **found)


def has_drifted(method: str, score: float, threshold: float) -> bool:
    """Evidently's rule, which its JSON leaves out: small p-values drift (Kolmogorov-Smirnov at the threshold too), large distances do."""
    if "p_value" not in method:
        return score >= threshold
    return score <= threshold if method.startswith("K-S") else score < threshold


def _direction(reference: pd.Series, current: pd.Series) -> Direction:
    """`up` or `down` when at least half of the Wasserstein distance is a shift of the mean, else `mixed`."""
    from scipy.stats import wasserstein_distance

    before, after = (series[np.isfinite(series)].to_numpy() for series in (reference, current))
    moved = float(after.mean() - before.mean())
    if abs(moved) < 0.5 * wasserstein_distance(before, after):
        return "mixed"
    return "up" if moved > 0 else "down"


def _numerical_change(reference: pd.Series, current: pd.Series) -> str:
    said = f"mean {reference.mean():.4g} → {current.mean():.4g}"
    before, after = reference.isna().mean(), current.isna().mean()
    return said if abs(after - before) < 0.01 else f"{said}, missing {before:.1%} → {after:.1%}"


def _categorical_change(reference: pd.Series, current: pd.Series) -> str:
    """The category whose share moved most, rare ones folded together."""
    before, after = reference.value_counts(), current.value_counts()
    counts = pd.DataFrame({"before": before, "after": after}).fillna(0)
    rare = (counts["before"] < FOLD_BELOW) & (counts["after"] < FOLD_BELOW)
    shares = counts[~rare] / counts.sum()
    if shares.empty:
        return "only rare categories"
    moved = int((shares["after"] - shares["before"]).abs().to_numpy().argmax())
    said = f"“{plain(str(shares.index[moved]))}” {shares['before'].iloc[moved]:.1%} → {shares['after'].iloc[moved]:.1%}"
    missing = reference.isna().mean(), current.isna().mean()
    return said if abs(missing[1] - missing[0]) < 0.01 else f"{said}, missing {missing[0]:.1%} → {missing[1]:.1%}"


def plain(text: str) -> str:
    """A value from a table as it may be shown: one line, printable, at most 40 characters."""
    clean = re.sub(r"\s+", " ", "".join(character if character.isprintable() else " " for character in text)).strip()
    return clean if len(clean) <= NAME_LENGTH else clean[: NAME_LENGTH - 1] + "…"
