"""The chart of a year: what each strategy has earned by each month, the mean over seeds, as SVG."""

from collections.abc import Sequence

import numpy as np
from life_figures import LivedYear

COLOURS = {"churnops": "#0b6e4f", "never": "#777777", "every quarter": "#c0392b", "drift share": "#8e44ad", "oracle": "#2471a3"}
_LEFT, _WIDTH, _TOP, _BOTTOM, _LINE = 60, 560, 40, 310, 15


def chart(years: Sequence[LivedYear]) -> str:
    """Cumulative profit in thousands by month."""
    lines = {name: np.mean([np.cumsum(year.strategies[name].profit) for year in years], axis=0) / 1000 for name in years[0].strategies}
    most = max(float(line.max()) for line in lines.values())
    months = len(next(iter(lines.values())))

    def at(month: int, value: float) -> tuple[float, float]:
        return _LEFT + _WIDTH * month / (months - 1), _BOTTOM - (_BOTTOM - _TOP) * value / most

    parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 350" font-family="sans-serif" font-size="12">']
    parts.append('<rect width="760" height="350" fill="white"/>')
    parts.append(f'<text x="{_LEFT}" y="20" font-weight="bold">Campaign profit so far, thousands, mean of {len(years)} years</text>')
    for value in np.linspace(0, most, 5):
        _, y = at(0, value)
        parts.append(f'<line x1="{_LEFT}" x2="{_LEFT + _WIDTH}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:.0f}</text>')
    parts += [f'<text x="{at(month, 0)[0]:.1f}" y="{_BOTTOM + 20}" text-anchor="middle">{month + 1}</text>' for month in range(months)]
    below = 0.0
    for name, line in sorted(lines.items(), key=lambda item: -item[1][-1]):
        points = [at(month, float(value)) for month, value in enumerate(line)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{COLOURS[name]}" stroke-width="2"/>')
        below = max(points[-1][1] + 4, below + _LINE)
        parts.append(f'<text x="{points[-1][0] + 8:.1f}" y="{below:.1f}" fill="{COLOURS[name]}">{name}</text>')
    return "\n".join([*parts, "</svg>", ""])
