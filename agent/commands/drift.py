"""`churnops drift`: how the current window differs from the reference."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.commands.options import HERE, CurrentOption, JsonOption, OutcomesOption, WorkspaceOption, opened

if TYPE_CHECKING:
    from pipeline.opened import Opened
    from pipeline.windows import Window


def drift(
    current: CurrentOption = None,
    html: Annotated[Path | None, typer.Option("--html", help="Also write Evidently's own report there.", show_default=False)] = None,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Measure drift of the current window against the champion's reference; opens no case."""
    from rich.console import Console

    from agent.drift_view import drift_view
    from pipeline.champion import open_champion
    from pipeline.drift import summarise_drift

    console = Console(stderr=as_json, highlight=False)
    here = opened(workspace)
    with console.status("Measuring drift"):
        _, artifact = open_champion(here)
        window = read_window(here, current, None)
        summary = summarise_drift(artifact.reference(), window, here.settings.data.columns, here.policy, html=html)
    console.print(drift_view(summary, here.policy))
    if html is not None:
        console.print(f"Evidently's report: {html}")
    if as_json:
        typer.echo(summary.model_dump_json())


def read_window(here: "Opened", current: CurrentOption, outcomes: OutcomesOption) -> "Window":
    """The window a command looks at: a file where one is given, else the prediction log."""
    from pipeline.windows import file_window, logged_window

    if current is None:
        return logged_window(here.state, here.settings, here.clock())
    return file_window(here.settings, current, outcomes)
