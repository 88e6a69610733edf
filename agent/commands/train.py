"""`churnops train`: the first champion, later a challenger that waits for approval."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from agent.commands.options import HERE, JsonOption, WorkspaceOption, echo_json, opened_by_person
from pipeline.families import families

if TYPE_CHECKING:
    from rich.console import Console

    from agent.training_by_hand import Trained
    from pipeline.record.opened_workspace import Opened


def train(
    estimator: Annotated[
        Literal[tuple(families())] | None,  # type: ignore[valid-type]
        typer.Option("--estimator", help="Instead of the one in churnops.toml.", show_default=False),
    ] = None,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Train on the reference and judge at the quality gate. The first model that passes becomes the champion; later ones wait for approval."""
    from rich.console import Console

    console = Console(stderr=as_json, highlight=False)
    trained = run_training(opened_by_person(workspace), estimator, console)
    echo_json(as_json, trained)


def run_training(here: "Opened", estimator: str | None, console: "Console") -> "Trained":
    """Train with a progress bar and show what came of it."""
    import anyio
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from agent.training_by_hand import train_by_hand
    from pipeline.training.job import Progress as Stage

    with Progress(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task("Training", total=1.0)

        async def show(stage: Stage) -> None:
            bar.update(task, completed=stage.fraction, description=stage.said)

        trained = anyio.run(train_by_hand, here, estimator, show)
    show_trained(console, trained)
    return trained


def show_trained(console: "Console", trained: "Trained") -> None:
    """Show a judged model, and what became of it."""
    from rich.markup import escape
    from rich.table import Table

    from pipeline.shown_text import plain
    from reports.markdown_cells import MEASURES, figure

    result = trained.result
    made = f"on {result.train_rows:,} rows in {result.seconds:.0f} s"
    fitted_here = "candidate" not in result.fitted_elsewhere
    if not fitted_here:
        made = f"that others fitted, beside {result.train_rows:,} rows of reference"
    table = Table("measure", "value (interval)", box=None, header_style="dim", pad_edge=False)
    for name, label in MEASURES:
        table.add_row(label, figure(getattr(result.metrics, name)))
    console.print(
        f"[bold]{result.estimator}[/] {made}, judged on {result.metrics.n:,} "
        f"({result.metrics.churners:,} churned), threshold {result.metrics.threshold:g}"
    )
    console.print(table)
    trial = result.calibration
    kept = "kept" if trial.kept else "not kept"
    whose = "out of fold on {n} training rows" if fitted_here else "by its own scores of {n} rows"
    console.print(
        f"Calibration ({trial.method}) {kept}: log loss {trial.log_loss_raw:.4f} → {trial.log_loss_calibrated:.4f} "
        f"{whose.format(n=f'{trial.n:,}')}, z = {trial.z:+.1f}"
    )
    for check in result.gate.checks:
        console.print(f"[green]✔[/] {check.rule}: {check.said}")
    if trained.leaks:
        named = ", ".join(f"`{escape(plain(name))}`" for name in trained.leaks)
        console.print(
            f"[yellow]Warning[/]: {named} alone tells who churned (ROC-AUC 0.99 or more). If it is known only afterwards, the model is worth "
            "nothing: take it out of [data] in churnops.toml."
        )
    digest = (result.digest or "")[:12]
    if trained.case is None:
        console.print(
            f"[bold green]Champion: version {result.version}[/] ({digest}). Next: [bold]churnops simulate[/] or [bold]churnops triage[/]"
        )
    else:
        console.print(f"[bold]Challenger: version {result.version}[/] ({digest}) waits for approval:")
        console.print(f"churnops reports show {trained.case.case_id}")
