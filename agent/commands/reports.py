"""`churnops reports`: what waits for a person, and the gate that only a person opens."""

from typing import TYPE_CHECKING, Annotated

import typer

from agent.commands.options import HERE, JsonOption, WorkspaceOption, opened

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from pipeline.cases import Case, Decision, TrainingResult

app = typer.Typer(help="Review what triage found; approve or reject a challenger. Only a person deploys.", no_args_is_help=True)
CaseArgument = Annotated[str, typer.Argument(metavar="CASE", help="Id of the case, as `reports list` shows it; its beginning will do.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; goes on record.", show_default=False)]
ReviewerOption = Annotated[str, typer.Option("--reviewer", help="Who decides; your user name when left out.", show_default=False)]


@app.command("list")
def list_(workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """Show every case, newest first."""
    import json

    from rich.console import Console
    from rich.table import Table

    cases = opened(workspace).cases.all()
    console = Console(stderr=as_json, highlight=False)
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("case", no_wrap=True, min_width=max((len(case.case_id) for case in cases), default=4))  # it is typed again
    for name in ("status", "action", "drift", "operator", "challenger"):
        table.add_column(name)
    for case in cases:
        share = f"{case.drift.share:.0%}" if case.drift and case.drift.share is not None else "–"
        waits = f"version {case.challenger.version}" if case.challenger else "–"
        table.add_row(case.case_id, _coloured(case.status), case.action or "–", share, case.operator or "–", waits)
    console.print(table if cases else "No case yet. Run [bold]churnops triage[/].")
    if as_json:
        typer.echo(json.dumps({"cases": [case.model_dump(mode="json", exclude={"drift": {"features"}}) for case in cases]}))


@app.command()
def show(case_id: CaseArgument, workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """Show the audit report of a case."""
    from rich.console import Console

    here = opened(workspace)
    case = here.cases.find(case_id)
    if as_json:
        typer.echo(case.model_dump_json())
        return
    print_report(Console(highlight=False), case)


def print_report(console: "Console", case: "Case") -> None:
    """Render the report of `case` on `console`."""
    from pathlib import Path

    from rich.markdown import Markdown
    from rich.markup import escape

    from pipeline.errors import ChurnopsError

    if case.report is None:
        raise ChurnopsError(f"Case {case.case_id} has no report yet: it is {case.status}.", "Run `churnops triage`.")
    path = Path(case.report.path)
    if not path.is_file():
        raise ChurnopsError(f"The report {path} is gone.", "Restore it from a backup, or run `churnops triage` again.")
    text = path.read_text(encoding="utf-8")
    if not console.is_terminal:
        typer.echo(text)  # for pipes and files: the Markdown itself
        return
    if case.decision is not None:
        decided = f"{case.status} by {case.decision.reviewer}, {case.decision.at:%Y-%m-%d %H:%M} UTC: {case.decision.reason}"
        console.print(f"[bold]Decided since[/]: {escape(decided)}")
    console.print(Markdown(text.split("\n---\n", 1)[-1]))
    console.print(f"[dim]{path}  sha256 {case.report.sha256[:12]}[/]")


@app.command()
def approve(case_id: CaseArgument, reason: ReasonOption = "", reviewer: ReviewerOption = "", workspace: WorkspaceOption = HERE) -> None:
    """Deploy the challenger of a case: bytes are checked, and a person types a confirmation at the terminal."""
    from rich.console import Console
    from rich.markup import escape

    from reports.approval import approve as deploy
    from reports.approval import check_approvable

    console = Console(highlight=False)
    here = opened(workspace)
    case = here.cases.find(case_id)
    challenger = check_approvable(here, case)
    decision = _decision(here.clock(), reason, reviewer)
    compared = [training.result for training in here.cases.trainings(case.case_id) if training.result and training.result.gate.passed][-1]
    console.print(
        f"Version [bold]{challenger.version}[/] ({challenger.digest[:12]}) shall replace champion version [bold]{case.champion.version}[/] "
        f"({case.champion.digest[:12]}). On {compared.metrics.n:,} rows that neither learnt from:"
    )
    console.print(_comparison(compared))
    console.print(f"Reviewer: {escape(decision.reviewer)}. Reason: {escape(decision.reason)}")
    _confirm(f"deploy {challenger.version}")
    champion = deploy(here, case.case_id, decision)
    console.print(f"[bold green]Deployed version {champion.version}[/] ({champion.digest[:12]}); ledger row {champion.ledger_seq}.")


@app.command()
def reject(case_id: CaseArgument, reason: ReasonOption = "", reviewer: ReviewerOption = "", workspace: WorkspaceOption = HERE) -> None:
    """Turn the challenger of a case down; the champion stays."""
    from rich.console import Console

    from pipeline.champion import require_champion
    from reports.approval import reject as turn_down

    here = opened(workspace)
    case = here.cases.find(case_id)
    turn_down(here, case.case_id, _decision(here.clock(), reason, reviewer))
    serving = require_champion(here.workspace, here.ledger)
    Console(highlight=False).print(f"Rejected. Champion version [bold]{serving.version}[/] stays.")


def _comparison(result: "TrainingResult") -> "Table":
    from rich.table import Table

    from reports.audit import MEASURES, figure

    models = {"champion": result.champion_metrics, "challenger": result.metrics}
    table = Table("measure", *models, box=None, header_style="dim", pad_edge=False)
    for name, label in MEASURES:
        table.add_row(label, *("–" if metrics is None else figure(getattr(metrics, name)) for metrics in models.values()))
    if result.comparison is not None:
        against = result.comparison
        table.add_row("ROC-AUC, difference", "", f"{against.difference:+.3f} ({against.low:+.3f} to {against.high:+.3f})")
    return table


def _decision(at: object, reason: str, reviewer: str) -> "Decision":
    import getpass
    import sys

    from pipeline.cases import Decision
    from pipeline.errors import ChurnopsError

    if not reason.strip() and sys.stdin.isatty():
        reason = typer.prompt("Reason")
    if not reason.strip():
        raise ChurnopsError("A decision needs a reason.", 'Give one with --reason "…".')
    return Decision.model_validate({"reviewer": reviewer.strip() or getpass.getuser(), "reason": reason.strip(), "at": at})


def _confirm(words: str) -> None:
    """A person at a terminal types `words`, or nothing happens. It deters a program with the same shell; it cannot stop one."""
    import sys

    from pipeline.errors import ChurnopsError

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ChurnopsError("Approval needs a person at a terminal; there is none here.", "Run the command yourself, without pipes.")
    if typer.prompt(f"Type “{words}” to deploy, anything else to stop", default="", show_default=False).strip() != words:
        raise ChurnopsError("Not confirmed; nothing was deployed.", "")


def _coloured(status: str) -> str:
    colours = {"pending_approval": "yellow", "needs_people": "red", "partial": "red", "approved": "green"}
    return f"[{colours.get(status, 'default')}]{status.replace('_', ' ')}[/]"
