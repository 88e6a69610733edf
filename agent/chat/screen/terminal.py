"""A chat at a terminal: a prompt that stays while an answer streams in above it, and Ctrl-C that stops the answer at once."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession
from prompt_toolkit.application import in_terminal
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import ANSI
from prompt_toolkit.history import FileHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.styles import Style

from agent.chat.answering.turn import Wish
from agent.chat.chat import Chat
from agent.chat.leaving import Leave
from agent.chat.screen.completion import ChatCompleter
from agent.chat.screen.screen_state import ScreenState
from agent.chat.screen.scroll import Styling
from agent.chat.screen.status_line import status_line
from agent.chat.session.events import Consent
from agent.views.theme import TOOLBAR
from pipeline.errors import ChurnopsError
from pipeline.words import STATUSES

if TYPE_CHECKING:
    from prompt_toolkit.input import Input
    from prompt_toolkit.output import Output

AGAIN_SECONDS = 5.0  # within which a second Ctrl-C means to go
_PROMPT_LINES = 6  # kept for prompt, status line and completions
_ANSWERS: dict[str, Consent] = {"y": "yes", "yes": "yes", "a": "always", "always": "always", "n": "no", "no": "no", "": "no"}
_STYLE = Style.from_dict({"bottom-toolbar": "noreverse fg:default bg:default", "bottom-toolbar.text": TOOLBAR})


class _History(FileHistory):
    """What was typed, for the next session too; answers to a question of ours are not worth keeping."""

    def store_string(self, string: str) -> None:
        if string.strip().lower() not in _ANSWERS:
            super().store_string(string)


# Runs the command by which a person approves (or rejects) the case of the workspace in a folder.
Decide = Callable[[str, bool, Path], None]


class Terminal(ScreenState):
    """The screen of a chat, and the person's keys. `run` shows one session until they leave it. `commands`: what each is about, by its name;
    `decide` lets the person approve or reject at this very terminal."""

    def __init__(
        self,
        history: Path,
        styling: Styling,
        commands: Mapping[str, str],
        decide: Decide,
        *,
        source: "Input | None" = None,
        output: "Output | None" = None,
    ) -> None:
        self._prompt: PromptSession[str] = PromptSession(
            history=_private(history),
            completer=ChatCompleter(self._names, commands),
            complete_while_typing=Condition(lambda: self._prompt.default_buffer.text.startswith("/")),
            bottom_toolbar=self._toolbar,
            key_bindings=self._keys(),
            style=_STYLE,
            erase_when_done=True,
            input=source,
            output=output,
        )
        self._prompt.app.min_redraw_interval = 0.02
        super().__init__(self._write, self._width, self._prompt.app.invalidate, styling)
        self._styling: Styling = styling
        self._decide = decide
        self._pending: list[str] = []
        self._flushing: asyncio.Task[None] | None = None
        self._job: asyncio.Task[None] | None = None
        self._consent: asyncio.Future[Consent] | None = None
        self._typed = ""
        self._left: Leave | Exception | None = None
        self._stopped_at = -AGAIN_SECONDS

    async def run(self, chat: Chat) -> Leave:
        """Take what the person types until they leave; says how they did.

        Raises:
            ChurnopsError: the session can no longer be written.
        """
        self._left = None
        async with self._ticking():
            self._go_on()
            while self._how_left() is None:
                try:
                    self._accept(await self._prompt.prompt_async(self._message))
                except EOFError:
                    self._leave(Leave())
            if self._job is not None:
                self._job.cancel()
                await asyncio.wait({self._job})
            await self._flush()
        left = self._how_left()
        if isinstance(left, Leave):
            return left
        raise left or EOFError

    def _how_left(self) -> Leave | Exception | None:
        return self._left

    async def consent(self, wish: Wish) -> Consent:
        """Ask the person; whatever they were typing is put aside meanwhile."""
        self._consent = asyncio.get_running_loop().create_future()
        self.live.wish = wish
        buffer = self._prompt.default_buffer
        self._typed = buffer.text
        buffer.reset()
        self._redraw()
        try:
            return await self._consent
        finally:
            self._consent, self.live.wish = None, None
            if self._typed:
                buffer.insert_text(self._typed)
                self._typed = ""

    async def decide(self, case_id: str, approve: bool) -> str:
        """Hand the terminal to the very command a person runs; the chat types nothing of it."""
        import typer

        assert self._chat is not None
        opened = self._chat.opened
        await self._flush()
        async with in_terminal():
            # A prompt that waits for a line would not hear of Ctrl-C through the event loop.
            before, wakes = signal.signal(signal.SIGINT, signal.default_int_handler), signal.set_wakeup_fd(-1)
            try:
                self._decide(case_id, approve, opened.workspace.root)
            except (typer.Abort, KeyboardInterrupt):
                return "Stopped; nothing was decided."
            finally:
                signal.set_wakeup_fd(wakes)
                signal.signal(signal.SIGINT, before)
        return f"Case `{case_id}`: {STATUSES[opened.cases.get(case_id).status]}."

    def _accept(self, text: str) -> None:
        text = text.strip()
        self.live.hint, self._stopped_at = "", -AGAIN_SECONDS
        if self._consent is not None and not self._consent.done():
            if (answer := _ANSWERS.get(text.lower())) is not None:
                self._consent.set_result(answer)
                return
            self.live.hint = "That waits its turn. Answer y, a or n first."
        if not text or self._chat is None:
            return
        if self._busy:
            self._chat.wait(text)
        else:
            self._job = asyncio.create_task(self._take(text, queued=False))

    @property
    def _busy(self) -> bool:
        return self._job is not None and not self._job.done()

    async def _take(self, text: str, *, queued: bool) -> None:
        assert self._chat is not None
        self.live.begin("working")
        try:
            await self._chat.take(text, queued=queued)
            await self._look_up()
        except Exception as left:  # whatever it is, it ends the session and is told by the command line, not lost in a task
            self._leave(left)
        finally:
            self.live.finish()
            self._redraw()
        if self._left is None:
            asyncio.get_running_loop().call_soon(self._go_on)

    def _go_on(self) -> None:
        """Take the next line that waited."""
        if self._chat is not None and self._chat.session.queue and not self._busy and self._left is None:
            self._job = asyncio.create_task(self._take(self._chat.session.queue[0], queued=True))

    def _leave(self, how: Leave | Exception) -> None:
        self._left = how
        if self._prompt.app.is_running:
            self._prompt.app.exit(result="")

    def _interrupt(self, event: KeyPressEvent | None = None) -> None:
        now = time.monotonic()
        again = now - self._stopped_at < AGAIN_SECONDS
        buffer = self._prompt.default_buffer
        if self._busy and self._job is not None and not (again and self.live.hint):
            self._job.cancel()
            self.live.hint = "Stopped. Ctrl-C again quits."
        elif buffer.text:
            buffer.reset()
            return
        elif again:
            self._leave(Leave())
        else:
            self.live.hint = "Ctrl-C again quits; the session is kept."
        self._stopped_at = now
        self._redraw()

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()
        keys.add("c-c")(self._interrupt)
        keys.add(Keys.SIGINT)(self._interrupt)

        @keys.add("escape", "enter")
        def new_line(event: KeyPressEvent) -> None:
            event.current_buffer.insert_text("\n")

        return keys

    def _message(self) -> ANSI:
        size = self._prompt.output.get_size()
        lines = self.live.lines(self.scroll.tail, size.columns, max(3, size.rows - _PROMPT_LINES), self._styling)
        asked = "Allow? y/a/N › " if self.live.wish is not None else "› "
        return ANSI("".join(f"{line}\n" for line in lines) + asked)

    def _toolbar(self) -> str:
        if self._chat is None:
            return ""
        return status_line(self._chat.session, self.standing, self._chat.opened.policy, self._width() - 1)

    def _width(self) -> int:
        return self._prompt.output.get_size().columns

    def _names(self, kind: str) -> Sequence[str]:
        if self._chat is None:
            return ()
        from agent.chat.screen.completed_names import names

        return names(self._chat.opened, kind)

    async def _look_up(self) -> None:
        """Which champion serves now."""
        from pipeline.record.champion import find_champion

        assert self._chat is not None
        opened = self._chat.opened
        found = await asyncio.to_thread(find_champion, opened.workspace, opened.ledger)
        self.standing.champion = f"v{found.version}" if found else "none"
        self._redraw()

    def _write(self, text: str) -> None:
        self._pending.append(text)
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush())

    async def _flush(self) -> None:
        while self._pending:
            async with in_terminal():
                text = "".join(self._pending)
                self._pending.clear()
                self._prompt.output.write_raw(text)
                self._prompt.output.flush()

    @asynccontextmanager
    async def _ticking(self) -> AsyncIterator[None]:
        """The clock of what is going on runs, and the champion is looked up, while the block runs."""

        async def tick() -> None:
            with suppress(ChurnopsError):
                await self._look_up()
            while True:
                await asyncio.sleep(0.125)
                if self._busy:
                    self._redraw()

        task = asyncio.create_task(tick())
        loop = asyncio.get_running_loop()
        for ending in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(ending, self._leave, Leave())
        try:
            yield
        finally:
            task.cancel()
            for ending in (signal.SIGTERM, signal.SIGHUP):
                loop.remove_signal_handler(ending)


def _private(path: Path) -> _History:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    return _History(str(path))
