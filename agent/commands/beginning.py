"""`churnops` alone: the status where the person stands in a workspace, else the three ways to begin."""

from pathlib import Path

import typer

_WAYS = """churnops watches a churn model. There is no workspace in this folder yet. Begin with one of these:

  churnops demo                                             see it at work on generated customers, a minute
  churnops init -w PATH --data FILE --target COLUMN         make a workspace around your labelled table
  churnops --help                                           all commands; docs/ beside the source has a guide to each
"""


def begin() -> None:
    """Show the status of the workspace that this folder lies in, or how to get one."""
    from agent.commands.status import status
    from pipeline.errors import WorkspaceError
    from pipeline.workspace.folder import find_workspace

    try:
        find_workspace(Path())
    except WorkspaceError:
        typer.echo(_WAYS, nl=False)
        return
    status(workspace=Path())
