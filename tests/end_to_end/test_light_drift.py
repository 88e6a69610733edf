"""What drift of a file costs beside counting: rows stay where they lie, so the library that would hold them is not loaded."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.record.opened_workspace import Opened
from pipeline.worlds.telephone_customers import make_customers
from tests.checkout import ROOT

RUN = """
import json, sys
sys.argv = ["churnops", "drift", "--current", sys.argv[1], "--workspace", sys.argv[2], "--json"]
from agent.cli import main
try:
    main()
finally:
    print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


@pytest.mark.slow
def test_drift_of_a_file_loads_no_table_library(trained: Opened, tmp_path: Path) -> None:
    window = tmp_path / "window.csv"
    make_customers(1500, seed=3).drop(columns="Churn").to_csv(window, index=False)
    ran = subprocess.run([sys.executable, "-c", RUN, str(window), str(trained.workspace.root)], capture_output=True, text=True, cwd=ROOT)
    assert ran.returncode == 0, ran.stderr
    found, loaded = (json.loads(line) for line in ran.stdout.splitlines()[-2:])
    assert found["current_rows"] == 1500
    assert not {"pandas", "pyarrow", "sklearn", "scipy", "evidently", "mlflow"} & set(loaded)
