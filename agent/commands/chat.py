"""`churnops chat`: ask what happened, look closer, let it train within bounds; by Claude or by the rulebook, which needs no key."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.commands import window_options
from agent.commands.options import HERE, JsonOption, WorkspaceOption, opened_by_person, opened_to_look
from agent.commands.triage import OperatorName
from agent.views.theme import terminal
from pipeline.intake.window_choice import WindowChoice

if TYPE_CHECKING:
    from rich.console import Console

    from agent.chat.answering.operator_choice import Operators, Pair
    from agent.chat.screen.scroll import Styling
    from pipeline.record.opened_workspace import Opened

NEWEST = "newest"


def chat(
    operator: Annotated[
        OperatorName, typer.Option("--operator", help="auto: Claude where a key is set and the workspace agreed.")
    ] = "auto",
    ask: Annotated[str, typer.Option("--ask", "-a", help="Have one question answered, and end.", show_default=False)] = "",
    resume: Annotated[
        str, typer.Option("--resume", metavar="ID", help=f"Go on with a session; its beginning will do, or {NEWEST}.", show_default=False)
    ] = "",
    replay: Annotated[
        str, typer.Option("--replay", metavar="ID", help=f"Show a session again, and end; {NEWEST} for the last.", show_default=False)
    ] = "",
    current: window_options.CurrentOption = None,
    outcomes: window_options.OutcomesOption = None,
    length: window_options.LengthOption = "",
    since: window_options.SinceOption = "",
    since_deploy: window_options.SinceDeployOption = False,
    rows: window_options.RowsOption = None,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Talk with the operator of the model. Without a terminal, questions are read from stdin, a line each, and nobody is asked anything."""
    import os
    import sys

    import anyio

    from agent.chat.session.log import find_session
    from agent.views.status_view import status_lines
    from reports.decisions.workspace_status import workspace_status

    if replay:
        show_again(opened_to_look(workspace), replay)
        return
    if as_json and not ask:
        raise typer.BadParameter("goes with --ask", param_hint="--json")
    choice = window_options.chosen_window(current, outcomes, length, since, since_deploy, rows)
    here = opened_by_person(workspace)
    stored = find_session(here.workspace, "" if resume == NEWEST else resume) if resume else None
    crew = crew_of(here, operator, terminal(stderr=True))
    if ask or not (sys.stdin.isatty() and sys.stdout.isatty()):
        code = anyio.run(_without_person, here, crew, choice, stored, ask, as_json)
    else:
        # The terminal's own width: COLUMNS may speak of another one.
        screen = terminal(width=os.get_terminal_size(sys.stdout.fileno()).columns)
        for line in status_lines(workspace_status(here)):
            screen.print(line, markup=False)  # which breaks it between words
        code = anyio.run(at_terminal, here, crew, choice, stored)
    if code:
        raise typer.Exit(code)


def crew_of(here: "Opened", name: OperatorName, console: "Console") -> "Operators":
    """Who operates: chosen and agreed to as for a triage. What is said about it later, the session says."""
    import io

    from agent.chat.answering.operator_choice import Operators
    from agent.commands.triage import choose_operator
    from agent.operators.chat_rulebook.operator import ChatRulebook
    from agent.operators.rulebook import Rulebook

    rulebook = ChatRulebook(here.policy, here.settings.data.columns.features, here.clock)
    silent = terminal(file=io.StringIO())

    def pair(claude: bool, model: str | None) -> "Pair":
        from agent.chat.answering.claude import chat_claude

        return (chat_claude(here, model), rulebook) if claude else (rulebook, None)

    def choose(name: str, model: str | None) -> "Pair":
        from pipeline.errors import ChurnopsError

        if name == "rulebook":
            return pair(False, None)
        if name != "claude":
            raise ChurnopsError(f"There is no operator {name[:40]!r}.", "Choose rulebook or claude.")
        return pair(choose_operator(here, "claude", silent) is not None, model)

    def for_triage() -> "Pair":
        rules = Rulebook(here.policy)
        chosen = choose_operator(here, "claude", silent) if crew.operator.name == "claude" else None
        return (rules, None) if chosen is None else (chosen, rules)

    crew = Operators(*pair(choose_operator(here, name, console) is not None, None), choose, for_triage)
    return crew


async def at_terminal(here: "Opened", crew: "Operators", window: "WindowChoice", stored: Path | None) -> int:
    """Sessions at a terminal, one after the other, until the person leaves."""
    from agent.chat.chat import open_chat
    from agent.chat.commands.slash_commands import COMMANDS, run_command
    from agent.chat.screen.terminal import Terminal
    from agent.chat.session.log import chat_folder, find_session

    about = {command.name: command.about for command in COMMANDS.values()}
    while True:
        terminal = Terminal(chat_folder(here.workspace) / "history", _styling(piped=False), about, decide)
        async with open_chat(here, crew, window, terminal, run_command, stored) as session:
            left = await terminal.run(session)
            window = session.window
        if left.resume is None:
            typer.echo(f"The session is kept: churnops chat --resume {session.session.session_id}")
            return 0
        stored = find_session(here.workspace, left.resume)


def decide(case_id: str, approve: bool, root: Path) -> None:
    """The very command a person runs, at the terminal that the chat gave back; the chat types nothing of it."""
    from agent.commands.reports.approve import approve as approve_command
    from agent.commands.reports.listing import reject as reject_command

    (approve_command if approve else reject_command)(case_id, workspace=root)


async def _without_person(here: "Opened", crew: "Operators", window: "WindowChoice", stored: Path | None, ask: str, as_json: bool) -> int:
    import sys

    from agent.chat.chat import open_chat
    from agent.chat.commands.slash_commands import run_command
    from agent.chat.screen.lines import Lines

    screen = Lines()
    async with open_chat(here, crew, window, screen, run_command, stored) as session:
        if as_json:
            answered = await screen.take(session, ask)
            typer.echo(answered.model_dump_json(ensure_ascii=True))
            stopped = answered.stopped
        else:
            stopped = await screen.run(session, [ask] if ask else sys.stdin)
    return {"finished": 0, "interrupted": 130}.get(stopped, 1)


def show_again(here: "Opened", beginning: str) -> None:
    """Print a stored session as it was shown, at the width of this terminal."""
    import os
    import shutil
    import sys

    from agent.chat.answering.answer_sources import AnswerSources
    from agent.chat.screen.scroll import Scroll
    from agent.chat.session.log import find_session, read_log
    from agent.chat.session.session import Session

    session = Session(lambda event: None, here.clock)
    grounds = AnswerSources(session, here.policy)
    # The terminal's own width, as a session takes it: COLUMNS may speak of another one.
    width = os.get_terminal_size(sys.stdout.fileno()).columns if sys.stdout.isatty() else shutil.get_terminal_size().columns
    scroll = Scroll(lambda text: typer.echo(text, nl=False), lambda: width, grounds.check, _styling(piped=not sys.stdout.isatty()))
    for event in read_log(find_session(here.workspace, "" if beginning == NEWEST else beginning)):
        scroll.show(event)
        session.apply(event)


def _styling(*, piped: bool) -> "Styling":
    import os

    if piped:
        return "plain"
    return "no_colours" if os.environ.get("NO_COLOR") else "colours"
