"""`churnops replay`: a dated, labelled table as if it had been production, before anybody trusts the operator with theirs."""

from typing import TYPE_CHECKING, Annotated

import typer

from agent.commands.given_files import given_file
from agent.commands.options import JsonOption, echo_json
from agent.views.theme import LOOK, terminal

if TYPE_CHECKING:
    from rich.console import Console

    from pipeline.replay.dated_table import DatedTable
    from pipeline.replay.replaying import Replay


def replay(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Labelled table: CSV, JSON, Excel or Parquet, or its URL.", show_default=False)
    ],
    time: Annotated[str, typer.Option("--time", metavar="COLUMN", help="Its column that says when a row was scored.", show_default=False)],
    target: Annotated[str, typer.Option("--target", help="Its column that says who churned.", show_default=False)],
    customer: Annotated[str, typer.Option("--id", help="Its column that names the customer; found out when left out.")] = "",
    positive: Annotated[str, typer.Option("--positive", help="The target's value for churned; found out when left out.")] = "",
    drop: Annotated[
        list[str] | None,
        typer.Option("--drop-target", help="Leave out the rows with this value of the target; repeatable.", show_default=False),
    ] = None,
    batch: Annotated[str, typer.Option("--batch", help="Length of a batch, after which somebody looks: 4w, 7d or 24h.")] = "4w",
    label_delay: Annotated[str, typer.Option("--label-delay", help="How long after its time a row's outcome is known.")] = "30d",
    reference: Annotated[
        str,
        typer.Option("--reference", help="The oldest part, which trains the first champion: rows (8000), a share (0.3) or a length (24w)."),
    ] = "0.3",
    estimator: Annotated[str, typer.Option("--estimator", help="Family of all models.")] = "random_forest",
    as_json: JsonOption = False,
) -> None:
    """Replay a dated, labelled table batch by batch: what the operator would have decided and earned, beside simple rules. Needs no workspace."""
    import os
    import tempfile
    from pathlib import Path

    # One thread, before numpy is loaded: the order of a sum, and so a model, does not depend on the machine's cores.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")

    from agent.views.replay_view import report_view, table_view
    from pipeline.families import families
    from pipeline.replay.dated_table import Columns, Pace, parse_reference, read_dated
    from pipeline.replay.replaying import Replay
    from pipeline.windows.spans import parse_length
    from pipeline.workspace.policy import load_policy
    from pipeline.workspace.value_settings import ValueSettings
    from prompts import policy_text

    if estimator not in families():
        raise typer.BadParameter(f"{estimator} is none of: {', '.join(families())}", param_hint="--estimator")
    pace = Pace(parse_length(batch).length, parse_length(label_delay).length, parse_reference(reference))
    console = terminal(stderr=as_json)
    with console.status("Reading the table"):
        table = read_dated(given_file(file), Columns(time, target, customer, positive, tuple(drop or ())), pace)
    console.print(table_view(table))
    with tempfile.TemporaryDirectory(prefix="churnops-replay-") as place:
        lived = Replay(table, pace, Path(place), load_policy(policy_text(), {}), ValueSettings(), estimator)
        interrupted = _run(lived, table, console)
        report = lived.report()
    if report is None:
        console.print("No batch was done, so there is nothing to report.")
        echo_json(as_json, {"asked": len(table.batches), "lived": 0})
        raise typer.Exit(130)
    console.print(report_view(report))
    echo_json(as_json, report)
    if interrupted:
        raise typer.Exit(130)


def _run(lived: "Replay", table: "DatedTable", console: "Console") -> bool:
    """Live through the table, and say whether a person ended it before."""
    import warnings

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    parts = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # What libraries think of single fits is kept from the screen. A filter would not do: fits in threads reset the filters of all.
    with Progress(*parts, console=console, transient=True) as progress, warnings.catch_warnings(record=True):
        task = progress.add_task("Training the first champion", total=len(table.batches))
        try:
            for done in lived.steps():
                after = table.batches[min(done, len(table.batches) - 1)]
                progress.update(task, completed=done, description=f"Batch from {after.since:%Y-%m-%d}")
        except KeyboardInterrupt:
            console.print(f"[{LOOK}]Interrupted.[/] What is done so far:")
            return True
    return False
