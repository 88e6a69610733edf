"""`churnops reports`: what waits for a person, and the gate that only a person opens."""

from typing import TYPE_CHECKING

import typer

from agent.commands.confirmation import ReasonOption, ReviewerOption, confirm, decision_of
from agent.commands.options import HERE, JsonOption, WorkspaceOption, opened_by_person, opened_to_look
from agent.commands.reports.approve import CaseArgument, approve
from agent.commands.reports.bundle import export, import_
from agent.commands.reports.clock import clock
from agent.commands.reports.page import page
from agent.commands.reports.trust import trust
from agent.commands.reports.verify import verify
from agent.views.theme import BAD, DETAIL, terminal
from pipeline.words import STATUSES

if TYPE_CHECKING:
    from rich.console import Console

    from pipeline.record.cases import Case
    from pipeline.record.opened_workspace import Opened

app = typer.Typer(help="Review what triage found; approve or reject a challenger. Only a person deploys.", no_args_is_help=True)
app.command()(approve)
app.command()(trust)
app.command()(clock)
app.command()(page)
app.command()(verify)
app.command("export")(export)
app.command("import")(import_)


@app.command("list")
def list_(workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """Show every case: what is open first, then the newest."""
    import json

    from agent.views.cases_view import cases_table
    from reports.decisions.case_status import is_open, standings

    here = opened_to_look(workspace)
    stands = standings(here, found := here.cases.all())
    cases = sorted(found, key=lambda case: not is_open(case, stands[case.case_id]))
    console = terminal(stderr=as_json)
    console.print(cases_table(cases, stands) if cases else "No case yet. Run [bold]churnops triage[/].")
    if as_json:
        shown = [
            {
                **case.model_dump(mode="json", exclude={"drift": {"features"}}),
                "expired": stands[case.case_id].expired,
                "open": is_open(case, stands[case.case_id]),
            }
            for case in cases
        ]
        typer.echo(json.dumps({"cases": shown}))


@app.command()
def show(case_id: CaseArgument, workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """Show the audit report of a case."""
    import hashlib
    import json

    from reports.filing import written_report

    here = opened_to_look(workspace)
    case = here.cases.find(case_id)
    if as_json:
        text = written_report(here, case.case_id, case.report.sha256) if case.report else None
        written = text.read_bytes() if text is not None and text.is_file() else None
        told = {
            "markdown": written and written.decode(errors="replace"),
            "intact": None if written is None or case.report is None else hashlib.sha256(written).hexdigest() == case.report.sha256,
        }
        typer.echo(json.dumps(case.model_dump(mode="json") | told))
        return
    print_report(terminal(), here, case, paged=True)


def print_report(console: "Console", here: "Opened", case: "Case", *, paged: bool = False) -> None:
    """Render the report of `case` on `console`; `paged` where a person reads it alone."""
    from rich.console import Group
    from rich.text import Text

    from agent.views.paged import show as show_paged
    from agent.views.report_view import report_view
    from pipeline.atomic_files import digest_of_file
    from pipeline.errors import ChurnopsError
    from reports.decision_summary import training_of
    from reports.decisions.case_status import standing_of
    from reports.filing import written_report

    if case.report is None:
        raise ChurnopsError(f"Case {case.case_id} has no report yet (status: {STATUSES[case.status]}).", "Run `churnops triage`.")
    path = written_report(here, case.case_id, case.report.sha256)
    if not path.is_file():
        raise ChurnopsError(f"The report {path} is gone.", "Restore it from a backup, or run `churnops triage` again.")
    text = path.read_text(encoding="utf-8", errors="replace")
    standing = standing_of(here, case)
    if not console.is_terminal:
        if standing.headline:
            typer.echo(f"Since this report was written: {standing.headline}.", err=True)
        typer.echo(text)  # for pipes and files: the Markdown itself
        return
    parts = [report_view(case, standing, text, training_of(case, here.cases.trainings(case.case_id)), here.policy)]
    parts.append(Group(Text(f"{path}  sha256 {case.report.sha256[:12]}", style=DETAIL, overflow="fold")))
    if digest_of_file(path) != case.report.sha256:
        changed = "The report was changed after it was written: do not decide on it. Run `churnops reports verify`."
        parts.append(Group(Text(changed, style=f"bold {BAD}")))
    if paged:
        show_paged(console, *parts)
    else:
        console.print(*parts, sep="\n")


@app.command()
def reject(case_id: CaseArgument, reason: ReasonOption = "", reviewer: ReviewerOption = "", workspace: WorkspaceOption = HERE) -> None:
    """Turn the challenger of a case down; a person types a confirmation, and the champion stays."""

    from pipeline.errors import ChurnopsError
    from pipeline.record.champion import require_champion
    from reports.decision_summary import outlook, training_of
    from reports.decisions.approval import reject as turn_down

    here = opened_by_person(workspace)
    case = here.cases.find(case_id)
    if case.status != "pending_approval" or case.challenger is None:
        raise ChurnopsError(f"Case {case.case_id} waits for no approval (status: {STATUSES[case.status]}).", "See `churnops reports list`.")
    console = terminal()
    ahead = outlook(case, training_of(case, here.cases.trainings(case.case_id)), here.policy.training.cooldown_hours, expired=False)
    console.print(f"[bold]You decide that version {case.challenger.version} is not deployed.[/]")
    console.print(ahead.if_rejected, markup=False)
    decision = decision_of(here, reason, reviewer)
    confirm(f"reject {case.challenger.version}")
    turn_down(here, case.case_id, decision)
    serving = require_champion(here.workspace, here.ledger)
    console.print(f"Rejected. Champion version [bold]{serving.version}[/] stays.")
