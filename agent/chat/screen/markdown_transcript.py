"""A session as one Markdown document, to be kept or sent on."""

from collections.abc import Iterable, Iterator

from agent.chat.markdown import sentence
from agent.chat.screen.scroll import arguments, stopped_words
from agent.chat.session import events
from agent.conversation.messages import ToolCall


def as_markdown(session: Iterable[events.Event]) -> str:
    """The session of these events."""
    return "\n\n".join(_parts(session)) + "\n"


def _parts(session: Iterable[events.Event]) -> Iterator[str]:
    calls: dict[int, ToolCall] = {}
    for event in session:
        match event:
            case events.SessionOpened():
                yield f"# Session {event.session_id}" if not event.resumed else f"*Resumed {event.at:%Y-%m-%d %H:%M} UTC.*"
                yield f"Operator: {sentence(event.operator)}. Window: {sentence(event.window)}."
            case events.QuestionAsked():
                yield f"## {sentence(event.text)}"
            case events.OperatorSaid():
                yield event.turn.text
            case events.OperatorGaveUp():
                yield f"*{sentence(event.by)} failed: {sentence(event.reason)}*"
            case events.CallStarted():
                calls[event.number] = event.call
            case events.CallEnded():
                call = calls[event.number]
                yield f"- call {event.label}, {sentence(call.name)} {sentence(arguments(call))}: {sentence(event.line)}"
            case events.QuestionEnded():
                words = [stopped_words(event.stopped)] if event.stopped != "finished" else []
                if event.unsourced:
                    words.append(f"Without a source: {', '.join(event.unsourced)}.")
                yield from filter(None, (event.partial, f"*{' '.join(words)}*" if words else ""))
            case events.CommandRan():
                yield f"## `{event.line.replace('`', chr(39))}`"
                yield event.markdown
