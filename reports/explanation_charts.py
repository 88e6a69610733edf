"""Explanations drawn as SVG: the beeswarm of all features, the waterfall of one customer, the dependence on one feature. Each says what it shows
in words, and the figures stand in a table beside it."""

from collections.abc import Sequence
from html import escape

import numpy as np

from pipeline.explanation.customer import Contribution, CustomerExplanation
from pipeline.explanation.whole_model import FeatureEffects, ModelExplanation
from pipeline.shown_text import plain

_RAISES, _LOWERS, _SOFT, _INK = "#c0392b", "#2471a3", "#8a8f98", "#222"
_WIDE, _LEFT, _ROW = 720, 200, 26
_NAMED = 300  # where names have values
_FEATURES = 12  # of a beeswarm or waterfall; what is beyond is added up or left to the table
_WORDS = 24  # characters of a name or a value


def beeswarm_svg(found: ModelExplanation) -> str:
    """A row of dots per feature, a dot per customer: to the right it raises the risk; the darker, the higher the customer's value."""
    shown = found.features[:_FEATURES]
    reach = max((abs(effect) for one in shown for effect in one.effects), default=0.0) or 1.0
    parts = []
    for place, one in enumerate(shown):
        middle = 30 + _ROW * place
        parts.append(_text(_LEFT - 10, middle + 4, one.feature, anchor="end"))
        for effect, height, shade in zip(one.effects, _heights(one.effects, reach), _shades(one), strict=True):
            parts.append(
                f'<circle cx="{_across(effect, reach):.1f}" cy="{middle + height:.1f}" r="2.2" fill="{shade}" fill-opacity="0.75"/>'
            )
    tall = 30 + _ROW * len(shown) + 30
    parts.append(_zero(reach, 12, tall - 36))
    parts.append(_text(_LEFT, tall - 14, "← lowers the risk", colour=_LOWERS))
    parts.append(_text(_WIDE - 10, tall - 14, f"raises the risk, up to {reach:.2g} {found.unit} →", anchor="end", colour=_RAISES))
    strongest = ", ".join(plain(one.feature, _WORDS) for one in shown[:3])
    return _svg(
        tall, f"Effects of {len(shown)} features on {found.rows:,} customers, a dot each. Strongest on average: {strongest}.", parts
    )


def waterfall_svg(found: CustomerExplanation) -> str:
    """From what the model says of the average customer to what it says of this one, a bar per feature."""
    shown, others = found.contributions[:_FEATURES], found.contributions[_FEATURES:]
    steps = [(_named(one), one.effect) for one in shown]
    if others:
        steps.append((f"{len(others)} other features", sum(one.effect for one in others)))
    ends = found.base + np.concatenate([[0.0], np.cumsum([effect for _, effect in steps])])
    low, high = float(ends.min()), float(ends.max())
    span = (high - low) or 1.0

    def across(value: float) -> float:
        return _NAMED + 60 + (_WIDE - _NAMED - 130) * (value - low) / span

    parts = [
        _text(_NAMED - 10, 20, "average customer", anchor="end", colour=_SOFT),
        _text(across(found.base), 20, f"{found.base:.3f}", colour=_SOFT),
    ]
    for place, (name, effect) in enumerate(steps):
        top, start, end = 32 + _ROW * place, across(float(ends[place])), across(float(ends[place + 1]))
        colour = _RAISES if effect > 0 else _LOWERS
        parts.append(_text(_NAMED - 10, top + 13, name, anchor="end"))
        parts.append(f'<rect x="{min(start, end):.1f}" y="{top}" width="{max(abs(end - start), 0.5):.1f}" height="18" fill="{colour}"/>')
        parts.append(_text(max(start, end) + 5, top + 13, f"{effect:+.3f}"))
    tall = 32 + _ROW * len(steps) + 24
    parts.append(_text(_NAMED - 10, tall - 8, f"this customer, {found.unit}", anchor="end", weight="bold"))
    parts.append(_text(across(float(ends[-1])), tall - 8, f"{found.response:.3f}", weight="bold"))
    told = "; ".join(f"{_named(one)} {one.effect:+.3f}" for one in shown[:3])
    said = f"From the average customer's {found.base:.3f} to {found.response:.3f} {found.unit}, by {len(steps)} steps. Strongest: {told}."
    return _svg(tall, said, parts)


def dependence_svg(one: FeatureEffects, unit: str) -> str:
    """The effect of one feature by its value: a dot per customer for a number, a column of dots per category."""
    known = [(value, effect) for value, effect in zip(one.values, one.effects, strict=True) if value is not None]
    reach = max((abs(effect) for _, effect in known), default=0.0) or 1.0
    if one.numerical:
        numbers = [float(value) for value, _ in known]
        low, high = min(numbers, default=0.0), max(numbers, default=1.0)
        at = [(number - low) / ((high - low) or 1.0) for number in numbers]
        ends = [(0.0, f"{low:g}"), (1.0, f"{high:g}")]
    else:
        words = _commonest([str(value) for value, _ in known])
        known = [(value, effect) for value, effect in known if str(value) in words]
        at = [(words.index(str(value)) + 0.5) / len(words) for value, _ in known]
        ends = [((place + 0.5) / len(words), word) for place, word in enumerate(words)]
    wide, tall = _WIDE - 120, 200
    parts = [_text(90, 16, one.feature, weight="bold")]
    parts += [f'<line x1="90" x2="{_WIDE - 20}" y1="120" y2="120" stroke="{_SOFT}"/>', _text(84, 32, f"{reach:+.2g}", anchor="end")]
    parts.append(_text(84, 124, "0", anchor="end"))
    parts.append(_text(84, 214, f"{-reach:+.2g}", anchor="end"))
    for place, (_, effect) in zip(at, known, strict=True):
        colour = _RAISES if effect > 0 else _LOWERS
        y = 120 - 0.45 * tall * effect / reach
        parts.append(f'<circle cx="{100 + (wide - 10) * place:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}" fill-opacity="0.6"/>')
    for place, word in ends:
        anchor = "middle" if not one.numerical else "start" if place == 0 else "end"
        parts.append(_text(100 + (wide - 10) * place, 240, word, anchor=anchor))
    return _svg(255, f"Effect of {plain(one.feature, _WORDS)} in {unit}, by its value, on {len(known):,} customers.", parts)


def _commonest(words: Sequence[str]) -> list[str]:
    return sorted(set(words), key=lambda word: (-words.count(word), word))[:6]


def _named(one: Contribution) -> str:
    value = "missing" if one.value is None else f"{one.value:g}" if isinstance(one.value, float) else plain(one.value, _WORDS)
    return f"{plain(one.feature, _WORDS)} = {value}"


def _across(effect: float, reach: float) -> float:
    middle = (_LEFT + _WIDE) / 2
    return middle + (_WIDE - _LEFT - 30) / 2 * effect / reach


def _heights(effects: Sequence[float], reach: float) -> list[float]:
    """Dots of about the same effect stand above and below one another, in the order they come."""
    taken: dict[int, int] = {}
    found = []
    for effect in effects:
        cell = round(60 * effect / reach)
        place = taken[cell] = taken.get(cell, -1) + 1
        found.append(min((place + 1) // 2 * 1.6, _ROW / 2 - 2) * (1 if place % 2 else -1))
    return found


def _shades(one: FeatureEffects) -> list[str]:
    if not one.numerical:
        return ["#566573"] * len(one.effects)
    numbers = np.array([np.nan if value is None else float(value) for value in one.values])
    known = np.sort(numbers[~np.isnan(numbers)])
    ranks = np.searchsorted(known, numbers) / max(known.size - 1, 1)
    return [
        _SOFT if number != number else f"hsl(280,60%,{75 - 50 * min(rank, 1):.0f}%)" for number, rank in zip(numbers, ranks, strict=True)
    ]


def _zero(reach: float, top: float, bottom: float) -> str:
    x = _across(0.0, reach)
    return f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{bottom}" stroke="{_SOFT}"/>'


def _text(x: float, y: float, said: str, *, anchor: str = "start", colour: str = _INK, weight: str = "normal") -> str:
    words = escape(plain(said, 2 * _WORDS + 4))
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" font-weight="{weight}">{words}</text>'


def _svg(tall: float, said: str, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE} {tall}" role="img" aria-label="{escape(said)}" '
        f'font-family="sans-serif" font-size="12"><rect width="{_WIDE}" height="{tall}" fill="#fff"/>{"".join(parts)}</svg>'
    )
