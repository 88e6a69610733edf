"""Processes that decide at the same moment: `python -m tests.reports.approve_at_once WORKSPACE CASE CASE…`; a line of each. Instead of a case
`=VERSION` rolls back to that version.

All are forked from one that has imported what is slow to import, and begin when the last of them has opened the workspace.
"""

import os
import sys
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path

import mlflow  # noqa: F401 — loaded ahead, so that nothing slow lies between the start and the approval

from pipeline.errors import ChurnopsError
from pipeline.record.opened_workspace import open_workspace
from prompts import policy_text
from tests.conftest import Clock
from tests.reports.waiting import LATER, approve_case, roll_back_to


def decide(root: Path, asked: str, start: Barrier) -> None:
    """Say in one line what an approval, or a rollback, came to."""
    opened = open_workspace(root, policy_text(), Clock(LATER))
    start.wait(60)
    try:
        champion = roll_back_to(opened, asked[1:]) if asked.startswith("=") else approve_case(opened, asked)
        said = f"deployed: {champion.version}"
    except ChurnopsError as error:
        said = f"refused: {error}"
    os.write(1, f"{asked} {said}\n".encode())


if __name__ == "__main__":
    fork = get_context("fork")
    start = fork.Barrier(len(sys.argv[2:]))
    processes = [fork.Process(target=decide, args=(Path(sys.argv[1]), asked, start)) for asked in sys.argv[2:]]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
