"""Draws the small pictures of docs/findings.md: what each kind of finding looks like, training grey, window blue. `make docs` runs it."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

IMAGES = Path(__file__).parent / "images"
WIDTH, HEIGHT, EDGE = 280, 120, 14
_TRAINING, _WINDOW = "#8a8f98", "#2f5fd0"

Points = Sequence[tuple[float, float]]


def pictures() -> dict[str, str]:
    """Every picture as SVG, by its file's name."""
    drawn = {
        "population": ("Many columns move together, as customers do", _line(_hill(0.38), _TRAINING) + _line(_hill(0.6), _WINDOW)),
        "data": ("A spike where a value was filled in", _line(_hill(0.45), _TRAINING) + _line(_hill(0.45, 0.8), _WINDOW) + _spike(0.12)),
        "dependency": ("Two columns that went together no longer do", _dots(_along, _TRAINING) + _dots(_scattered, _WINDOW)),
        "outcomes": ("Fewer outcomes in the newest days: not known yet", _bars((5, 5, 6, 5, 5, 3, 1))),
        "level": ("More churn at every score", _line(_rising(1, 0), _TRAINING) + _line(_rising(1, 0.22), _WINDOW)),
        "slope": ("Scores say less: churners and others look alike", _line(_rising(1, 0), _TRAINING) + _line(_rising(0.25, 0.3), _WINDOW)),
        "segment": ("Customers of one kind behave differently", _bars((2, 2, 2, 6, 2, 2, 2), unlike=3)),
    }
    return {f"finding-{name}.svg": _svg(title, body) for name, (title, body) in drawn.items()}


def _svg(title: str, body: str) -> str:
    ground = f'<line x1="{EDGE}" y1="{HEIGHT - EDGE}" x2="{WIDTH - EDGE}" y2="{HEIGHT - EDGE}" stroke="{_TRAINING}"/>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img">'
        f"<title>{title}</title>{body}{ground}</svg>\n"
    )


def _at(x: float, y: float) -> tuple[float, float]:
    """A place of the unit square in the picture."""
    return round(EDGE + x * (WIDTH - 2 * EDGE), 1), round(HEIGHT - EDGE - y * (HEIGHT - 2 * EDGE), 1)


def _line(points: Points, colour: str) -> str:
    path = " ".join(f"{x},{y}" for x, y in (_at(*point) for point in points))
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'


def _hill(middle: float, height: float = 0.95) -> Points:
    return [(step / 40, height * math.exp(-(((step / 40 - middle) / 0.16) ** 2))) for step in range(41)]


def _rising(slope: float, above: float) -> Points:
    return [(step / 20, min(1.0, above + slope * 0.75 * step / 20)) for step in range(21)]


def _spike(middle: float) -> str:
    return _line([(middle - 0.015, 0), (middle, 0.9), (middle + 0.015, 0)], _WINDOW)


def _dots(place: Callable[[int], tuple[float, float]], colour: str) -> str:
    return "".join(f'<circle cx="{x}" cy="{y}" r="2.5" fill="{colour}"/>' for x, y in (_at(*place(number)) for number in range(1, 25)))


def _along(number: int) -> tuple[float, float]:
    return number / 26, min(1.0, number / 26 + 0.06 * math.sin(number * 2.4))


def _scattered(number: int) -> tuple[float, float]:
    return (number * 0.618) % 1, (number * 0.445) % 1


def _bars(heights: Sequence[int], unlike: int | None = None) -> str:
    width = 1 / len(heights)
    parts = []
    for number, height in enumerate(heights):
        x, y = _at(number * width + width * 0.15, height / 6.5)
        wide, tall = (WIDTH - 2 * EDGE) * width * 0.7, HEIGHT - EDGE - y
        colour = _TRAINING if unlike is not None and number != unlike else _WINDOW
        parts.append(f'<rect x="{x}" y="{y}" width="{wide:.1f}" height="{tall:.1f}" fill="{colour}"/>')
    return "".join(parts)


if __name__ == "__main__":
    for name, svg in pictures().items():
        (IMAGES / name).write_text(svg, encoding="utf-8")
