"""`churnops simulate`: a week of production under a named change."""

from typing import Annotated, Literal

import typer

from agent.commands.options import HERE, JsonOption, WorkspaceOption, opened


def simulate(
    scenario: Annotated[str, typer.Option("--scenario", "-s", help="What changes; `list` names them all.")] = "none",
    severity: Annotated[Literal["mild", "strong"], typer.Option("--severity", help="How much of it: mild or strong.")] = "strong",
    rows: Annotated[int, typer.Option("--rows", "-n", min=1, max=1_000_000, help="Customers scored in the week.")] = 2_000,
    labels: Annotated[float, typer.Option("--labels", min=0, max=1, help="Share of them whose outcome has matured.")] = 0.5,
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same customers.")] = 1,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Log a week of predictions under a named change, scored by the champion, with matured outcomes for a share of them."""
    import dataclasses
    import json

    from rich.console import Console
    from rich.table import Table

    from pipeline.worlds.scenarios import SCENARIOS

    console = Console(stderr=as_json, highlight=False)
    if scenario == "list":
        table = Table("scenario", "what changes", "truth", box=None)
        for known in SCENARIOS.values():
            table.add_row(known.name, known.says, known.truth)
        console.print(table)
        if as_json:
            typer.echo(json.dumps({known.name: {"says": known.says, "truth": known.truth} for known in SCENARIOS.values()}))
        return
    if scenario not in SCENARIOS:
        raise typer.BadParameter(f"{scenario} is none of: {', '.join(SCENARIOS)}", param_hint="--scenario")
    from pipeline.worlds.simulation import simulate as run

    with console.status(f"Drawing and scoring {rows:,} customers"):
        done = run(opened(workspace), scenario, rows, labelled_share=labels, seed=seed, severity=severity)
    console.print(
        f"Logged {done.rows:,} predictions of {done.since:%Y-%m-%d} to {done.until:%Y-%m-%d} under [bold]{scenario}[/]: "
        f"mean score {done.mean_score:.3f}, churn rate {done.churn_rate:.3f}, {done.outcomes:,} outcomes, "
        f"{done.matured:,} of them matured by now."
    )
    console.print("Next: [bold]churnops drift[/] or [bold]churnops triage[/].")
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(done), default=str))
