"""`churnops triage`: one case from alert to report, by Claude or by the rulebook."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from agent.commands import window_options
from agent.commands.options import HERE, JsonOption, VerboseOption, WorkspaceOption, opened_by_person
from agent.views.theme import DETAIL, LOOK, terminal
from pipeline.intake.window_choice import WindowChoice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from agent.case.triage import Outcome
    from agent.operators.claude import Claude
    from pipeline.record.opened_workspace import Opened

OperatorName = Literal["auto", "claude", "rulebook"]


def triage(
    operator: Annotated[
        OperatorName, typer.Option("--operator", help="auto: Claude where a key is set and the workspace agreed.")
    ] = "auto",
    current: window_options.CurrentOption = None,
    outcomes: window_options.OutcomesOption = None,
    length: window_options.LengthOption = "",
    since: window_options.SinceOption = "",
    since_deploy: window_options.SinceDeployOption = False,
    rows: window_options.RowsOption = None,
    resume: Annotated[
        str, typer.Option("--resume", metavar="CASE", help="Go on with this unfinished case; the beginning of its id will do.")
    ] = "",
    show_request: Annotated[bool, typer.Option("--show-request", help="Print the first request to Claude, send nothing, and end.")] = False,
    detailed_exit_code: Annotated[
        bool, typer.Option("--detailed-exit-code", help="0 nothing to do, 10 people must act, 20 a challenger waits, 30 partial report.")
    ] = False,
    workspace: WorkspaceOption = HERE,
    verbose: VerboseOption = False,
    as_json: JsonOption = False,
) -> None:
    """Find out what drift means for the model, act within the policy, and write a report that waits for a person."""
    import anyio

    choice = window_options.chosen_window(current, outcomes, length, since, since_deploy, rows)
    here = opened_by_person(workspace)
    console = terminal(stderr=as_json)
    if show_request:
        typer.echo(anyio.run(first_request, here, choice))
        return
    chosen = choose_operator(here, operator, console)
    outcome = run_triage(here, chosen, console, choice, resume)
    show_end(here, outcome, console, verbose=verbose)
    if as_json:
        typer.echo(outcome.model_dump_json(exclude={"drift": {"features"}}, ensure_ascii=True))
    if detailed_exit_code:
        raise typer.Exit(outcome.exit_code)
    if outcome.stopped == "interrupted":
        raise typer.Exit(130)


def run_triage(here: "Opened", claude: "Claude | None", console: "Console", choice: WindowChoice, resume: str = "") -> "Outcome":
    """Run one triage with a live view on `console`; the rulebook works where `claude` is None, and takes over where it fails. `resume` names
    an unfinished case to go on with."""
    import anyio

    from agent.case.triage import triage as run
    from agent.operators.rulebook import Rulebook
    from agent.views.live_view import LiveView

    rulebook = Rulebook(here.policy)
    with LiveView(console) as view:
        if claude is None:
            return anyio.run(run, here, choice.reader(here), rulebook, None, view, resume)
        return anyio.run(run, here, choice.reader(here), claude, rulebook, view, resume)


def show_end(here: "Opened", outcome: "Outcome", console: "Console", *, verbose: bool = False) -> None:
    """End with the answer: what is special about this run, the case's first page, and the commands that follow."""
    from agent.views.verdict_view import case_verdict
    from pipeline.record.cases import concluded
    from reports.filing import page_of

    case = here.cases.get(outcome.case_id)
    if verbose and outcome.diagnosis is not None and case.window is not None:
        from agent.views.diagnosis_view import diagnosis_view

        facts = case.window
        console.print(diagnosis_view(outcome.diagnosis, facts.rows, facts.labelled_rows, facts.customers, facts.windows))
    if case.decision is None and case.superseded_by is None:
        case_verdict(page_of(here, case), concluded(case), case.picture).print_on(console)
    for line in _told(outcome):
        console.print(line, markup=False, soft_wrap=True)


def _told(outcome: "Outcome") -> "Iterator[str]":
    """What is special about the run, and where the report is."""
    path = outcome.report.path
    if outcome.shown:
        yield f"This window has a case already: {outcome.case_id}. Its report: {path}"
    elif outcome.closed_by_another:
        yield f"Another run closed case {outcome.case_id} meanwhile. Its report: {path}"
    elif outcome.acknowledgement is not None:
        known = outcome.acknowledgement
        yield f"Nothing new: it rests on acknowledgement {known.number} of case {known.case_id}. Its report: {path}"
    elif outcome.status == "partial":
        yield f"A partial report was written: {path}"
    else:
        yield f"Report: {path}"
    waiting = outcome.waiting
    if waiting is not None and waiting.case_id != outcome.case_id:
        yield f"Version {waiting.version} waits for approval: churnops reports show {waiting.case_id}, then churnops reports approve {waiting.case_id}"


def choose_operator(here: "Opened", name: OperatorName, console: "Console") -> "Claude | None":
    """Claude, or None for the rulebook. Asking for Claude by name is agreement for that run; `auto` wants it written down.

    Raises:
        SettingsError: Claude was asked for and no key is set.
    """
    import os

    from agent.operators.claude import key_available
    from agent.operators.data_consent import LEAVES, ask_once
    from pipeline.errors import SettingsError

    provider = here.settings.operator.provider
    if name == "rulebook" or (name == "auto" and not key_available(os.environ, provider)):
        return None
    if name == "claude":
        if not key_available(os.environ, provider):
            raise SettingsError("No key for Claude is set.", "Set ANTHROPIC_API_KEY, or use `--operator rulebook`, which needs none.")
        if here.settings.operator.claude is not True:
            console.print(f"[{LOOK}]Claude was asked for by name.[/] {LEAVES}")
    elif not (here.settings.operator.claude or ask_once(here.workspace, console)):
        console.print(
            f"[{DETAIL}]A key for Claude is set, but this workspace has not agreed to use it (`claude` under \\[operator]): the rulebook works.[/]"
        )
        return None
    return _claude(here)


def _claude(here: "Opened") -> "Claude":
    from agent.case.briefing import system_prompt
    from agent.operators.claude import Claude

    return Claude(here.settings.operator, system_prompt(here.policy))


async def first_request(here: "Opened", choice: WindowChoice) -> str:
    """The first Messages request of a triage as JSON. It opens the case, as a triage would, and sends nothing."""
    import json

    from agent.case.loop import tool_specs
    from agent.case.triage import brief
    from agent.conversation.tool_client import reach
    from tools.casework import Casework
    from tools.server import build_server

    casework = Casework(here, choice.reader(here), started_by="triage", operator=lambda: "nobody")
    async with reach(build_server(casework, here.policy)) as client:
        first = await brief(client, here, lambda event: None)
        return json.dumps(_claude(here).request((first,), await tool_specs(client)), indent=2, ensure_ascii=False)
