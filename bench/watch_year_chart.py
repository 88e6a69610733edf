"""The year of `watch_year` as a timeline: what happened, what was noticed, and what the checks measured, as SVG."""

from collections.abc import Callable
from html import escape

from watch_year_figures import WatchedYear

_LEFT, _WIDTH, _TOP, _LANE, _PLOT = 60, 800, 44, 22, 150
_COLOURS = {"change": "#2471a3", "fault": "#c0392b", "deploy": "#8e44ad"}


def chart(found: WatchedYear) -> str:
    """One lane for each thing that happened, the cases below, then ROC-AUC with its interval and the drifted share."""

    def x(day: float) -> float:
        return _LEFT + _WIDTH * day / found.days

    lanes = len(found.noticed)
    base = _TOP + lanes * _LANE
    plot = base + 2 * _LANE + 14
    height = plot + _PLOT + 60
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_LEFT + _WIDTH + 30} {height}" font-family="sans-serif" font-size="12">'
    ]
    parts.append(f'<rect width="{_LEFT + _WIDTH + 30}" height="{height}" fill="white"/>')
    parts.append(
        f'<text x="{_LEFT}" y="20" font-weight="bold">A year of checks, seed {found.seed}: what happened, and when it was noticed</text>'
    )
    for first, last in found.outages:
        parts.append(
            _box(x(first), _TOP - 10, x(last + 1) - x(first), plot + _PLOT - _TOP + 10, "#eeeeee", "the destination did not answer")
        )
    for place, one in enumerate(found.noticed):
        y = _TOP + place * _LANE
        colour = _COLOURS[one.kind]
        until = one.day if one.day is not None else found.days
        parts.append(_box(x(one.begin), y, max(2.0, x(until) - x(one.begin)), 8, colour, f"{one.name}: day {one.begin}"))
        after = "not noticed" if one.day is None else f"noticed after {one.day - one.begin} days"
        anchor, at = ("end", x(one.begin) - 5) if one.begin > found.days / 2 else ("start", x(until) + 5)
        parts.append(f'<text x="{at:.1f}" y="{y + 8}" text-anchor="{anchor}">{escape(one.name)}, {after}</text>')
    parts.append(f'<text x="{_LEFT - 6}" y="{base + 14}" text-anchor="end">cases</text>')
    for case in found.cases:
        colour = "#111" if case.about else "#e67e22"
        parts.append(f'<circle cx="{x(case.day):.1f}" cy="{base + 10}" r="4" fill="{colour}"><title>{escape(case.said)}</title></circle>')
    lines = [(day, 'stroke="#0b6e4f" stroke-dasharray="4 3"') for day in found.deployed]
    lines += [(day, 'stroke="#8e44ad"') for day in found.rolled_back]
    parts += [f'<line x1="{x(day):.1f}" x2="{x(day):.1f}" y1="{base}" y2="{plot + _PLOT}" {look}/>' for day, look in lines]
    parts += _figures(found, x, plot)
    parts += [f'<text x="{x(day):.1f}" y="{plot + _PLOT + 18}" text-anchor="middle">day {day}</text>' for day in range(0, found.days, 60)]
    legend = "ROC-AUC on known outcomes (band: its interval) · grey: share of drifted features · dashed: deployed · orange: false case"
    parts.append(f'<text x="{_LEFT}" y="{plot + _PLOT + 40}">{legend}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _figures(found: WatchedYear, x: Callable[[float], float], top: int) -> list[str]:
    def y(value: float) -> float:
        return top + _PLOT * (1 - value)

    parts = [
        f'<line x1="{_LEFT}" x2="{_LEFT + _WIDTH}" y1="{y(value):.1f}" y2="{y(value):.1f}" stroke="#ddd"/>'
        f'<text x="{_LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{value:.1f}</text>'
        for value in (0.0, 0.5, 1.0)
    ]
    if found.measured:
        upper = [f"{x(day):.1f},{y(high):.1f}" for day, _, _, high in found.measured]
        lower = [f"{x(day):.1f},{y(low):.1f}" for day, _, low, _ in reversed(found.measured)]
        line = " ".join(f"{x(day):.1f},{y(value):.1f}" for day, value, _, _ in found.measured)
        parts.append(f'<polygon points="{" ".join([*upper, *lower])}" fill="#2471a3" opacity="0.2"/>')
        parts.append(f'<polyline points="{line}" fill="none" stroke="#2471a3" stroke-width="2"/>')
    line = " ".join(f"{x(day):.1f},{y(share):.1f}" for day, share in found.drift)
    parts.append(f'<polyline points="{line}" fill="none" stroke="#777" stroke-width="1"/>')
    return parts


def _box(x: float, y: float, width: float, height: float, colour: str, said: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"><title>{escape(said)}</title></rect>'
