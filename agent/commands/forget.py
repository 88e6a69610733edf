"""`churnops forget`: a customer's rows erased, on record without saying whose."""

from typing import Annotated

import typer

from agent.commands.options import HERE, JsonOption, WorkspaceOption, echo_json, opened_by_person


def forget(
    customer: Annotated[str, typer.Argument(metavar="ID", help="The customer's id as it was logged; one that begins with - after --.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what is on record, and erase nothing.")] = False,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Erase a customer's predictions, outcomes, offers, shadow scores and places on lists of outcomes asked for. The ledger records that it was done, not of whom."""
    import sys

    from pipeline.errors import ChurnopsError
    from reports.decisions.forgetting import forget as erase
    from reports.decisions.forgetting import known_of

    here = opened_by_person(workspace)
    found = known_of(here, customer)
    rows = ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in found.rows.items())
    if not dry_run:
        if not yes and not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise ChurnopsError("This erases rows for good, and there is no terminal to ask.", "Add --yes to do it, or --dry-run to see.")
        if not yes and not typer.confirm(f"Erase {rows} for good?"):
            raise ChurnopsError("Nothing was erased.", "")
        found = erase(here, customer)
    done = f"Erased: {rows} (ledger row {found.row})." if found.row else f"On record: {rows}. Nothing was erased."
    typer.echo(done, err=as_json)
    for name in found.mentions:
        typer.echo(f"The id is written in {name}.", err=as_json)
    for said in found.elsewhere:
        typer.echo(said, err=as_json)
    echo_json(as_json, found)
