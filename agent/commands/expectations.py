"""`churnops expectations`: what a team declares its log to be like."""

from pathlib import Path
from typing import Annotated

import typer

from agent.commands.given_files import given_file
from agent.commands.options import HERE, JsonOption, WorkspaceOption, echo_json, opened
from agent.views.theme import terminal

app = typer.Typer(help="Check what you declared your log to be like, or have a declaration proposed.", no_args_is_help=True)

_BROKEN = 10  # people must act, as of a triage


@app.command()
def check(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", parser=given_file, help="Rows in a file, a folder or a pattern; the log where none is given."),
    ] = None,
    from_log: Annotated[bool, typer.Option("--from-log", help="The recent window of the log, as without FILE.")] = False,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Check the \\[expectations] of churnops.toml and nothing else. Exit code 10 where one is broken. Opens no case."""

    from agent.commands.window_options import chosen_window
    from agent.views.expectations_view import expectations_view
    from pipeline.errors import SettingsError
    from pipeline.intake.expected import with_violations
    from pipeline.record.champion import open_champion
    from pipeline.windows.baseline import baseline_of

    if from_log and file is not None:
        raise typer.BadParameter("a file is no log: leave out one of the two", param_hint="--from-log")
    here = opened(workspace)
    if not here.settings.expectations.declared:
        raise SettingsError("Nothing is declared under [expectations].", "`churnops expectations propose` writes a beginning.")
    champion, artifact = open_champion(here)
    window = with_violations(here, chosen_window(current=file).reader(here)(champion, baseline_of(artifact)))
    console = terminal(stderr=as_json)
    console.print(*expectations_view(window), sep="\n", soft_wrap=True)
    violations = [{**one.model_dump(mode="json"), "said": one.said} for one in window.violations]
    echo_json(
        as_json,
        {"as_declared": not violations, "rows": window.rows, "since": window.since, "until": window.until, "violations": violations},
    )
    if violations:
        raise typer.Exit(_BROKEN)


@app.command()
def propose(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", parser=given_file, help="Sound rows in a file, a folder or a pattern; the reference without."),
    ] = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Print a section \\[expectations] that sound rows keep to, with a margin, to be read, corrected and pasted into churnops.toml."""
    from pipeline.intake.proposed_expectations import proposed_expectations
    from pipeline.workspace.settings_file import render_expectations

    typer.echo(render_expectations(proposed_expectations(opened(workspace), file)), nl=False)
