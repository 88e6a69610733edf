"""A chart of cost against rows for the benchmarks, as SVG: nothing to install for two dozen lines."""

import math

COLOURS = {"churnops": "#0b6e4f", "scan": "#777777", "evidently": "#c0392b", "nannyml": "#8e44ad", "polars": "#2471a3"}


def panel(left: int, title: str, lines: dict[str, list[tuple[int, float]]]) -> list[str]:
    """One chart of SVG parts: a line of (rows, value) per process, both scales logarithmic."""
    places = [point for line in lines.values() for point in line]
    low, high = math.floor(math.log10(min(value for _, value in places))), math.ceil(math.log10(max(value for _, value in places)))
    first, last = math.log10(min(rows for rows, _ in places)), math.log10(max(rows for rows, _ in places))

    def at(rows: int, value: float) -> tuple[str, str]:
        across, up = (math.log10(rows) - first) / max(1.0, last - first), (math.log10(value) - low) / (high - low)
        return f"{left + 280 * across:.1f}", f"{310 - 270 * up:.1f}"

    parts = [f'<text x="{left}" y="24" font-weight="bold">{title}</text>']
    for power in range(low, high + 1):
        y = at(places[0][0], 10**power)[1]
        parts.append(f'<line x1="{left}" x2="{left + 280}" y1="{y}" y2="{y}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 6}" y="{y}" text-anchor="end">{10**power:g}</text>')
    ticks = sorted({rows for rows, _ in places})
    parts += [f'<text x="{at(rows, 10**low)[0]}" y="328" text-anchor="middle">{rows:,}</text>' for rows in ticks]
    for name, line in lines.items():
        points, colour = [at(*point) for point in line], COLOURS[name]
        parts.append(f'<polyline points="{" ".join(map(",".join, points))}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in points]
        parts.append(f'<text x="{points[-1][0]}" y="{points[-1][1]}" dx="8" dy="4" fill="{colour}">{name}</text>')
    return parts
