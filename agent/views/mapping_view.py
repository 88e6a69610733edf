"""A proposed mapping for a terminal: pair by pair with its confidence, then what has no partner."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from agent.views.theme import DETAIL, LOOK
from pipeline.intake.proposed_mapping import ProposedMapping, ProposedPair
from pipeline.shown_text import plain

_WORDS = {"id": "customer id", "time": "scoring time", "score": "score", "model_version": "model version"}
_VALUES_SHOWN = 4


def mapping_view(name: str, proposed: ProposedMapping) -> Iterator[RenderableType]:
    """The table, and a line each for features without a column and columns that are none."""
    table = Table("column of the log", "is", "confidence", "why", box=None, header_style=DETAIL, pad_edge=False)
    for pair in proposed.pairs:
        table.add_row(
            escape(plain(pair.column)),
            _what(pair),
            f"{pair.confidence:.0%}" if pair.is_sure else f"[{LOOK}]? {pair.confidence:.0%}[/]",
            escape("; ".join(pair.reasons)),
        )
        if pair.values:
            table.add_row("", "", "", f"[{DETAIL}]{_values(pair)}[/]")
    yield table
    if proposed.lacking:
        yield f"[{LOOK}]{escape(plain(name))} has no column for[/] {_listed(proposed.lacking)}."
    if proposed.unmatched:
        yield f"Left alone: {_listed(proposed.unmatched)}."
    if any(not pair.is_sure for pair in proposed.pairs):
        yield f"Pairs with a [{LOOK}]?[/] are in doubt and are not written unless you accept them one by one."


def _what(pair: ProposedPair) -> str:
    return escape(plain(pair.feature)) if pair.role == "feature" else f"[bold]{_WORDS[pair.role]}[/]"


def _values(pair: ProposedPair) -> str:
    shown = [f"{plain(told)} = {plain(meant)}" for told, meant in list(pair.values.items())[:_VALUES_SHOWN]]
    more = len(pair.values) - len(shown)
    return escape(", ".join(shown)) + (f" and {more} more" if more else "")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(named, names))


def named(name: str) -> str:
    """A column's name in a sentence."""
    return f"`{escape(plain(name))}`"
