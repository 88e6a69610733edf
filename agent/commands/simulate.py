"""`churnops simulate`: weeks of production under a named change."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from agent.commands.options import HERE, JsonOption, WorkspaceOption, next_command, opened
from agent.views.theme import LOOK, terminal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from rich.console import Console

    from pipeline.worlds.simulation import Simulated


def simulate(
    scenario: Annotated[str, typer.Option("--scenario", "-s", help="What changes; `list` names them all.")] = "none",
    severity: Annotated[Literal["mild", "strong"], typer.Option("--severity", help="How much of it: mild or strong.")] = "strong",
    rows: Annotated[
        int | None,
        typer.Option(
            "--rows",
            "-n",
            min=1,
            max=1_000_000,
            help="Predictions a week; if left out 2,000, or as many as different held-back rows of your table fit the change.",
            show_default=False,
        ),
    ] = None,
    weeks: Annotated[int, typer.Option("--weeks", min=1, max=520, help="Weeks, one after another; the change holds in all of them.")] = 1,
    start: Annotated[
        str,
        typer.Option(
            "--start",
            help="When the first week begins (ISO 8601, UTC); if left out where the log ends, and in an empty log so that all outcomes are known.",
            show_default=False,
        ),
    ] = "",
    labels: Annotated[
        float, typer.Option("--labels", min=0, max=1, help="Share of the customers whose outcome gets known, a month later.")
    ] = 0.5,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Same seed in an equally long log, same customers.")] = 1,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Log weeks of predictions under a named change, scored by the champion, with outcomes for a share of the customers."""
    import json

    from rich.table import Table

    from pipeline.worlds.scenarios import SCENARIOS

    console = terminal(stderr=as_json)
    if scenario == "list":
        table = Table("scenario", "what changes", "truth", box=None)
        for known in SCENARIOS.values():
            table.add_row(known.name, known.says, known.truth)
        console.print(table)
        if as_json:
            typer.echo(json.dumps({known.name: {"says": known.says, "truth": known.truth} for known in SCENARIOS.values()}))
        return
    if scenario not in SCENARIOS:
        from pipeline.tables.similar_names import most_alike

        close = most_alike(scenario, SCENARIOS)
        meant = f" Did you mean {close}?" if close else ""
        raise typer.BadParameter(f"there is no {scenario}.{meant} `churnops simulate -s list` names them all.", param_hint="--scenario")
    from pipeline.windows.spans import parse_start
    from pipeline.worlds.simulation import simulate_weeks

    begin = parse_start(start).start if start else None
    here = opened(workspace)
    run = simulate_weeks(here, scenario, rows, labelled_share=labels, seed=seed, severity=severity, weeks=weeks, start=begin)
    done, interrupted = _logged(run, weeks, console)
    _show(console, done, interrupted, here.workspace.root)
    if as_json and done:
        typer.echo(json.dumps(_answer(done), default=str))
    if interrupted:
        raise typer.Exit(130)


def _logged(run: "Iterator[Simulated]", weeks: int, console: "Console") -> "tuple[list[Simulated], bool]":
    """The weeks that were logged, and whether a person ended it before."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    done: list[Simulated] = []
    parts = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*parts, console=console, transient=True, disable=weeks == 1) as progress:
        task = progress.add_task("Drawing and scoring weeks", total=weeks)
        try:
            for week in run:
                done.append(week)
                progress.advance(task)
        except KeyboardInterrupt:
            return done, True
    return done, False


def _show(console: "Console", done: "Sequence[Simulated]", interrupted: bool, root: "Path") -> None:
    for week in done:
        console.print(
            f"Logged {week.rows:,} predictions of {week.since:%Y-%m-%d} to {week.until:%Y-%m-%d} under [bold]{week.scenario}[/]: "
            f"mean score {week.mean_score:.3f}, churn rate {week.churn_rate:.3f}, {week.outcomes:,} outcomes, "
            f"{week.matured:,} of them matured by now."
        )
    again = sum(week.drawn_again for week in done)
    if again:
        console.print(f"{again:,} of these predictions score a customer of the week again; fewer `--rows` repeat fewer.")
    if done and done[0].beside:
        console.print(
            f"The log holds {done[0].beside:,} other predictions after {done[0].start:%Y-%m-%d}; `churnops drift` looks at the last "
            "seven days of all."
        )
    if interrupted:
        console.print(f"[{LOOK}]Interrupted.[/] {f'Weeks logged: {len(done)}.' if done else 'Nothing was logged.'}")
    else:
        console.print(f"Next: {next_command(root, 'drift')} or {next_command(root, 'triage')}", markup=False, soft_wrap=True)


def _answer(done: "Sequence[Simulated]") -> dict[str, object]:
    """The JSON object: sums and means over all weeks, and the outcomes of each."""
    rows = sum(week.rows for week in done)
    return {
        "scenario": done[0].scenario,
        "rows": rows,
        "weeks": len(done),
        "start": done[0].start,
        "end": done[-1].end,
        "customers": sum(week.customers for week in done),
        "drawn_again": sum(week.drawn_again for week in done),
        "outcomes": sum(week.outcomes for week in done),
        "outcomes_per_week": [week.outcomes for week in done],
        "matured": sum(week.matured for week in done),
        "matured_per_week": [week.matured for week in done],
        "beside": done[0].beside,
        "since": done[0].since,
        "until": done[-1].until,
        "mean_score": sum(week.mean_score * week.rows for week in done) / rows,
        "churn_rate": sum(week.churn_rate * week.rows for week in done) / rows,
    }
