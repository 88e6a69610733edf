"""The dates that an answer speaks of, and what lies between them, on the terminal."""

from collections.abc import Iterator

from rich.text import Text

from agent.views.theme import DETAIL, LOOK
from pipeline.windows.stretch import TwoWindows


def dates_view(windows: TwoWindows | None) -> Iterator[Text]:
    """A line for each window, and what is not visible yet; nothing where an earlier version did not write them down."""
    if windows is None:
        return
    yield from (Text(told, style=DETAIL) for told in windows.said)
    if windows.unseen:
        yield Text(windows.unseen, style=LOOK)
