"""`churnops` that kills itself ahead of its n-th step onto the disk: `python -m tests.reports.killed_at N TIME TAUGHT reports approve …`.

A step is an fsync, a rename or a commit, of ours and of MLflow's. With N = 0 nothing is killed, and standard error ends with their number.
A person's confirmation is given, and a training takes what the first one left in TAUGHT, so that it lasts as long as a copy.
"""

import os
import re
import shutil
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import typer
from sqlalchemy.engine.default import DefaultDialect

import pipeline.clock
import pipeline.training
from pipeline.trainer import ARTIFACT, RESULT

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


def teach_once(taught: Path) -> None:
    """The first training leaves its folder in `taught`, later ones copy it; each adds a line to `taught.log`."""
    real = pipeline.training._run_child

    async def run_child(folder: Path, *rest: Any) -> None:
        with taught.with_suffix(".log").open("a") as log:
            log.write("trained\n")
        if not taught.exists():
            await real(folder, *rest)
            shutil.copytree(folder, taught)
        shutil.copytree(taught / ARTIFACT, folder / ARTIFACT, dirs_exist_ok=True)
        shutil.copyfile(taught / RESULT, folder / RESULT)

    pipeline.training._run_child = run_child


def confirm(text: str, **_: Any) -> str:
    found = re.search("“(.*?)”", text)
    assert found is not None
    return found.group(1)


if __name__ == "__main__":
    last, now, taught = int(sys.argv.pop(1)), datetime.fromisoformat(sys.argv.pop(1)), Path(sys.argv.pop(1))
    pipeline.clock.utc_now = lambda: now
    typer.prompt = confirm
    teach_once(taught)
    os.fsync, os.replace, os.rename = (stepping(step, last) for step in (os.fsync, os.replace, os.rename))
    DefaultDialect.do_commit = stepping(DefaultDialect.do_commit, last)  # type: ignore[method-assign]
    for stream in (sys.stdin, sys.stdout):
        stream.isatty = lambda: True  # type: ignore[method-assign]
    from agent.cli import main

    try:
        main()
    finally:
        sys.stderr.write(f"\nsteps {steps}\n")
