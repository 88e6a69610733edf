"""`churnops case`: what was found about a window, and where a person knows better."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from agent.commands.options import HERE, JsonOption, WorkspaceOption, echo_json, opened_by_person, opened_to_look
from agent.views.theme import DETAIL, terminal
from pipeline.words import STATUSES, action_name, cause_name, rows_of_customers

if TYPE_CHECKING:
    from pipeline.record.cases import Case

app = typer.Typer(help="Look at cases; overrule a diagnosis, or take note of a shift. Only a person does.", no_args_is_help=True)
CaseArgument = Annotated[str, typer.Argument(metavar="CASE", help="Id of the case, as `case list` shows it; its beginning will do.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; goes on record.")]
Cause = Literal["none", "covariate_benign", "covariate_harmful", "prior_shift", "concept_drift", "data_fault", "label_fault"]


@app.command("list")
def list_(workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """Show every case with what happened, newest first."""

    from rich.table import Table

    from pipeline.record.cases import concluded
    from pipeline.rulings.acknowledgements import recorded_acknowledgements

    here = opened_to_look(workspace)
    cases, noted = here.cases.all(), {known.case_id for known in recorded_acknowledgements(here.state)}
    table = Table(box=None, header_style=DETAIL, pad_edge=False)
    table.add_column("case", no_wrap=True, min_width=max((len(case.case_id) for case in cases), default=4))  # it is typed again
    for name in ("status", "cause", "action", "people"):
        table.add_column(name)
    rows = []
    for case in cases:
        found = concluded(case)
        cause = found.cause if found else None
        ruled = [*(["overruled"] if case.override else []), *(["acknowledged"] if case.case_id in noted else [])]
        table.add_row(case.case_id, STATUSES[case.status], cause_name(cause), action_name(case.action), ", ".join(ruled))
        rows.append({"case_id": case.case_id, "status": case.status, "cause": cause, "action": case.action, "ruled": ruled})
    terminal(stderr=as_json).print(table if cases else "No case yet. Run [bold]churnops triage[/].")
    echo_json(as_json, {"cases": rows})


@app.command()
def show(case_id: CaseArgument, workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """Show what is on record of a case: diagnosis, calls, trainings, and what people ruled."""
    import json

    from pipeline.rulings.acknowledgements import recorded_acknowledgements

    here = opened_to_look(workspace)
    case = here.cases.find(case_id)
    known = [one for one in recorded_acknowledgements(here.state) if one.case_id == case.case_id]
    calls, trainings = here.cases.calls(case.case_id), here.cases.trainings(case.case_id)
    if as_json:
        record = {
            "case": case.model_dump(mode="json"),
            "calls": [call.model_dump(mode="json") for call in calls],
            "trainings": [training.model_dump(mode="json") for training in trainings],
            "acknowledgements": [one.model_dump(mode="json") for one in known],
        }
        typer.echo(json.dumps(record))
        return
    for line in _told(case):
        typer.echo(line)
    for one in known:
        until = f" until {one.until:%Y-%m-%d %H:%M} UTC" if one.until else ""
        typer.echo(f"acknowledged by {one.by} on {one.at:%Y-%m-%d}{until}: {one.reason}")
    for call in calls:
        typer.echo(f"call {call.number}: {call.tool}, {call.outcome}, {call.seconds:.1f} s")
    for training in trainings:
        came = training.result
        passed = "cut off" if came is None else f"{came.mode}, gate {'passed' if came.gate.passed else 'failed'}"
        typer.echo(f"training {training.number}: {passed}")


def _told(case: "Case") -> list[str]:
    from pipeline.record.cases import concluded

    found = concluded(case)
    lines = [f"case {case.case_id}: {STATUSES[case.status]}, opened {case.opened_at:%Y-%m-%d %H:%M} UTC by {case.started_by}"]
    if case.window is not None:
        lines.append(
            f"window: {case.window.source}, {rows_of_customers(case.window.rows, case.window.customers)}, {case.window.labelled_rows:,} with a known outcome"
        )
    if found is not None:
        lines.append(
            f"cause: {cause_name(found.cause)} (confidence {found.confidence:.2f}), asks for: {action_name(found.action)}. {found.said}"
        )
    if case.override is not None:
        lines.append(f"overruled by {case.override.by} on {case.override.at:%Y-%m-%d %H:%M} UTC: {case.override.reason}")
    if case.report is not None:
        lines.append(f"report: {case.report.path}")
    return lines


@app.command()
def override(
    case_id: CaseArgument,
    cause: Annotated[Cause, typer.Option("--cause", help="What happened, as you know it.")],
    reason: ReasonOption,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Overrule the diagnosis of one case. Training follows your word in this case alone, within all other bounds; a closed case goes on."""
    from reports.decisions.rulings import overrule

    here = opened_by_person(workspace)
    case = overrule(here, here.cases.find(case_id).case_id, cause, reason)
    typer.echo(f"Case {case.case_id} goes on as “{cause_name(cause)}”. Run `churnops triage` on the same window to act on it.", err=as_json)
    if as_json:
        typer.echo(case.model_dump_json(exclude={"drift": {"features"}}, ensure_ascii=True))


@app.command()
def acknowledge(
    case_id: CaseArgument,
    reason: ReasonOption,
    until: Annotated[str, typer.Option("--until", help="Last day or moment (ISO 8601, UTC) it holds.", show_default=False)] = "",
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Take note of a shift: the same one under the same champion opens no new case until it grows, harms, or the time is over."""
    from pipeline.rulings.acknowledgements import shift_of
    from pipeline.windows.spans import parse_end
    from reports.decisions.rulings import acknowledge as take_note
    from reports.decisions.rulings import require_ended
    from reports.harm import measured_harm

    here = opened_by_person(workspace)
    case = here.cases.find(case_id)
    harm = measured_harm(here.cases.calls(case.case_id))
    shift = shift_of(require_ended(case), harmed=harm is not None and harm.beyond_chance)
    known = take_note(here, case, shift, parse_end(until) if until else None, reason)
    growth = here.policy.acknowledgement.growth
    columns = ", ".join(moved.column for moved in shift.moved) or "no column"
    end = f", until {known.until:%Y-%m-%d %H:%M} UTC" if known.until else ""
    typer.echo(f"Acknowledged ({known.number}): {columns} moved; a case is opened again from {growth:g} times that{end}.", err=as_json)
    echo_json(as_json, known)
