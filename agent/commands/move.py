"""`churnops move`: a workspace's state from its SQLite file into PostgreSQL."""

from typing import Annotated

import typer

from agent.commands.options import HERE, JsonOption, WorkspaceOption, echo_json, opened_by_person


def move(
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="URL",
            help="An empty database or schema, like postgresql://user@host/name; a password comes from PGPASSWORD or ~/.pgpass.",
        ),
    ] = "",
    artifacts: Annotated[
        str,
        typer.Option(
            "--artifacts",
            metavar="URL",
            help="Put models, reports and transcripts in an object store as well, like s3://bucket/churn; without --to only them, of a workspace in PostgreSQL.",
        ),
    ] = "",
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Take the state of a workspace over into PostgreSQL, verified row by row; the SQLite file stays as it was. Stop its servers first."""
    from reports.decisions.moving import move as take_over

    moved = take_over(opened_by_person(workspace), to, artifacts)
    for table in moved.tables:
        if table.rows:
            typer.echo(f"{table.rows:>12,} {table.name:<20} sha256 {table.sha256[:12]}", err=as_json)
    if not to:
        typer.echo(f"{moved.to} holds {moved.files:,} models, reports and transcripts alike; ledger head {moved.head}.", err=as_json)
        typer.echo("Next: set `artifact_url` above all sections of churnops.toml, then start its servers again.", err=as_json)
        echo_json(as_json, moved)
        return
    stored = f", {moved.files:,} models, reports and transcripts in the object store" if artifacts else ""
    typer.echo(f"{moved.to} holds them alike{stored}; ledger head {moved.head}. The workspace still works on its SQLite file.", err=as_json)
    also = " and `artifact_url`" if artifacts else ""
    typer.echo(f"Next: set `database_url`{also} above all sections of churnops.toml, then start its servers again.", err=as_json)
    echo_json(as_json, moved)
