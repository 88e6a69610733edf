"""Families side by side in the terminal, a line each as it is done."""

from rich.table import Table

from agent.views.theme import DETAIL
from pipeline.training.family_comparison import Compared


def families_table(names: tuple[str, ...], done: dict[str, Compared], under_way: str | None) -> Table:
    """What is known so far of each family that is compared."""
    table = Table(
        "family",
        "log loss ↓",
        "ROC-AUC",
        "PR-AUC",
        "profit, %",
        "profit per 1,000",
        "fits",
        "seconds",
        box=None,
        header_style=DETAIL,
        pad_edge=False,
    )
    for name in names:
        line = done.get(name)
        if line is None:
            table.add_row(name, "…" if name == under_way else "", style=DETAIL if name != under_way else "")
            continue
        table.add_row(
            name,
            f"{line.log_loss:.4f}",
            f"{line.roc_auc:.4f}",
            f"{line.average_precision:.4f}",
            f"{line.worth:.1f} ± {line.worth_error:.1f}",
            "" if line.profit is None else f"{line.profit:,.0f} ± {line.profit_error or 0.0:,.0f}",
            f"{line.fits}",
            f"{line.seconds:.0f}",
        )
    return table
