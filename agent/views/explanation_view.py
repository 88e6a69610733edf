"""Explanations in the terminal: effects as bars from the middle, a row per feature."""

from rich.table import Column, Table
from rich.text import Text

from agent.views.theme import BAD, DETAIL, NAME
from pipeline.explanation.customer import CustomerExplanation
from pipeline.explanation.whole_model import ModelExplanation
from pipeline.shown_text import plain

_SIDE = 10  # cells of a bar to either side
_ROWS = 12


def customer_table(found: CustomerExplanation) -> Table:
    """The strongest effects on one customer's answer, beside what the second opinion says."""
    table = Table(
        "feature", "value", Column("lowers │ raises", justify="center"), "SHAP", "LIME", box=None, header_style=DETAIL, pad_edge=False
    )
    reach = max((abs(one.effect) for one in found.contributions), default=0.0) or 1.0
    for one in found.contributions[:_ROWS]:
        value = "missing" if one.value is None else f"{one.value:g}" if isinstance(one.value, float) else plain(one.value, 18)
        table.add_row(Text(plain(one.feature, 18)), Text(value), _bar(one.effect / reach), f"{one.effect:+.3f}", f"{one.second:+.3f}")
    return table


def model_table(found: ModelExplanation) -> Table:
    """The strongest features of a model; of a window also whom they moved."""
    heads = ["feature", "", "mean effect"]
    moves = {one.feature: one for one in found.moves.features} if found.moves else {}
    table = Table(*heads, *(["tier up", "tier down", "by chance"] if moves else []), box=None, header_style=DETAIL, pad_edge=False)
    reach = max((one.strength for one in found.features), default=0.0) or 1.0
    for one in found.features[:_ROWS]:
        moved = moves.get(one.feature)
        told = [f"{moved.higher}", f"{moved.lower}", f"{moved.by_chance:.0f}"] if moved else []
        table.add_row(Text(plain(one.feature, 20)), Text("█" * round(_SIDE * one.strength / reach)), f"{one.strength:.4f}", *told)
    return table


def _bar(share: float) -> Text:
    cells = round(_SIDE * abs(share))
    if share < 0:
        return Text(" " * (_SIDE - cells) + "█" * cells, style=NAME).append("│" + " " * _SIDE, style=DETAIL)
    return Text(" " * _SIDE).append("│", style=DETAIL).append("█" * cells, style=BAD).append(" " * (_SIDE - cells))
