"""A session as one Markdown document, to be kept or sent on."""

from collections.abc import Iterable, Iterator

from agent.chat.markdown import sentence
from agent.chat.screen.scroll import arguments, stopped_words
from agent.chat.session.events import (
    CallEnded,
    CallStarted,
    CommandRan,
    Event,
    OperatorGaveUp,
    OperatorSaid,
    QuestionAsked,
    QuestionEnded,
    SessionOpened,
)
from agent.conversation.messages import ToolCall


def as_markdown(events: Iterable[Event]) -> str:
    """The session of these events."""
    return "\n\n".join(_parts(events)) + "\n"


def _parts(events: Iterable[Event]) -> Iterator[str]:
    calls: dict[int, ToolCall] = {}
    for event in events:
        match event:
            case SessionOpened():
                yield f"# Session {event.session_id}" if not event.resumed else f"*Resumed {event.at:%Y-%m-%d %H:%M} UTC.*"
                yield f"Operator: {sentence(event.operator)}. Window: {sentence(event.window)}."
            case QuestionAsked():
                yield f"## {sentence(event.text)}"
            case OperatorSaid():
                yield event.turn.text
            case OperatorGaveUp():
                yield f"*{sentence(event.by)} failed: {sentence(event.reason)}*"
            case CallStarted():
                calls[event.number] = event.call
            case CallEnded():
                call = calls[event.number]
                yield f"- call {event.label}, {sentence(call.name)} {sentence(arguments(call))}: {sentence(event.line)}"
            case QuestionEnded():
                words = [stopped_words(event.stopped)] if event.stopped != "finished" else []
                if event.unsourced:
                    words.append(f"Without a source: {', '.join(event.unsourced)}.")
                yield from filter(None, (event.partial, f"*{' '.join(words)}*" if words else ""))
            case CommandRan():
                yield f"## `{event.line.replace('`', chr(39))}`"
                yield event.markdown
