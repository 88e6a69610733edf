"""One column before and now in a few characters: where its values lie, or how often each is."""

from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from agent.views.theme import DETAIL, NAME
from pipeline.profiles.distribution import Distribution, ValueShare

_HEIGHTS = " ▁▂▃▄▅▆▇█"
_BAR = 16  # cells of the most frequent value
_NAMED = 4  # values that have a line of their own
_MISSING = 0.01  # share of the rows by which what is missing must differ to be told


def distribution_view(seen: Distribution) -> RenderableType:
    """The column in at most six lines, in the training data and now; a number as a row of bars, a category as shares."""
    table = Table.grid(padding=(0, 1))
    if seen.numerical:
        first, last = seen.parts[0].label.split(" to ")[0], seen.parts[-1].label.split(" to ")[-1]
        table.add_row(Text(seen.feature, style="bold"), Text(f"from {first} to {last}; each bar is a share of the rows", style=DETAIL))
        table.add_row("in training", Text(bars([part.reference for part in seen.parts], seen.most)))
        table.add_row("now", Text(bars([part.window for part in seen.parts], seen.most), style=NAME))
    else:
        table.add_row(Text(seen.feature, style="bold"), Text("in training", style=DETAIL), Text("now", style=DETAIL))
        for part in _told(seen.parts):
            table.add_row(Text(part.label[:30]), _share(part.reference, seen.most), _share(part.window, seen.most, NAME))
    if abs(seen.missing.window - seen.missing.reference) >= _MISSING:
        missing = Text(f"{seen.missing.reference:.0%} in training, {seen.missing.window:.0%} now")
        table.add_row("missing", missing)
    return table


def bars(values: Sequence[float], top: float) -> str:
    """A character for each value, `top` and above as the whole block; the smallest that is there still shows.

    >>> bars([0.0, 0.01, 0.5, 1.0], 1.0)
    ' ▁▄█'
    """
    return "".join(_HEIGHTS[max(value > 0, min(8, round(8 * value / top)))] for value in values)


def _told(parts: Sequence[ValueShare]) -> list[ValueShare]:
    """The values that moved most, in their order; the others of them need no line."""
    moved = sorted(parts, key=lambda part: abs(part.window - part.reference), reverse=True)[:_NAMED]
    return [part for part in parts if part in moved]


def _share(share: float, most: float, style: str = "") -> Text:
    return Text(f"{share:4.0%} {'█' * round(_BAR * share / most)}", style=style)
