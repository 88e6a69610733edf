"""The help texts of all commands are shown whole."""

from collections.abc import Iterator

import click
import typer
from rich.markup import render

from agent.cli import app


def texts(command: click.Command) -> Iterator[str]:
    yield from filter(None, [command.help, command.epilog, *(getattr(parameter, "help", None) for parameter in command.params)])
    for below in getattr(command, "commands", {}).values():
        yield from texts(below)


def test_nothing_in_brackets_is_lost_as_markup() -> None:
    said = list(texts(typer.main.get_command(app)))
    assert len(said) > 100
    assert [render(text).plain for text in said] == [text.replace("\\[", "[") for text in said]
