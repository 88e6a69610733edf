"""A chart of cost against rows for the benchmarks, as SVG: nothing to install for a few lines of it."""

import math

COLOURS = {"churnops": "#0b6e4f", "scan": "#777777", "evidently": "#c0392b", "nannyml": "#8e44ad", "polars": "#2471a3"}
_WIDTH, _TOP, _BOTTOM, _LINE = 280, 40, 310, 15


def panel(left: int, title: str, lines: dict[str, list[tuple[int, float]]]) -> list[str]:
    """One chart of SVG parts: a line of (rows, value) per process, both scales logarithmic."""
    places = [point for line in lines.values() for point in line]
    low, high = math.floor(math.log10(min(value for _, value in places))), math.ceil(math.log10(max(value for _, value in places)))
    first, last = math.log10(min(rows for rows, _ in places)), math.log10(max(rows for rows, _ in places))

    def at(rows: int, value: float) -> tuple[float, float]:
        across, up = (math.log10(rows) - first) / max(1.0, last - first), (math.log10(value) - low) / (high - low)
        return left + _WIDTH * across, _BOTTOM - (_BOTTOM - _TOP) * up

    parts = [f'<text x="{left}" y="20" font-weight="bold">{title}</text>']
    for power in range(low, high + 1):
        _, y = at(places[0][0], 10**power)
        parts.append(f'<line x1="{left}" x2="{left + _WIDTH}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{10**power:,}</text>')
    ticks = sorted({rows for rows, _ in places})
    parts += [f'<text x="{at(rows, 10**low)[0]:.1f}" y="{_BOTTOM + 20}" text-anchor="middle">{rows:,}</text>' for rows in ticks]
    below = 0.0
    for name, line in sorted(lines.items(), key=lambda item: at(*item[1][-1])[1]):
        points, colour = [at(*point) for point in line], COLOURS[name]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
        # Names of lines that end close together stand one below the other.
        below = max(points[-1][1] + 4, below + _LINE)
        parts.append(f'<text x="{points[-1][0] + 8:.1f}" y="{below:.1f}" fill="{colour}">{name}</text>')
    return parts
