"""Options that several commands share, and how a command opens its workspace."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipeline.record.opened_workspace import Opened

WorkspaceOption = Annotated[Path, typer.Option("--workspace", "-w", help="Folder of the workspace, or any folder below it.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of stdout.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Show the evidence and its figures ahead of the answer.")]
HERE = Path()


def opened(workspace: Path) -> "Opened":
    """The workspace the command works in, under the shipped policy."""
    from agent.setup.person import who
    from pipeline.clock import utc_now
    from pipeline.record.opened_workspace import open_workspace
    from prompts import policy_text

    return open_workspace(workspace, policy_text(), utc_now, who())


def opened_by_person(workspace: Path) -> "Opened":
    """As `opened`, after completing what a kill had cut off. For the commands that people type.

    Raises:
        IntegrityError: see `reports.decisions.recovery.recover`.
    """
    from reports.decisions.recovery import note_changed_trust, recover

    here = opened(workspace)
    if note_changed_trust(here):
        typer.echo("Who may approve was changed; nothing is loaded or approved until `churnops reports trust` accepts it.", err=True)
    for said in recover(here):
        typer.echo(said, err=True)
    return here


def opened_to_look(workspace: Path) -> "Opened":
    """As `opened_by_person`, but what is wrong is said and does not keep people from looking."""
    from pipeline.errors import ChurnopsError

    try:
        return opened_by_person(workspace)
    except ChurnopsError as error:
        here = opened(workspace)
        typer.echo(f"churnops: {error}", err=True)
        return here


def next_command(root: Path, words: str) -> str:
    """A command as it runs from where the person stands: it names the workspace where that is another folder."""
    import shlex

    return f"churnops {words}" if Path.cwd().resolve() == root.resolve() else f"churnops {words} -w {shlex.quote(str(root))}"


def echo_json(wanted: bool, answer: object) -> None:
    """Print `answer`, a model, a dataclass or a mapping of such, as one JSON object, where that is asked for; in ASCII, which every stdout
    has."""
    if wanted:
        from pydantic_core import to_json

        typer.echo(to_json(answer, ensure_ascii=True).decode())
