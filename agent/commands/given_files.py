"""Files that a person names on the command line: a path, or a URL whose content is fetched for as long as the command runs."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from agent.views.theme import terminal
from pipeline.tables.remote_files import fetch, is_remote

if TYPE_CHECKING:
    from pipeline.tables.remote_files import LocalCopy


def given_file(named: str) -> Path:
    """Where the file, folder or pattern lies on this machine.

    Raises:
        DataError: see `fetch`.
    """
    return _fetched(named).path if is_remote(named) else Path(named)


@cache  # keeps the copy until the process ends
def _fetched(url: str) -> "LocalCopy":
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = terminal(stderr=True)
    if not console.is_terminal:
        return fetch(url)
    with Progress(TextColumn("Fetching"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        return fetch(url, lambda done, total: bar.update(task, completed=done, total=total))
