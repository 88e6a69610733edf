"""`churnops status`: is the champion well, what waits, what changed; of one workspace, or of a fleet."""

from pathlib import Path
from typing import Annotated

import typer

from agent.commands.options import HERE, JsonOption, WorkspaceOption, echo_json, opened, opened_to_look
from agent.views.theme import terminal


def status(
    folders: Annotated[
        list[Path] | None, typer.Argument(metavar="[DIR]...", help="With --all: the workspaces, or folders that hold some.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="A line for each of several workspaces, the worst first.")] = False,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Say in five lines whether the champion is well, what waits for a person, and what changed since you last asked."""

    from agent.views.status_view import fleet_table, roc_auc_line, status_lines
    from reports.decisions.fleet_status import fleet_status
    from reports.decisions.workspace_status import workspace_status
    from reports.looks import measured_looks

    if folders and not every:
        raise typer.BadParameter("folders go with --all; one workspace is named by --workspace", param_hint="DIR")
    if every:
        fleet = fleet_status(folders or [HERE], opened)
        terminal(stderr=as_json, markup=False).print(fleet_table(fleet))
        echo_json(as_json, {"workspaces": fleet})
        return
    here = opened_to_look(workspace)
    found = workspace_status(here)
    console = terminal(stderr=as_json)
    for line in status_lines(found):
        console.print(line, markup=False, soft_wrap=not console.is_terminal)  # a program reads five lines, a person whole words
    if console.is_terminal and (drawn := roc_auc_line(measured_looks(here, here.cases.all()))):
        console.print(drawn, markup=False)
    echo_json(as_json, found)
