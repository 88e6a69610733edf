"""`churnops outcomes`: what became of the customers, added to the log as it becomes known."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.commands.given_files import given_file
from agent.commands.options import HERE, JsonOption, WorkspaceOption, echo_json, opened_by_person

if TYPE_CHECKING:
    from pipeline.intake.outcomes import Added

app = typer.Typer(
    help="Add outcomes to the log, so that windows and trainings know them, take them back, or choose whose to ask for.",
    no_args_is_help=True,
)


@app.command()
def add(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            parser=given_file,
            help="Path or URL: id and outcome, optionally predicted_at (when scored), observed_at (when known) and recorded_at (when written down); under the names that \\[outcomes] gives.",
        ),
    ],
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Add a file of outcomes to the log. Adding it again changes nothing; another word on the same customer and scoring counts from then on."""
    from pipeline.intake.outcomes import add_outcomes

    _say(add_outcomes(opened_by_person(workspace), file), as_json)


@app.command()
def pull(workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """Add the outcomes that lie where \\[outcomes] in churnops.toml says: in a file, a table, or a column of the log. Pulling again adds what is new."""
    from pipeline.intake.outcomes import pull_outcomes

    _say(pull_outcomes(opened_by_person(workspace)), as_json)


@app.command()
def undo(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Take back what `add` or `pull` took in last. What it had corrected counts again; undoing once more takes back the one before."""
    import sys

    from pipeline.errors import ChurnopsError
    from pipeline.intake.outcomes import newest_intake, undo_intake

    here = opened_by_person(workspace)
    intake = newest_intake(here)
    what = f"{_counted(intake.rows)} from {intake.source}, taken in on {intake.at:%Y-%m-%d %H:%M} UTC by {intake.by or 'nobody named'}"
    if not yes:
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise ChurnopsError(f"This takes back {what}, and there is no terminal to ask.", "Add --yes to do it.")
        if not typer.confirm(f"Take back {what}?"):
            raise ChurnopsError("Nothing was taken back.", "")
    undo_intake(here, intake)
    typer.echo(f"Taken back: {what}.", err=as_json)
    echo_json(as_json, intake)


@app.command()
def ask(
    out: Annotated[
        Path, typer.Option("--out", metavar="OUT", help="New CSV to write: whom to ask; fill in its empty column, then `outcomes add` it.")
    ],
    budget: Annotated[
        int | None,
        typer.Option(
            "--budget", min=1, metavar="N", help="Customers to ask; by default as few as settle it with probability 0.9, at most 960."
        ),
    ] = None,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Choose customers of the recent window whose outcomes tell most of what changed and what to do, drawn with known probabilities, and say how
    probably they settle it. Asking again adds others."""
    from agent.commands.options import next_command
    from agent.views.theme import terminal
    from pipeline.diagnosis.diagnose import diagnose
    from pipeline.diagnosis.observed import observe
    from pipeline.intake.asking import ask_outcomes, require_new_table
    from pipeline.intake.window_choice import WindowChoice
    from pipeline.models.typical_value import typical_value
    from pipeline.rulings.noted_events import happenings, known_events, recorded_events
    from pipeline.rulings.past_cases import past_rulings
    from pipeline.words import counted
    from tools.case_windows import current_window

    require_new_table(out)
    here = opened_by_person(workspace)
    with terminal(stderr=as_json).status("Reading the window") as status:
        _, artifact, baseline, window = current_window(here, WindowChoice().reader(here))
        status.update("Weighing the evidence")
        observed = observe(artifact, baseline, window)
        recorded = recorded_events(here.state)
        found = diagnose(
            observed,
            here.policy,
            value=typical_value(here.settings.value, artifact),
            known=(*known_events(recorded, window.since, window.until), *past_rulings(here.cases.all(), None, window.since)),
            happened=happenings(recorded),
        )
        status.update("Trying what outcomes would settle")
        written = ask_outcomes(here, observed, found, out, budget)
    asked = written.asked
    typer.echo(f"{asked.said} {asked.meaning}", err=as_json)
    if asked.left_out:
        typer.echo(f"{counted(asked.left_out, 'customer')} cannot be asked: a spreadsheet would run their id as a formula.", err=as_json)
    typer.echo(
        f"{out} is written, list {written.number} is on record. Write what became of them into it, then: {next_command(here.workspace.root, f'outcomes add {out}')}",
        err=as_json,
    )
    echo_json(as_json, written)


def _counted(outcomes: int) -> str:
    return "1 outcome" if outcomes == 1 else f"{outcomes:,} outcomes"


def _say(found: "Added", as_json: bool) -> None:
    said = f"{_counted(found.added)} added ({found.corrected:,} correct an earlier word), {found.known:,} were known already."
    if found.repeated:
        rows = "row repeats" if found.repeated == 1 else "rows repeat"
        said += f" {found.repeated:,} {rows} a customer without another scoring time: the latest word on each counts."
    if found.strangers:
        said += f" For {found.strangers:,} of them no prediction is logged: check the ids."
    if found.labels_every_scoring:
        said += (
            " Customers here are scored again and again, and without a horizon an outcome labels every scoring of its customer, the newest too: "
            "set `horizon`, and `observed_at` as the column that says when it happened, under [outcomes]."
        )
    for name in found.unused_dates:
        said += f" `{name}` looks like a date and is not used; name it as observed_at under [outcomes] if it says when customers churned."
    typer.echo(said, err=as_json)
    echo_json(as_json, found)
