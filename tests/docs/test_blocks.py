"""Every block of README and docs says what it is, and its commands, settings and programs are ones that exist."""

import ast
import json
import re
import shlex
import tomllib
import types
from collections.abc import Iterator
from typing import Any, get_args

import pytest
import typer
from pydantic import BaseModel

from agent.cli import app
from pipeline.workspace.settings import Settings
from tests.docs.blocks import Block, blocks

BLOCKS = blocks()
CHURNOPS: Any = typer.main.get_command(app)
# Not for running, by what they are: diagrams, output, statements for a database of the reader's.
SHOWN = {"mermaid", "text", "sql", "csv", "toml", "json"}


def commands(text: str) -> Iterator[list[str]]:
    """The words of every `churnops …` in a block, without what stands for a value that only the reader knows."""
    for line in text.replace("\\\n", " ").splitlines():
        for part in re.split(r"\s(?:\||>>?|&&|\|\|)\s|\$\((?=churnops)", re.sub(r"\s#\s.*|\s#$", "", line.removeprefix("$ "))):
            found = re.match(r"\s*(?:[\d*]+ [\d* -]+ )?(?:[A-Z_]+=\S+ )*churnops\s(.*)", part)
            if found:
                words = shlex.split(found[1].replace("[", " ").replace("]", " ").rstrip("&)"))
                yield [word for word in words if not re.match(r"\d?>", word)]


def wrong(words: list[str]) -> str | None:
    """What the command line would say against `words` as a command, if anything; nothing is run."""
    command = CHURNOPS
    while getattr(command, "commands", None) and words and not words[0].startswith("-"):
        alternatives = words[0].split("|")
        if missing := [name for name in alternatives if name not in command.commands]:
            return f"no command {missing[0]}"
        command, words = command.commands[alternatives[0]], words[1:]
    options = {name: option for option in command.params for name in option.opts if name.startswith("-")} | {
        "--help": None,
        "--debug": None,
    }
    given = iter(words)
    for word in given:
        name, _, value = word.partition("=")
        if not name.startswith("-") or name == "--":
            continue
        if name not in options:
            return f"no option {name}"
        if options[name] is None or options[name].is_flag:
            continue
        if not (value or next(given, "")):
            return f"{name} takes a value"
    return None


def unknown_settings(read: dict[str, Any], model: type[BaseModel], path: str = "") -> Iterator[str]:
    """Keys that no setting has. A table of the reader's own names, such as `[owners]`, is not looked into."""
    for key, value in read.items():
        if key not in model.model_fields:
            yield f"{path}{key}"
            continue
        kind: Any = model.model_fields[key].annotation
        if isinstance(kind, types.UnionType):
            kind = next(part for part in get_args(kind))
        if isinstance(value, dict) and isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from unknown_settings(value, kind, f"{path}{key}.")


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_block_is_what_it_says(block: Block) -> None:
    if block.language == "toml":
        assert list(unknown_settings(tomllib.loads(block.text), Settings)) == []
    elif block.language == "json":
        json.loads(block.text)
    elif block.language == "python":
        ast.parse(block.text)
    elif block.language not in SHOWN:
        said = list(commands(block.text))
        assert said or block.mark, "commands that nobody checks: mark the block `run`, or `not run` and why; or it is output: `text`"
        assert {" ".join(words): problem for words in said if (problem := wrong(words))} == {}


def test_what_runs_and_what_does_not_is_marked() -> None:
    """A page of which one block runs says of each other one why it does not."""
    stories = {block.page for block in BLOCKS if block.mark.startswith("run")}
    silent = [str(block) for block in BLOCKS if block.page in stories and not block.mark and block.language not in SHOWN]
    assert silent == []
    assert [str(block) for block in BLOCKS if block.mark.startswith("not run") and len(block.mark.split()) < 5] == []


def test_a_command_that_is_not_there_is_found() -> None:
    assert list(commands("$ churnops drift --potato 3 | less\n# churnops is a tool\ncd x && churnops reprots list  # all")) == [
        ["drift", "--potato", "3"],
        ["reprots", "list"],
    ]
    assert wrong(["drift", "--potato", "3"]) == "no option --potato"
    assert wrong(["reprots", "list"]) == "no command reprots"
    assert wrong(["drift", "--window", "2w"]) is None
    assert list(unknown_settings({"watch": {"evry": "6h"}, "ownerz": {}}, Settings)) == ["watch.evry", "ownerz"]
