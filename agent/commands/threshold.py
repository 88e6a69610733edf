"""`churnops threshold`: what another threshold would mean, and which one pays most."""

from typing import Annotated

import typer

from agent.commands.options import HERE, JsonOption, WorkspaceOption, echo_json, opened_to_look
from agent.views.theme import DETAIL, terminal

_STEPS = tuple(round(0.05 * step, 2) for step in range(1, 20))


def threshold(
    min_precision: Annotated[float, typer.Option(min=0.0, max=1.0, help="Of those called churners, at least this share must churn.")] = 0.0,
    min_recall: Annotated[float, typer.Option(min=0.0, max=1.0, help="At least this share of the churners must be called so.")] = 0.0,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Show what thresholds mean for the champion, by training rows its models had not seen, and propose one. Changes nothing."""
    import numpy as np
    from rich.table import Table

    from pipeline.errors import DataError
    from pipeline.measures.campaign_value import break_even
    from pipeline.measures.customer_terms import terms_of, typical
    from pipeline.measures.threshold_sweep import proposed, sweep
    from pipeline.record.champion import open_champion

    here = opened_to_look(workspace)
    champion, artifact = open_champion(here)
    value, now = here.settings.value, artifact.manifest.threshold
    if artifact.manifest.recalibration is not None or artifact.manifest.adopted is not None:
        raise DataError(
            f"Champion version {champion.version} has no scores of rows it had not seen: others fitted it, or it was recalibrated since.",
            "`churnops replay` values decisions on a table of your own.",
        )
    rows = artifact.reference()
    y, p = rows[artifact.manifest.columns.target].to_numpy(), artifact.reference_scores()
    paying = break_even(typical(value, rows))
    steps = sorted({*_STEPS, now, *([round(paying, 4)] if paying < 1 else [])})
    measured = sweep(y, np.asarray(p), steps, terms_of(value, rows))
    best = proposed(measured, paying=round(paying, 4), capacity=value.capacity, min_precision=min_precision, min_recall=min_recall)
    table = Table("threshold", "contacted", "precision", "recall", "profit per 1,000", "", box=None, header_style=DETAIL, pad_edge=False)
    for at in measured:
        marks = [word for word, holds in (("now", at.threshold == now), ("proposed", at == best)) if holds]
        precision = "–" if at.precision is None else f"{at.precision:.0%}"
        profit = f"{at.profit:,.0f} ± {at.profit_error:,.0f}"
        table.add_row(f"{at.threshold:g}", f"{at.contacts:.0%}", precision, f"{at.recall:.0%}", profit, ", ".join(marks))
    console = terminal(stderr=as_json)
    console.print(f"Champion version {champion.version} on {len(y):,} rows that its models had not seen; an offer pays from {paying:.2f}.")
    console.print(table)
    if best is None:
        console.print("None of these meets what you ask.")
    elif best.threshold == now:
        console.print("The threshold that is set is the one proposed.")
    else:
        console.print(
            f"To propose it: `threshold = {best.threshold:g}` under \\[training] in churnops.toml, then `churnops train`. "
            "The model that has it waits for approval, as any other.",
            soft_wrap=True,
        )
    echo_json(as_json, {"version": champion.version, "now": now, "break_even": paying, "thresholds": measured, "proposed": best})
