"""`churnops prune`: what [retention] no longer keeps, shown first, then deleted."""

from typing import Annotated

import typer

from agent.commands.options import HERE, JsonOption, WorkspaceOption, echo_json, opened_by_person


def prune(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Delete it. Without this, nothing is deleted: it is only shown.")] = False,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Show what is older than \\[retention] keeps and, with --yes, delete it; never ledger, cases, reports, rulings or outcomes."""
    from pipeline.record.retention import find_old, prune

    here = opened_by_person(workspace)
    found = prune(here) if yes else find_old(here)
    for old in found:
        typer.echo(f"{old.number:>12,} {old.what.replace('_', ' '):<14} older than {old.before:%Y-%m-%d %H:%M} UTC", err=as_json)
    typer.echo(_ending(bool(found), any(old.number for old in found), yes), err=as_json)
    echo_json(as_json, {"deleted": yes, "found": found})


def _ending(limited: bool, some: bool, deleted: bool) -> str:
    if not limited:
        return 'Everything is kept: [retention] in churnops.toml names no length, like predictions = "400d".'
    if deleted:
        return "Deleted." if some else "There was nothing to delete."
    return (
        "Nothing was deleted. `churnops prune --yes` deletes it, and so does each check of `churnops watch`."
        if some
        else "Nothing is older."
    )
