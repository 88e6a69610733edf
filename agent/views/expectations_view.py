"""What breaks the declared expectations, on the terminal: the rows' owner sees examples, which no finding has."""

from collections.abc import Iterator

from rich.padding import Padding
from rich.text import Text

from agent.views.theme import BAD, DETAIL
from pipeline.expectations.violation import ColumnViolation
from pipeline.shown_text import quoted
from pipeline.windows.window import Window
from pipeline.words import counted


def expectations_view(window: Window) -> Iterator[Text | Padding]:
    """A line for each violation, or one that says there is none."""
    rows = counted(window.rows, "row")
    if not window.violations:
        yield Text(f"{rows} of {window.name} are as declared.")
        return
    for one in window.violations:
        yield Text(one.said, style=BAD)
        if isinstance(one, ColumnViolation) and one.examples:
            examples = ", ".join(f"{quoted(example.value)} ({counted(example.rows, 'row')})" for example in one.examples)
            yield Padding(Text(f"For example {examples}.", style=DETAIL), (0, 0, 0, 2))
    yield Text(f"{counted(len(window.violations), 'expectation')} broken, {rows} of {window.name} looked at.")
