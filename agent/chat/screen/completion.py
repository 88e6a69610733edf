"""What Tab completes in a chat: commands, and after them features, cases, sessions and names; in a question the features' names."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from agent.chat.markdown import clean

# Which names a command takes.
_TAKES = {
    "drift": "features", "report": "cases", "compare": "cases", "approve": "cases", "reject": "cases", "resume": "sessions",
    "train": "estimators", "ask": "questions", "operator": "operators", "window": "windows",
}  # fmt: skip

Names = Callable[[str], Sequence[str]]


class ChatCompleter(Completer):
    """`names` gives the names of one kind: features, cases, sessions, estimators, operators, windows, questions. `commands`: what each is about, by
    its name."""

    def __init__(self, names: Names, commands: Mapping[str, str]) -> None:
        self._names = names
        self._commands = commands

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """Completions of what stands before the cursor; in a question only when Tab asks for them."""
        before = document.text_before_cursor
        if not before.startswith("/"):
            word = document.get_word_before_cursor(WORD=True)
            if word and complete_event.completion_requested:
                yield from _matching(word, self._names("features"))
            return
        command, space, rest = before[1:].partition(" ")
        if not space:
            for name, about in self._commands.items():
                if name.startswith(command.lower()):
                    yield Completion(f"/{name}", start_position=-len(before), display_meta=about)
        elif kind := _TAKES.get(command.lower()):
            yield from _matching(rest, self._names(kind))


def _matching(word: str, names: Sequence[str]) -> Iterable[Completion]:
    return (Completion(clean(name), start_position=-len(word)) for name in names if name.lower().startswith(word.lower()))
