"""`churnops outcomes`: what became of the customers, added to the log as it becomes known."""

from pathlib import Path
from typing import Annotated

import typer

from agent.commands.given_files import given_file
from agent.commands.options import HERE, JsonOption, WorkspaceOption, echo_json, opened_by_person

app = typer.Typer(help="Add outcomes to the log, so that windows and trainings know them.", no_args_is_help=True)


@app.command()
def add(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            parser=given_file,
            help="Path or URL: id and target columns, optionally predicted_at (when scored) and observed_at (when known).",
        ),
    ],
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Add a file of outcomes to the log. Adding it again changes nothing; another word on the same customer and scoring counts from then on."""
    from pipeline.intake.outcomes import add_outcomes

    found = add_outcomes(opened_by_person(workspace), file)
    said = f"{found.added:,} outcomes added ({found.corrected:,} correct an earlier word), {found.known:,} were known already."
    if found.strangers:
        said += f" For {found.strangers:,} of them no prediction is logged: check the ids."
    typer.echo(said, err=as_json)
    echo_json(as_json, found)
