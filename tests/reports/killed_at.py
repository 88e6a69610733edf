"""`churnops` that kills itself ahead of its n-th step onto the disk: `python -m tests.reports.killed_at TIME TAUGHT`, orders on stdin.

An order is a line {"last": n, "arguments": […]}, its answer {"code": …, "said": …, "steps": …}. Each command runs in a process of its own, forked from
one that has imported what is slow to import. A step is an fsync, a rename or a commit, of ours and of MLflow's. With n = 0 nothing is
killed, and `steps` says how many there were.
A person's confirmation is given, and a training takes what the first one left in TAUGHT, so that it lasts as long as a copy.
"""

import json
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import mlflow.sklearn  # noqa: F401 — slow to import
import typer
from sqlalchemy.engine.default import DefaultDialect

import pipeline.clock
import pipeline.models.unfitted_model
import pipeline.training.parent
from agent.cli import main
from pipeline.training.job import ARTIFACT, RESULT

steps = 0


def stepping(function: Callable[..., Any], last: int) -> Callable[..., Any]:
    """`function`, ahead of which the process dies when it is the step number `last`."""

    def step(*arguments: Any, **named: Any) -> Any:
        global steps
        steps += 1
        if steps == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **named)

    return step


def committing(function: Callable[..., Any], last: int) -> Callable[..., Any]:
    """The same for commits that have something to write."""
    step, seen = stepping(function, last), dict[int, int]()

    def commit(dialect: DefaultDialect, connection: Any) -> Any:
        changes = connection.total_changes
        wrote = seen.get(id(connection), 0) != changes
        seen[id(connection)] = changes
        return (step if wrote else function)(dialect, connection)

    return commit


def teach_once(taught: Path) -> None:
    """The first training leaves its folder in `taught`, later ones copy it."""
    real = pipeline.training.parent._run_child

    async def run_child(folder: Path, *rest: Any) -> None:
        if not taught.exists():
            await real(folder, *rest)
            shutil.copytree(folder, taught)
        shutil.copytree(taught / ARTIFACT, folder / ARTIFACT, dirs_exist_ok=True)
        shutil.copyfile(taught / RESULT, folder / RESULT)

    pipeline.training.parent._run_child = run_child


def confirm(text: str, **_: Any) -> str:
    found = re.search("“(.*?)”", text)
    assert found is not None
    return found.group(1)


def run(last: int, arguments: list[str], said: Path) -> None:
    """In the forked process: the command, killed ahead of step `last`."""
    with said.open("w") as kept:
        os.dup2(kept.fileno(), 1)
        os.dup2(kept.fileno(), 2)
    os.fsync, os.replace, os.rename = (stepping(step, last) for step in (os.fsync, os.replace, os.rename))
    DefaultDialect.do_commit = committing(DefaultDialect.do_commit, last)  # type: ignore[method-assign]
    for stream in (sys.stdin, sys.stdout):
        stream.isatty = lambda: True  # type: ignore[method-assign]
    sys.argv = ["churnops", *arguments]
    code = 0
    try:
        main()
    except SystemExit as ended:
        code = int(ended.code or 0)
    sys.stdout.flush()
    said.with_suffix(".steps").write_text(str(steps))
    os._exit(code)


if __name__ == "__main__":
    now, taught = datetime.fromisoformat(sys.argv[1]), Path(sys.argv[2])
    pipeline.clock.utc_now = lambda: now
    typer.prompt = confirm
    teach_once(taught)
    for line in sys.stdin:
        order = json.loads(line)
        said = taught.with_suffix(".said")
        child = os.fork()
        if child == 0:
            run(order["last"], order["arguments"], said)
        _, status = os.waitpid(child, 0)
        counted = said.with_suffix(".steps")
        made = int(counted.read_text()) if counted.exists() else 0
        sys.stdout.write(json.dumps({"code": os.waitstatus_to_exitcode(status), "said": said.read_text(), "steps": made}) + "\n")
        sys.stdout.flush()
