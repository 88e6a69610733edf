"""`churnops rollback`: a model that served before serves again; a person decides."""

from typing import Annotated

import typer

from agent.commands.confirmation import KeyOption, ReasonOption, ReviewerOption, decision_of, seal_of
from agent.commands.options import HERE, WorkspaceOption, opened_to_look
from agent.views.theme import GOOD, LOOK, terminal


def rollback(
    to: Annotated[
        str,
        typer.Option("--to", metavar="VERSION", help="The version to go back to; the one served before when left out.", show_default=False),
    ] = "",
    reason: ReasonOption = "",
    reviewer: ReviewerOption = "",
    key: KeyOption = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Let a model that served before serve again; confirmed, and in signed mode signed, as an approval is."""
    from rich.markup import escape

    from pipeline.record.champion import require_champion
    from reports.decisions.rollback import draft_rollback, roll_back

    console = terminal()
    here = opened_to_look(workspace)  # going back is the way out of a champion that cannot be loaded
    record = draft_rollback(here, to or None, decision_of(here, reason, reviewer))
    serving = require_champion(here.workspace, here.ledger)
    console.print(
        f"[bold]You decide whether version {escape(record.version)} serves again from the next request on, instead of version "
        f"{escape(serving.version)}.[/]"
    )
    console.print(
        f"Version {escape(serving.version)} stays on record: `churnops rollback --to {escape(serving.version)}` brings it back. Nothing is trained "
        f"or deleted. Bytes: {record.digest[:12]} for {record.replaces[:12]}."
    )
    console.print(f"Reviewer: {escape(record.reviewer)}. Reason: {escape(record.reason)}")
    record, seal = seal_of(here, record, f"roll back to {record.version}", key)
    done = roll_back(here, record, seal)
    console.print(f"[bold {GOOD}]Version {done.champion.version} serves again[/]; ledger row {done.champion.ledger_seq}.")
    if done.warning:
        console.print(f"[{LOOK}]{done.warning}[/]")
