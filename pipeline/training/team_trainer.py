"""The team's own trainer: a command that leaves an MLflow model, run within the training's child process and under its limits.

It belongs to the child's process group, so whatever ends the training ends it too.
"""

import os
import subprocess
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from pipeline.code_folder import CODE
from pipeline.errors import TrainingError

MODEL = "model"
METRICS = "metrics.json"
_STDERR = "trainer-stderr.txt"
_READ_BYTES = 8192
_LONGEST_SAID = 300
_MOST_METRICS_BYTES = 100_000
_CONTRACT = "docs/own-trainer.md says what it must leave."


def run_own_trainer(command: tuple[str, ...], train: Path, test: Path, out: Path, seed: int, root: Path) -> dict[str, float]:
    """Run the command with its arguments, without a shell, and return the metrics it claims.

    Args:
        command: words of `training.command`, and what was asked for by name.
        train: Parquet file of the training rows.
        test: Parquet file of the test set; the argument for it is `--gate`, which teams' trainers know.
        out: new folder in which it must leave `model/` and `metrics.json`.
        seed: of everything random in it.
        root: the workspace's folder, where it runs.

    Raises:
        TrainingError: it cannot be started, failed, or left something else.
    """
    out.mkdir()
    words = [*command, "--train", str(train), "--gate", str(test), "--out", str(out), "--seed", str(seed)]
    stderr = out.parent / _STDERR
    try:
        with stderr.open("wb") as said:
            # Its standard input closes when this process ends; its output is for people, not progress.
            running = subprocess.Popen(words, cwd=root, stdin=subprocess.PIPE, stdout=said, stderr=said, env=outside_environment())
            code = running.wait()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise TrainingError(
            f"Your trainer cannot be started: {reason}: {words[0]}.", "Correct `training.command` in churnops.toml."
        ) from error
    if code != 0:
        raise TrainingError(f"Your trainer failed: {last_line(stderr) or f'it ended with code {code}'}")
    missing = [name for name in (MODEL, METRICS) if not (out / name).exists()]
    if missing:
        raise TrainingError(f"Your trainer ended without leaving {' and '.join(missing)}.", _CONTRACT)
    return _claimed(out / METRICS)


def last_line(stderr: Path) -> str:
    """The last line that is not empty, at most 300 characters; empty where there is none."""
    with stderr.open("rb") as stream:
        stream.seek(max(0, stderr.stat().st_size - _READ_BYTES))
        lines = [line.strip() for line in stream.read().decode(errors="replace").splitlines() if line.strip()]
    return lines[-1][:_LONGEST_SAID] if lines else ""


def _claimed(path: Path) -> dict[str, float]:
    with path.open("rb") as stream:
        content = stream.read(_MOST_METRICS_BYTES)
    try:
        return TypeAdapter(dict[str, float]).validate_json(content)
    except ValidationError as error:
        raise TrainingError(f"Your trainer's {METRICS} is not one JSON object of numbers.", _CONTRACT) from error


def outside_environment() -> dict[str, str]:
    """This process's, without our own code on the path: a team may have a package `tools` or `agent` too."""
    others = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry and entry != str(CODE)]
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return {**kept, "PYTHONPATH": os.pathsep.join(others)} if others else kept
