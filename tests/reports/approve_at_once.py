"""One of several processes that approve at the same moment: `python -m tests.reports.approve_at_once WORKSPACE START-FILE CASE`."""

import sys
import time
from pathlib import Path

import mlflow  # noqa: F401 — loaded ahead, so that nothing slow lies between the start and the approval

from pipeline.errors import ChurnopsError
from pipeline.record.opened_workspace import open_workspace
from prompts import policy_text
from tests.conftest import Clock
from tests.reports.waiting import LATER, approve_case

root, start, case_id = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
opened = open_workspace(root, policy_text(), Clock(LATER))
sys.stdout.write("ready\n")
sys.stdout.flush()
while not start.exists():
    time.sleep(0.001)
try:
    said = f"deployed: {approve_case(opened, case_id).version}"
except ChurnopsError as error:
    said = f"refused: {error}"
sys.stdout.write(f"{said}\n")
