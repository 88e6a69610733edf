"""The workspace's agreement that aggregates may go to Claude: asked once, of a person, and written down."""

import os
import sys

from rich.console import Console
from rich.prompt import Confirm

from agent.operators.claude import key_available
from pipeline.workspace.folder import Workspace
from pipeline.workspace.settings import read_settings
from pipeline.workspace.settings_file import set_claude

LEAVES = "Drift scores, metrics and column names would leave this machine; never rows or ids, and no category rarer than 10 customers."


def ask_once(workspace: Workspace, console: Console) -> bool:
    """Whether Claude may be used here. Asks only when a key is set, nobody answered yet, and a person sits at the terminal."""
    operator = read_settings(workspace.settings_file).operator
    if operator.claude is not None or not key_available(os.environ, operator.provider):
        return bool(operator.claude)
    if not (sys.stdin.isatty() and console.is_terminal):
        return False
    console.print(f"A key for Claude is set. {LEAVES} `churnops triage --show-request` prints what would be sent.")
    agreed = Confirm.ask("May this workspace use Claude?", console=console, default=False)
    set_claude(workspace.settings_file, agreed)
    return agreed
