"""What a loss comes from, on the terminal: a bar and an amount for each share, and how ROC-AUC and log loss came to change."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from agent.views.theme import DETAIL
from pipeline.diagnosis.attribution.attribution import POINTS, Attribution
from pipeline.diagnosis.diagnosis import Diagnosis
from reports.first_page.answers import amount
from reports.first_page.loss import loss_words

_BAR = 10
_NAMES = {"profit": "campaign profit", "roc_auc": "ROC-AUC", "log_loss": "log loss"}


def attribution_view(found: Diagnosis, customers: float | None) -> Group:
    """The shares of a diagnosis; `customers`: of a month."""
    told = found.attribution
    if told is None:
        return Group(Text("What a loss comes from cannot be told: outcomes are too few or not to be trusted, or the customers too new."))
    money = told.unit != POINTS
    changed = f"{_figure(told, told.measured, money)} instead of {_figure(told, told.promised, money)} promised"
    head = Text.assemble(("What changed the campaign profit", "bold"), f"  {changed}, {told.unit}, on {told.rows:,} outcomes")
    said = loss_words(told, customers) or "No loss beyond chance."
    return Group(head, _table(told, money), *_others(told), Text(said))


def _table(told: Attribution, money: bool) -> Table:
    table = Table(box=None, pad_edge=True, header_style=DETAIL)
    for name in ("", told.unit, "90% interval", ""):
        table.add_column(name, justify="right" if name else "left", overflow="fold", no_wrap=bool(name))
    largest = max((abs(share.amount) for share in told.shares), default=0.0) or 1.0
    for share in sorted(told.shares, key=lambda one: (one.what == "unexplained", -abs(one.amount))):
        filled = round(_BAR * abs(share.amount) / largest)
        bar = Text("█" * filled + "░" * (_BAR - filled), style="red" if share.amount < 0 else "green")
        low, high = (_figure(told, bound, money, signed=True) for bound in (share.low, share.high))
        table.add_row(bar, _figure(told, share.amount, money, signed=True), f"{low} to {high}", Text(share.said))
    return table


def _others(told: Attribution) -> Iterator[RenderableType]:
    for one in told.others:
        parts = ", ".join(f"{share.amount:+.3f} {share.said}" for share in one.told)
        yield Text(f"  {_NAMES[one.measure]} {one.measured:.3f} instead of {one.promised:.3f}: {parts}", style=DETAIL)


def _figure(told: Attribution, number: float, money: bool, *, signed: bool = False) -> str:
    if money:
        return amount(number) if signed else amount(number).removeprefix("+")
    return f"{number:+.1f}" if signed else f"{number:.1f}"
