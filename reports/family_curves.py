"""How families compare, drawn: ROC, precision against recall, calibration, and profit by how many customers are contacted, as one SVG."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.measures.campaign_value import expected_value
from pipeline.measures.customer_terms import Terms
from pipeline.measures.metrics import reliability
from pipeline.training.family_comparison import ComparedFamilies

_COLOURS = ("#0b6e4f", "#c0392b", "#2471a3", "#8e44ad", "#b9770e", "#566573")
_SIDE, _GAP, _TOP = 240, 60, 60
_POINTS = 200  # of a line

Line = tuple[NDArray[np.float64], NDArray[np.float64]]


def curves_svg(found: ComparedFamilies, value: Terms) -> str:
    """The four panels side by side, a line per family, by rows that its models had not seen."""
    from sklearn.metrics import precision_recall_curve, roc_curve

    y, families = found.y, found.probabilities
    roc: dict[str, Line] = {}
    precision: dict[str, Line] = {}
    calibrated: dict[str, Line] = {}
    profit: dict[str, Line] = {}
    for name, p in families.items():
        false, true, _ = roc_curve(y, p)
        roc[name] = _thinned(false, true)
        right, reached, _ = precision_recall_curve(y, p)
        precision[name] = _thinned(reached[::-1], right[::-1])
        bins = reliability(y, p).bins
        calibrated[name] = np.array([one.predicted for one in bins]), np.array([one.observed for one in bins])
        earned = np.cumsum(expected_value(y, value)[np.argsort(-expected_value(p, value), kind="stable")])
        profit[name] = _thinned(np.linspace(0, 1, y.size + 1), np.concatenate([[0.0], earned]) / y.size * 1000)
    low = min(0.0, *(float(line[1].min()) for line in profit.values()))
    high = max(1.0, *(float(line[1].max()) for line in profit.values()))
    panels = [
        _panel(0, "ROC: churners found by stayers taken", roc, (0.0, 1.0), diagonal=True),
        _panel(1, "Precision by churners found", precision, (0.0, 1.0)),
        _panel(2, "Share that churned by probability", calibrated, (0.0, 1.0), diagonal=True),
        _panel(3, "Profit per 1,000 by share contacted", profit, (low, high)),
    ]
    names = [
        f'<text x="{_GAP + 190 * place}" y="{_TOP + _SIDE + 55}" fill="{_COLOURS[place % len(_COLOURS)]}">{name}</text>'
        for place, name in enumerate(families)
    ]
    wide, tall = 4 * (_SIDE + _GAP) + _GAP, _TOP + _SIDE + 75
    title = "Four charts of the families that were compared; the table beside them has the figures"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {tall}" role="img" aria-label="{title}" '
        'font-family="sans-serif" font-size="12">'
        f'<rect width="{wide}" height="{tall}" fill="#fff"/>{"".join(panels)}{"".join(names)}</svg>'
    )


def _panel(place: int, title: str, lines: Mapping[str, Line], ends: tuple[float, float], *, diagonal: bool = False) -> str:
    left, (low, high) = _GAP + place * (_SIDE + _GAP), ends

    def at(x: float, y: float) -> tuple[float, float]:
        return left + _SIDE * x, _TOP + _SIDE * (high - y) / (high - low)

    parts = [
        f'<text x="{left}" y="{_TOP - 15}" font-weight="bold">{title}</text>',
        f'<rect x="{left}" y="{_TOP}" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="#bbb"/>',
        f'<text x="{left - 6}" y="{_TOP + 10}" text-anchor="end">{_tick(high)}</text>',
        f'<text x="{left - 6}" y="{_TOP + _SIDE}" text-anchor="end">{_tick(low)}</text>',
        f'<text x="{left}" y="{_TOP + _SIDE + 16}">0%</text>',
        f'<text x="{left + _SIDE}" y="{_TOP + _SIDE + 16}" text-anchor="end">100%</text>',
    ]
    if diagonal:
        parts.append(_drawn([at(0, 0), at(1, 1)], "#bbb", 1))
    elif low < 0:
        parts.append(_drawn([at(0, 0), at(1, 0)], "#bbb", 1))
    for number, (x, y) in enumerate(lines.values()):
        parts.append(_drawn([at(*point) for point in zip(x, y, strict=True)], _COLOURS[number % len(_COLOURS)], 1.8))
    return "".join(parts)


def _drawn(points: Sequence[tuple[float, float]], colour: str, width: float) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>'


def _thinned(x: NDArray[np.float64], y: NDArray[np.float64]) -> Line:
    places = np.unique(np.linspace(0, x.size - 1, _POINTS).astype(int))
    return x[places], y[places]


def _tick(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10 else f"{value:.2g}"
