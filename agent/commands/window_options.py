"""Which window a command looks at: a file, or a span of the prediction log."""

from pathlib import Path
from typing import Annotated

import typer

from agent.commands.given_files import given_file
from pipeline.intake.window_choice import WindowChoice

CurrentOption = Annotated[
    Path | None,
    typer.Option(
        "--current",
        parser=given_file,
        metavar="FILE",
        help="A window in a file (CSV, JSON, Excel, Parquet), a folder or a pattern, here or at a URL, instead of the prediction log.",
        show_default=False,
    ),
]
OutcomesOption = Annotated[
    Path | None,
    typer.Option(
        "--outcomes",
        parser=given_file,
        metavar="FILE",
        help="Outcomes in a file or at its URL instead of the logged ones: id and outcome, optionally predicted_at, observed_at and recorded_at; names under "
        "\\[outcomes].",
        show_default=False,
    ),
]
LengthOption = Annotated[str, typer.Option("--window", help="Length before the newest prediction, like 7d, 24h or 2w.", show_default="7d")]
SinceOption = Annotated[str, typer.Option("--since", help="From this date or time on (ISO 8601, UTC).", show_default=False)]
SinceDeployOption = Annotated[bool, typer.Option("--since-deploy", help="Since the champion was deployed.")]
RowsOption = Annotated[int | None, typer.Option("--rows", min=1, help="The newest predictions, this many.", show_default=False)]


def chosen_window(
    current: Path | None = None,
    outcomes: Path | None = None,
    length: str = "",
    since: str = "",
    since_deploy: bool = False,
    rows: int | None = None,
) -> WindowChoice:
    """The window that these options name; options that do not go together are wrong usage."""
    spans = {"--window": length, "--since": since, "--since-deploy": since_deploy, "--rows": rows}
    given = [name for name, value in spans.items() if value]
    if len(given) > 1:
        raise typer.BadParameter(f"choose one of {', '.join(given)}", param_hint=given[0])
    if given and current is not None:
        raise typer.BadParameter("a file is a window by itself: leave it out with --current", param_hint=given[0])
    return WindowChoice(current, outcomes, length, since, since_deploy, rows)
