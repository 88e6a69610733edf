"""Drift feature by feature, as bars whose middle is the threshold."""

from dataclasses import dataclass
from math import log10

from pipeline.drift.summary import DriftSummary, FeatureDrift
from pipeline.shown_text import plain
from reports.markdown_cells import ARROWS, strength


@dataclass(frozen=True)
class DriftBar:
    """One feature. `width` is in 0-100: 50 is the threshold of its test, 100 ten times it or more."""

    name: str
    width: float
    drifted: bool
    said: str
    moved_share: float


def drift_bars(drift: DriftSummary) -> tuple[DriftBar, ...]:
    """Every feature with a score, the strongest first."""
    return tuple(_bar(feature) for feature in sorted(drift.features, key=strength, reverse=True))


def _bar(feature: FeatureDrift) -> DriftBar:
    times = strength(feature)
    width = 50 * times if times < 1 else min(100.0, 50 + 50 * log10(times))
    arrow = f"{ARROWS[feature.direction]} " if feature.direction else ""
    # Rounding must not put a bar on the other side of its threshold.
    width = max(50.0, width) if feature.drifted else min(49.0, width)
    return DriftBar(plain(feature.name), round(width, 1), feature.drifted, f"{arrow}{plain(feature.change, 80)}", feature.moved_share)
