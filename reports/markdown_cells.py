"""Values from data, models and operators as they stand in a report: safe inside Markdown, on one line."""

import re

from pipeline.drift.summary import FeatureDrift
from pipeline.measures.measure import Measure
from pipeline.words import p_value

ARROWS = {"up": "↑", "down": "↓", "mixed": "↕"}


MEASURES: tuple[tuple[str, str], ...] = (
    ("roc_auc", "ROC-AUC"),
    ("pr_auc", "PR-AUC"),
    ("accuracy", "accuracy"),
    ("f1", "F1"),
    ("precision", "precision"),
    ("recall", "recall"),
    ("log_loss", "log loss ↓"),
    ("brier", "Brier ↓"),
    ("calibration_error", "calibration error ↓"),
)


# What stands inside a word, or in brackets as [predictions] does, is no markup either way.
_MARKUP = re.compile(r"(?<=[^\W_])_(?=[^\W_])|\[\w+\](?=[ .,;)])|([\\`*_\[\]|#~])")


def cell(text: str) -> str:
    """Text from data or an operator, safe inside Markdown: one line, no markup, no HTML, no table break."""
    return escaped(one_line(text))


def one_line(text: str) -> str:
    """Text on one line, without control characters."""
    return re.sub(r"\s+", " ", "".join(character if character.isprintable() else " " for character in str(text))).strip()


def escaped(line: str) -> str:
    """A line whose characters mean nothing to Markdown or HTML."""
    line = re.sub(r"&(?=#?\w+;)", "&amp;", line)
    line = re.sub(r"<(?! )", "&lt;", line).replace(">", "&gt;")  # "< 0.001" is no tag
    return _MARKUP.sub(lambda found: "\\" + found[1] if found[1] else found[0], line)


def score(feature: FeatureDrift) -> str:
    """A feature's drift score, as tables show it: of a distance 0 is nothing, and a p-value, of which 0 is everything, says that it is one."""
    return f"p {p_value(feature.score)}" if "p_value" in feature.method else f"{feature.score:.3g}"


def strength(feature: FeatureDrift) -> float:
    """Score in thresholds: 1 is just drifted. A p-value counts by how far it lies below its threshold, on a log scale."""
    if "p_value" not in feature.method:
        return feature.score / feature.threshold
    from math import log10

    return min(6.0, log10(max(feature.score, 1e-12)) / log10(feature.threshold))


def bar_cells(feature: FeatureDrift) -> int:
    """Length of a feature's bar in cells of ten: five are its threshold, ten are ten times it."""
    from math import log10

    times = strength(feature)
    cells = round(5 * times) if times < 1 else min(10, round(5 + 5 * log10(times)))
    return max(5, cells) if feature.drifted else min(4, cells)


def bar(feature: FeatureDrift) -> str:
    """A feature's drift as ten cells, and whether it is drifted."""
    cells = bar_cells(feature)
    return "█" * cells + "░" * (10 - cells) + (" **drifted**" if feature.drifted else "")


def figure(measure: Measure) -> str:
    """A measure with its interval, as tables show it."""
    if measure.low is None or measure.high is None:
        return f"{measure.value:.3f}"
    if measure.low <= 0 and measure.high >= 1:
        return "cannot be estimated"
    return f"{measure.value:.3f} ({measure.low:.3f}–{measure.high:.3f})"


def cell_code(text: str) -> str:
    """Text for a Markdown code span: one line without backticks."""
    return one_line(text).replace("`", "'")[:200]
