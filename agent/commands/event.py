"""`churnops event`: what people know of their world, as evidence for later cases."""

from pathlib import Path
from typing import Annotated

import typer

from agent.commands.given_files import given_file
from agent.commands.options import HERE, JsonOption, WorkspaceOption, echo_json, opened_by_person, opened_to_look

app = typer.Typer(help="Write down what happened outside: a price list, a campaign, a migration.", no_args_is_help=True)


@app.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A few words, at most 120 characters.")],
    since: Annotated[str, typer.Option("--from", help="First day or moment (ISO 8601, UTC).")],
    until: Annotated[str, typer.Option("--to", help="Last day or moment.")],
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Write an event down. Later cases show it beside their findings, as a quotation."""
    from pipeline.windows.spans import parse_end, parse_start
    from reports.decisions.rulings import note_event

    event = note_event(opened_by_person(workspace), name, parse_start(since).start, parse_end(until))
    typer.echo(f"Event {event.number} noted: {event.name}", err=as_json)
    echo_json(as_json, event)


@app.command("import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            parser=given_file,
            help="JSON lines of deploys, Airflow runs or other events, or dbt's run_results.json; or its URL.",
        ),
    ],
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Add what other tools wrote down. A fault that begins shortly after one of these is shown beside it. Importing again adds what is new."""
    from pipeline.rulings.imported_events import read_events
    from pipeline.shown_text import plain
    from pipeline.words import counted
    from reports.decisions.rulings import import_events

    found = read_events(file)
    added = import_events(opened_by_person(workspace), found, plain(file.name))
    typer.echo(f"{counted(added, 'event')} added, {len(found) - added:,} known already.", err=as_json)
    echo_json(as_json, {"added": added, "known": len(found) - added})


@app.command("list")
def list_(workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """Show the events, oldest first."""

    from pipeline.rulings.noted_events import recorded_events

    events = recorded_events(opened_to_look(workspace).state)
    for event in events:
        said = f"{event.number}: {event.since:%Y-%m-%d %H:%M} to before {event.until:%Y-%m-%d %H:%M} UTC, {event.name} ({event.origin or event.by})"
        typer.echo(said, err=as_json)
    if not events:
        typer.echo('No event yet: `churnops event add "price list" --from DATE --to DATE`.', err=as_json)
    echo_json(as_json, {"events": events})
