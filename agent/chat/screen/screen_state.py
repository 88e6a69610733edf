"""What every screen of a chat does alike: events become lines, and what is going on is kept for whoever draws it."""

from collections.abc import Callable

from agent.chat.chat import Chat
from agent.chat.screen.live_part import LivePart
from agent.chat.screen.scroll import Scroll, Styling
from agent.chat.screen.status_line import Standing
from agent.chat.session.events import CallEnded, CallStarted, Changed, CommandRan, Event, OperatorGaveUp, QuestionEnded
from pipeline.drift.summary import DriftSummary
from reports.grounding.grounding import Grounded

UNCHECKED = Grounded("", (), ())


class ScreenState:
    """The state of a screen. `write` takes finished lines, `redraw` is called whenever what is going on has changed."""

    def __init__(self, write: Callable[[str], None], width: Callable[[], int], redraw: Callable[[], None], styling: Styling) -> None:
        self.live = LivePart()
        self.standing = Standing()
        self.scroll = Scroll(write, width, self._check, styling)
        self._redraw = redraw
        self._chat: Chat | None = None

    def attach(self, chat: Chat) -> None:
        """This is the session that is shown."""
        self._chat = chat
        self.live.queue = chat.session.queue

    def show(self, event: Event) -> None:
        """Show an event that is on disk."""
        match event:
            case CallStarted():
                self.live.calling(event.call)
            case CallEnded():
                self.live.begin("reading the answer")
                if event.structured is not None and isinstance(drift := event.structured.get("drift"), dict):
                    self.standing.drift = drift.get("share")
            case OperatorGaveUp() if event.next:
                self.live.begin(f"{event.next} goes on")
            case Changed() if event.what == "window":
                self.standing.drift = None
            case QuestionEnded() | CommandRan():
                self.live.finish()
        self.scroll.show(event)
        self._redraw()

    def asking(self, operator: str) -> None:
        """The operator is being asked."""
        self.live.begin(f"{operator} is thinking")
        self._redraw()

    def said(self, text: str) -> None:
        """A piece of its answer."""
        self.scroll.stream(text)
        self._redraw()

    def progress(self, number: int, done: float, total: float | None, message: str) -> None:
        """How far a call is."""
        self.live.share, self.live.message = (done / total if total else None), message
        self._redraw()

    def doing(self, words: str, share: float | None = None) -> None:
        """What a command is doing, and how much of it is done, 0-1."""
        self.live.doing, self.live.share = words, share
        self._redraw()

    def measured(self, summary: DriftSummary) -> None:
        """Drift was measured."""
        self.standing.drift = summary.share

    def _check(self, text: str) -> Grounded:
        return self._chat.grounds.check(text) if self._chat is not None else UNCHECKED
