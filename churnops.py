"""The console script, and `churnops.open`, the way to the same commands from Python.

The console script makes sure that our packages are the ones imported and that no dependency reports home, then hands over.
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from churnops_client.workspace import Workspace


def main() -> None:
    """Run the command line of `agent.cli` in an environment that is ours."""
    # First, because `tools` or `agent` are common names: one on PYTHONPATH must not shadow ours.
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    # Evidently stops at any value of the first, MLflow only at "true" and reads the second; children inherit both.
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    # Threads of boosted trees spin while they wait for each other: on a machine that has other work, that made a prediction twenty times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from agent.cli import main as run

    run()


def open(folder: str | os.PathLike[str] = ".") -> "Workspace":  # noqa: A001 (it is called as `churnops.open`)
    """The workspace in `folder`, or above it. Nothing is read yet: the first command says where there is none."""
    from churnops_client.workspace import Workspace

    return Workspace(Path(folder).resolve())


class Refusal(Exception):
    """A command ended in an error. `said`: what is wrong and the next step; `rule`: the rule of the policy that it met, if one; `exit_code`:
    1 an error, 2 wrong usage, 130 interrupted."""

    def __init__(self, said: str, rule: str | None, exit_code: int) -> None:
        super().__init__(said)
        self.said = said
        self.rule = rule
        self.exit_code = exit_code


if __name__ == "__main__":
    main()
