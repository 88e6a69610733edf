"""Options that several commands share, and how a command opens its workspace."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipeline.opened import Opened

WorkspaceOption = Annotated[Path, typer.Option("--workspace", "-w", help="Folder of the workspace, or any folder below it.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of stdout.")]
HERE = Path()


def opened(workspace: Path) -> "Opened":
    """The workspace the command works in, under the shipped policy."""
    from pipeline.clock import utc_now
    from pipeline.opened import open_workspace
    from prompts import policy_text

    return open_workspace(workspace, policy_text(), utc_now)
