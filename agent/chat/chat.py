"""One open session: takes what the human types, line by line, and answers it or runs it; everything is on disk before it counts."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from agent.chat.answering.answer_sources import AnswerSources
from agent.chat.answering.operator_choice import Operators
from agent.chat.answering.tool_connection import ConnectedTools
from agent.chat.answering.turn import Turn, Watcher, end
from agent.chat.leaving import Ran
from agent.chat.markdown import sentence
from agent.chat.session.events import Changed, CommandRan, Event, Queued, SessionOpened
from agent.chat.session.log import SessionLog, chat_folder, new_id, read_log
from agent.chat.session.session import Session
from agent.conversation.messages import Spend
from pipeline.drift.summary import DriftSummary
from pipeline.errors import ChurnopsError
from pipeline.record.opened_workspace import Opened

if TYPE_CHECKING:
    from pipeline.intake.window_choice import WindowChoice


ASK = "/ask "  # what follows is a question; a published one can then be completed


class Screen(Watcher, Protocol):
    """Where a session is shown, and the person at it, if there is one."""

    def show(self, event: Event) -> None:
        """Show an event that is on disk."""

    def measured(self, summary: DriftSummary) -> None:
        """Drift was measured."""

    def attach(self, chat: "Chat") -> None:
        """This is the session that is shown."""

    async def decide(self, case_id: str, approve: bool) -> str:
        """Let the person approve or reject a challenger themselves, outside of the chat; returns what came of it."""


# Runs a slash command; returns what to show, and whether what was read before may no longer hold.
RunCommand = Callable[["Chat", str], Awaitable[tuple[str, bool]]]


class Chat:
    """A session with its tools, operators and screen. `take` handles one line at a time."""

    def __init__(
        self,
        opened: Opened,
        crew: Operators,
        window: "WindowChoice",
        session: Session,
        screen: Screen,
        run_command: "RunCommand",
        host: ConnectedTools,
        path: Path,
    ) -> None:
        self.opened = opened
        self.crew = crew
        self.window = window
        self.session = session
        self.screen = screen
        self.grounds = AnswerSources(session, opened.policy)
        self._run_command = run_command
        self._host = host
        self._path = path

    async def take(self, text: str, *, queued: bool = False) -> None:
        """Run a command, or have a question answered. Cancelling the task stops either; it still returns.

        Raises:
            Leave: the human wants to go.
            WorkspaceError: the session cannot be written down.
        """
        asked = text[len(ASK) :].strip() if text.startswith(ASK) else ""
        if text.startswith("/") and not asked:
            await self._command(text, queued)
        else:
            turn = Turn(
                self.session,
                self.crew.operator,
                self.crew.fallback,
                self._host.connection,
                self.opened.policy,
                self.screen,
                self.grounds.check,
            )
            await turn.answer(asked or text, queued=queued)

    def wait(self, text: str) -> None:
        """The human typed `text` while something ran; it is taken later."""
        self.session.record(Queued(at=self.session.now(), text=text))

    def look_at(self, window: "WindowChoice") -> None:
        """From here on the tools read another window."""
        self.window = window
        self._host.open(window.reader(self.opened))
        self.session.record(Changed(at=self.session.now(), what="window", to=window.words))

    def change_operator(self, name: str, model: str | None) -> None:
        """From here on another operator answers.

        Raises:
            ChurnopsError: there is none of that name, or it cannot be had.
        """
        self.crew.change(name, model)
        self.session.record(Changed(at=self.session.now(), what="operator", to=self.crew.shown))

    def stored(self) -> tuple[Event, ...]:
        """Every event of the session, as it is on disk."""
        return read_log(self._path)

    async def _command(self, text: str, queued: bool) -> None:
        spend, changes = Spend(), False
        try:
            markdown, changes = await self._run_command(self, text)
        except Ran as ran:
            markdown, spend, changes = ran.markdown, ran.spend, True
        except ChurnopsError as error:
            markdown = f"**Not done.** {sentence(str(error))}"
        except asyncio.CancelledError:
            markdown, changes = "Stopped.", True
            if task := asyncio.current_task():
                task.uncancel()
        self.session.record(CommandRan(at=self.session.now(), line=text, markdown=markdown, spend=spend, queued=queued, changes=changes))


@asynccontextmanager
async def open_chat(
    opened: Opened, crew: Operators, window: "WindowChoice", screen: Screen, run_command: RunCommand, resume: Path | None = None
) -> AsyncIterator[Chat]:
    """A session that can take lines: a new one, or the one stored in `resume`, which goes on where it stood.

    Raises:
        WorkspaceError: the session cannot be read or written.
        ChurnopsError: it is open elsewhere.
    """
    path = resume or chat_folder(opened.workspace) / f"{new_id(opened.workspace, opened.clock())}.jsonl"
    with SessionLog(path) as log:

        def keep(event: Event) -> None:
            log.append(event)
            screen.show(event)

        session = Session(keep, opened.clock)
        host = ConnectedTools(opened, lambda: crew.operator.name)
        chat = Chat(opened, crew, window, session, screen, run_command, host, path)
        screen.attach(chat)
        earlier = read_log(path) if resume else ()
        for event in earlier:
            screen.show(event)
            session.apply(event)
        session.record(
            SessionOpened(at=opened.clock(), session_id=path.stem, operator=crew.shown, window=window.words, resumed=bool(earlier))
        )
        if session.open is not None:
            end(session, "finished" if session.answered else "interrupted", "", chat.grounds.check)
        host.open(window.reader(opened))
        try:
            yield chat
        finally:
            with contextlib.suppress(asyncio.CancelledError):
                await host.close()
