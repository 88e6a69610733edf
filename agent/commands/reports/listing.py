"""`churnops reports`: what waits for a person, and the gate that only a person opens."""

from typing import TYPE_CHECKING

import typer

from agent.commands.confirmation import ReasonOption, ReviewerOption, decision_of
from agent.commands.options import HERE, JsonOption, WorkspaceOption, opened_by_person, opened_to_look
from agent.commands.reports.approve import CaseArgument, approve
from agent.commands.reports.bundle import export, import_
from agent.commands.reports.page import page
from agent.commands.reports.trust import trust
from agent.commands.reports.verify import verify
from pipeline.words import STATUSES, action_name

if TYPE_CHECKING:
    from rich.console import Console

    from pipeline.record.cases import Case
    from pipeline.record.opened_workspace import Opened
    from reports.decisions.case_status import Standing

app = typer.Typer(help="Review what triage found; approve or reject a challenger. Only a person deploys.", no_args_is_help=True)
app.command()(approve)
app.command()(trust)
app.command()(page)
app.command()(verify)
app.command("export")(export)
app.command("import")(import_)


@app.command("list")
def list_(workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """Show every case, newest first."""
    import json

    from rich.console import Console
    from rich.table import Table

    from reports.decisions.case_status import standings

    here = opened_to_look(workspace)
    cases = here.cases.all()
    stands = standings(here, cases)
    console = Console(stderr=as_json, highlight=False)
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("case", no_wrap=True, min_width=max((len(case.case_id) for case in cases), default=4))  # it is typed again
    for name in ("status", "action", "drift", "operator", "challenger"):
        table.add_column(name)
    for case in cases:
        share = f"{case.drift.share:.0%}" if case.drift and case.drift.share is not None else "–"
        waits = f"version {case.challenger.version}" if case.challenger else "–"
        table.add_row(case.case_id, _coloured(case, stands[case.case_id]), action_name(case.action), share, case.operator or "–", waits)
    console.print(table if cases else "No case yet. Run [bold]churnops triage[/].")
    if as_json:
        shown = [
            {**case.model_dump(mode="json", exclude={"drift": {"features"}}), "expired": stands[case.case_id].expired} for case in cases
        ]
        typer.echo(json.dumps({"cases": shown}))


@app.command()
def show(case_id: CaseArgument, workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """Show the audit report of a case."""
    from rich.console import Console

    here = opened_to_look(workspace)
    case = here.cases.find(case_id)
    if as_json:
        typer.echo(case.model_dump_json(ensure_ascii=True))
        return
    print_report(Console(highlight=False), here, case)


def print_report(console: "Console", here: "Opened", case: "Case") -> None:
    """Render the report of `case` on `console`."""
    from agent.views.report_view import report_view
    from pipeline.atomic_files import digest_of_file
    from pipeline.errors import ChurnopsError
    from reports.decision_summary import training_of
    from reports.decisions.case_status import standing_of
    from reports.filing import report_path

    if case.report is None:
        raise ChurnopsError(f"Case {case.case_id} has no report yet (status: {STATUSES[case.status]}).", "Run `churnops triage`.")
    path = report_path(here.workspace, case.case_id)
    if not path.is_file():
        raise ChurnopsError(f"The report {path} is gone.", "Restore it from a backup, or run `churnops triage` again.")
    text = path.read_text(encoding="utf-8", errors="replace")
    standing = standing_of(here, case)
    if not console.is_terminal:
        if standing.headline:
            typer.echo(f"Since this report was written: {standing.headline}.", err=True)
        typer.echo(text)  # for pipes and files: the Markdown itself
        return
    console.print(report_view(case, standing, text, training_of(case, here.cases.trainings(case.case_id)), here.policy))
    console.print(f"{path}  sha256 {case.report.sha256[:12]}", style="dim", markup=False, soft_wrap=True)
    if digest_of_file(path) != case.report.sha256:
        console.print("The report was changed after it was written: do not decide on it. Run `churnops reports verify`.", style="bold red")


@app.command()
def reject(case_id: CaseArgument, reason: ReasonOption = "", reviewer: ReviewerOption = "", workspace: WorkspaceOption = HERE) -> None:
    """Turn the challenger of a case down; the champion stays."""
    from rich.console import Console

    from pipeline.record.champion import require_champion
    from reports.decisions.approval import reject as turn_down

    here = opened_by_person(workspace)
    case = here.cases.find(case_id)
    turn_down(here, case.case_id, decision_of(here, reason, reviewer))
    serving = require_champion(here.workspace, here.ledger)
    Console(highlight=False).print(f"Rejected. Champion version [bold]{serving.version}[/] stays.")


def _coloured(case: "Case", standing: "Standing") -> str:
    colours = {"pending_approval": "yellow", "needs_people": "red", "partial": "red", "approved": "green"}
    return f"[{'default' if standing.expired else colours.get(case.status, 'default')}]{standing.status}[/]"
