"""What a loss comes from, on the terminal: a bar and an amount for each share, and how ROC-AUC and log loss came to change."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from agent.views.theme import BAD, DETAIL, GOOD
from pipeline.diagnosis.attribution.attribution import Attribution
from pipeline.diagnosis.diagnosis import Diagnosis
from reports.first_page.loss import loss_words

_BAR = 10
_NAMES = {"profit": "campaign profit", "roc_auc": "ROC-AUC", "log_loss": "log loss"}


def attribution_view(found: Diagnosis, customers: float | None) -> Group:
    """The shares of a diagnosis; `customers`: of a month."""
    told = found.attribution
    if told is None:
        return Group(Text("What a loss comes from cannot be told: outcomes are too few or not to be trusted, or the customers too new."))
    measured, promised = (told.figure(number).removeprefix("+") for number in (told.measured, told.promised))
    changed = f"{measured} instead of {promised} promised"
    head = Text.assemble(("What changed the campaign profit", "bold"), f"  {changed}, {told.unit}, on {told.rows:,} outcomes")
    said = loss_words(told, customers) or "No loss beyond chance."
    return Group(head, _table(told), *_others(told), Text(said))


def _table(told: Attribution) -> Table:
    table = Table(box=None, pad_edge=True, header_style=DETAIL)
    for name in ("", "amount", "90% interval", ""):
        table.add_column(name, justify="right" if name else "left", overflow="fold", no_wrap=bool(name))
    largest = max((abs(share.amount) for share in told.shares), default=0.0) or 1.0
    for share in sorted(told.shares, key=lambda one: (one.what == "unexplained", -abs(one.amount))):
        filled = round(_BAR * abs(share.amount) / largest)
        bar = Text("█" * filled + "░" * (_BAR - filled), style=BAD if share.amount < 0 else GOOD)
        low, high = (told.figure(bound) for bound in (share.low, share.high))
        table.add_row(bar, told.figure(share.amount), f"{low} to {high}", Text(share.said))
    return table


def _others(told: Attribution) -> Iterator[RenderableType]:
    for one in told.others:
        parts = ", ".join(f"{one.figure(share.amount)} {share.said}" for share in one.told)
        yield Text(f"  {_NAMES[one.measure]} {one.measured:.3f} instead of {one.promised:.3f}: {parts}", style=DETAIL)
