"""The console script: makes sure that our packages are the ones imported and that no dependency reports home, then hands over."""

import os
import sys
from pathlib import Path


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


if __name__ == "__main__":
    main()
