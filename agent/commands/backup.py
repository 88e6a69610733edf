"""`churnops backup` and `churnops restore`: a workspace in one file, and a workspace of such a file."""

from pathlib import Path
from typing import Annotated

import typer

from agent.commands.options import HERE, JsonOption, WorkspaceOption, echo_json, next_command, opened_by_person


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write, a gzipped tar.")],
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Put the whole workspace in one file while it is at work: state, ledger, models, reports, settings, reference."""
    from reports.decisions.backup import back_up

    manifest = back_up(opened_by_person(workspace), file)
    megabytes = sum(held.size for held in manifest.files.values()) / 1e6
    typer.echo(f"{file}: {len(manifest.files)} files, {megabytes:.1f} MB, ledger head {manifest.head}", err=as_json)
    for path in manifest.elsewhere:
        typer.echo(f"Not in it, as it lies outside the workspace: {path}", err=True)
    typer.echo(
        "It holds customers' data: keep it as you keep those. Keep the head in another place, for `churnops restore --head`.", err=True
    )
    echo_json(as_json, {"file": str(file), "head": manifest.head, "files": len(manifest.files), "elsewhere": manifest.elsewhere})


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `churnops backup` wrote.")],
    workspace: Annotated[Path, typer.Option("--workspace", "-w", help="An empty folder, which becomes the workspace.")],
    head: Annotated[
        str, typer.Option("--head", help="NUMBER:HASH as you noted it elsewhere; shows missing last entries.", show_default=False)
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Check a backup to the last byte, verify its record, and lay it out; with `database_url` set its state goes into that empty database."""
    from pipeline.clock import utc_now
    from prompts import policy_text
    from reports.decisions.restoration import restore as lay_out

    found = lay_out(file, workspace, policy_text(), utc_now, head)
    typer.echo(f"{workspace}: {found.rows} rows of the ledger, reports, artifacts and approvals are as they were written.", err=as_json)
    typer.echo(f"Next: {next_command(workspace, 'doctor')}", err=as_json)
    echo_json(as_json, found)
