"""`churnops window`: rows that a person keeps out of windows, references and training."""

from typing import Annotated

import typer

from agent.commands.options import HERE, JsonOption, WorkspaceOption, echo_json, opened_by_person, opened_to_look

app = typer.Typer(help="Keep broken rows out of windows, references and training, or take them back in.", no_args_is_help=True)


@app.command()
def exclude(
    since: Annotated[str, typer.Option("--since", help="First day or moment of scoring (ISO 8601, UTC).")],
    until: Annotated[str, typer.Option("--until", help="Last day or moment; a day counts whole.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; goes on record.")],
    where: Annotated[str, typer.Option("--where", help="COLUMN=VALUE: only rows with this value.", show_default=False)] = "",
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Leave rows out from now on. They stay where they are; a champion that was trained on them stays as it is."""
    from pipeline.windows.spans import parse_end, parse_start
    from reports.decisions.rulings import exclude as leave_out

    column, equals, value = where.partition("=")
    if where and not (column and equals and value):
        raise typer.BadParameter("write it like contract=yearly", param_hint="--where")
    here = opened_by_person(workspace)
    chosen = (column.strip(), value.strip()) if where else None
    made = leave_out(here, parse_start(since).start, parse_end(until), chosen, reason)
    only = f" with {made.column} = {made.value}" if made.column else ""
    typer.echo(
        f"Exclusion {made.number}: rows{only} of {made.since:%Y-%m-%d %H:%M} to before {made.until:%Y-%m-%d %H:%M} UTC.", err=as_json
    )
    echo_json(as_json, made)


@app.command("list")
def list_(workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """Show what is and was left out."""

    from pipeline.rulings.exclusions import recorded_exclusions

    recorded = recorded_exclusions(opened_to_look(workspace).state)
    for one in recorded:
        only = f" with {one.column} = {one.value}" if one.column else ""
        ended = f", ended by {one.ended_by} on {one.ended_at:%Y-%m-%d}" if one.ended_at else ""
        span = f"{one.since:%Y-%m-%d %H:%M} to before {one.until:%Y-%m-%d %H:%M} UTC"
        typer.echo(f"{one.number}: rows{only} of {span} ({one.by}: {one.reason}){ended}", err=as_json)
    if not recorded:
        typer.echo("Nothing is left out.", err=as_json)
    echo_json(as_json, {"exclusions": recorded})


@app.command()
def include(
    number: Annotated[int, typer.Argument(metavar="ID", help="Of the exclusion, as `window list` shows it.")],
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Take rows back in."""
    from reports.decisions.rulings import include as take_back

    ended = take_back(opened_by_person(workspace), number)
    typer.echo(f"Exclusion {ended.number} ended; its rows count again.", err=as_json)
    echo_json(as_json, ended)
