"""`churnops train`: the first champion, later a challenger that waits for approval."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from agent.commands.options import HERE, JsonOption, WorkspaceOption, echo_json, next_command, opened_by_person
from agent.views.theme import DETAIL, GOOD, LOOK, terminal
from pipeline.families import families

if TYPE_CHECKING:
    from rich.console import Console

    from agent.training_by_hand import Trained
    from pipeline.models.calibration import OutOfFold
    from pipeline.record.opened_workspace import Opened
    from pipeline.training.family_comparison import Selection


def train(
    estimator: Annotated[
        Literal[tuple(families())] | None,  # type: ignore[valid-type]
        typer.Option("--estimator", help="Instead of the one in churnops.toml.", show_default=False),
    ] = None,
    compare: Annotated[bool, typer.Option("--compare", help="Compare families first, and train the one that is chosen.")] = False,
    only: Annotated[
        list[str] | None,
        typer.Option("--family", help="With --compare: this one, may be given again. Else all installed ones.", show_default=False),
    ] = None,
    fits: Annotated[int, typer.Option("--fits", min=10, max=10_000, help="With --compare: most fits for one family.")] = 40,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Train on the reference and judge at the quality gate. The first model that passes becomes the champion; later ones wait for approval."""

    console = terminal(stderr=as_json)
    if compare and estimator is not None:
        raise typer.BadParameter("--compare chooses the family; name those it may choose from with --family.", param_hint="--estimator")
    here = opened_by_person(workspace)
    chosen = _compared(here, tuple(only or ()), fits, console) if compare else None
    if chosen is None:
        trained = run_training(here, estimator, console)
    else:
        selection, unseen = chosen
        family = selection.of(selection.chosen)
        trained = run_training(here, family.family, console, family.hyperparameters, unseen)
    echo_json(as_json, trained.model_dump(mode="json") | _families(chosen and chosen[0]))


def _compared(here: "Opened", only: tuple[str, ...], fits: int, console: "Console") -> "tuple[Selection, OutOfFold]":
    from rich.live import Live

    from agent.views.family_view import families_table
    from pipeline.families import family_named, installed_families
    from pipeline.intake.reference import load_split
    from pipeline.measures.customer_terms import terms_of
    from pipeline.models.unfitted_model import require_packages
    from pipeline.training.family_comparison import Compared, compare_families
    from reports.family_selection import file_comparison, named, why_chosen

    for name in only:
        family_named(name)
        require_packages(name)
    names = only or installed_families()
    settings = here.settings
    train = load_split(here).train
    terms = terms_of(settings.value, train)
    done: dict[str, Compared] = {}
    with Live(families_table(names, done, None), console=console, auto_refresh=False) as live:

        def show(family: str, line: Compared | None) -> None:
            if line is not None:
                done[family] = line
            _say_in_a_log(console, f"{family.replace('_', ' ')}: {'compared' if line else 'is being compared'}")
            live.update(families_table(names, done, None if line else family), refresh=True)

        found = compare_families(
            names, train, settings.model_columns, here.policy, terms, seed=settings.training.seed, budget=fits, on_family=show
        )
    selection = found.selection
    place = file_comparison(found, terms, here.workspace.comparisons, here.clock())
    chosen = selection.of(selection.chosen)
    console.print(
        f"\n{why_chosen(selection)} {named(chosen)}.",
        f"The comparison: {place / 'comparison.html'}",
        sep="\n",
        markup=False,
        soft_wrap=True,
    )
    if len(selection.compared) < len(names):
        console.print("Ended before all were compared: nothing is trained. What was compared is kept.")
        raise typer.Exit(130)
    return selection, found.unseen[selection.chosen]


def _families(selection: "Selection | None") -> dict[str, object]:
    """What `--compare` adds to the JSON object."""
    from reports.family_selection import why_chosen

    if selection is None:
        return {}
    families = [
        {
            "name": line.family,
            "roc_auc": line.roc_auc,
            "log_loss": line.log_loss,
            "calibration_error": line.calibration_error,
            "value": line.worth,
            "fit_seconds": line.seconds,
        }
        for line in selection.compared
    ]
    return {"families": families, "selected": selection.chosen, "why": why_chosen(selection)}


def run_training(
    here: "Opened",
    estimator: str | None,
    console: "Console",
    hyperparameters: Mapping[str, float] = MappingProxyType({}),
    unseen: "OutOfFold | None" = None,
) -> "Trained":
    """Train with a progress bar and show what came of it."""
    import anyio
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from agent.training_by_hand import train_by_hand
    from pipeline.training.job import Progress as Stage

    with Progress(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task("Training", total=1.0)

        async def show(stage: Stage) -> None:
            bar.update(task, completed=stage.fraction, description=stage.said)
            _say_in_a_log(console, f"{stage.said} ({stage.fraction:.0%})")

        trained = anyio.run(train_by_hand, here, estimator, show, hyperparameters, unseen)
    show_trained(console, trained, here.workspace.root)
    return trained


def _say_in_a_log(console: "Console", said: str) -> None:
    """With --json, where stderr is read elsewhere, progress is lines: a bar would not be drawn there."""
    if console.stderr and not console.is_terminal:
        console.print(said, markup=False)


def show_trained(console: "Console", trained: "Trained", root: Path) -> None:
    """Show a judged model, and what became of it in the workspace at `root`."""
    from rich.markup import escape
    from rich.table import Table

    from pipeline.shown_text import plain
    from reports.comparison_notes import profit_figure, profit_label
    from reports.markdown_cells import MEASURES, figure

    result = trained.result
    made = f"on {result.train_rows:,} rows in {result.seconds:.0f} s"
    fitted_here = "candidate" not in result.fitted_elsewhere
    if not fitted_here:
        made = f"that others fitted, beside {result.train_rows:,} rows of reference"
    table = Table("measure", "value (interval)", box=None, header_style=DETAIL, pad_edge=False)
    for name, label in MEASURES:
        table.add_row(label, figure(getattr(result.metrics, name)))
    if result.profit is not None:
        table.add_row(profit_label(result.profit), profit_figure(result.profit.candidate))
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
        console.print(f"[{LOOK if check.warns else GOOD}]{check.mark}[/] {check.rule}: {escape(check.said)}")
    if trained.leaks:
        named = ", ".join(f"`{escape(plain(name))}`" for name in trained.leaks)
        console.print(
            f"[{LOOK}]Warning[/]: {named} alone tells who churned (ROC-AUC 0.99 or more). If it is known only afterwards, the model is worth "
            "nothing: take it out of [data] in churnops.toml."
        )
    digest = (result.digest or "")[:12]
    if trained.case is None:
        console.print(
            f"[bold {GOOD}]Champion: version {result.version}[/] ({digest}).",
        )
        console.print(f"Next: {next_command(root, 'simulate')} or {next_command(root, 'triage')}", markup=False, soft_wrap=True)
    else:
        console.print(f"[bold]Challenger: version {result.version}[/] ({digest}) waits for approval:")
        console.print(f"churnops reports show {trained.case.case_id}")
