"""`churnops drift --current FILE` against Evidently: the whole command, and a whole process that runs `DataDriftPreset` on the same two
tables of generated customers, in turn. The reference are the rows that the champion has learnt from: churnops finds their profile in the
champion, Evidently reads them. Both must call as many columns drifted. Results: bench/results/command.json.

    python bench/command.py
"""

import json
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from drift import Cost, measure

RESULTS = Path(__file__).parent / "results"
ROWS, SEED, ROUNDS = 7000, 8, 9
WORKSPACE_ROWS = 11_700  # of which six tenths, about as many as the window has, are the reference

EVIDENTLY = """
import json, sys
import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset
numerical, categorical = json.loads(sys.argv[3])
reference = pd.read_parquet(sys.argv[1], columns=numerical + categorical)
current = pd.read_csv(sys.argv[2], usecols=numerical + categorical, dtype=dict.fromkeys(categorical, str), na_values=[" "])
roles = DataDefinition(numerical_columns=numerical, categorical_columns=categorical)
data = [Dataset.from_pandas(frame, data_definition=roles) for frame in (current, reference)]
metrics = Report([DataDriftPreset(columns=numerical + categorical)]).run(*data).dict()["metrics"]
print(int(next(metric["value"]["count"] for metric in metrics if metric["config"]["type"].endswith("DriftedColumnsCount"))))
"""


def write_window(path: Path) -> None:
    """New customers, dearer and fewer of them paying by cheque than those of the workspace."""
    import numpy as np

    from pipeline.customers import make_customers

    customers = make_customers(ROWS, seed=SEED)
    customers["MonthlyCharges"] = (customers["MonthlyCharges"] * 1.2).round(2)
    switched = np.random.default_rng(SEED).random(ROWS) < 0.5
    customers.loc[switched & (customers["PaymentMethod"] == "Mailed check"), "PaymentMethod"] = "Electronic check"
    customers.drop(columns="Churn").to_csv(path, index=False)


def write_roles(workspace: Path, path: Path) -> None:
    """The columns by kind, for Evidently."""
    from pipeline.settings import read_settings

    columns = read_settings(workspace / "churnops.toml").data.columns
    path.write_text(json.dumps([columns.numerical, columns.categorical]))


def main() -> None:
    """Make a workspace with a champion, run both in turn, print and write the results."""
    churnops = shutil.which("churnops", path=str(Path(sys.executable).parent))
    if churnops is None:
        sys.exit("churnops is not installed beside this Python; run `make bench`.")
    with TemporaryDirectory(prefix="command-bench-") as name:
        folder = Path(name)
        workspace, window, roles = folder / "workspace", folder / "window.csv", folder / "roles.json"
        for arguments in (["init", "--synthetic", "--rows", str(WORKSPACE_ROWS)], ["train"]):
            subprocess.run([churnops, *arguments, "-w", str(workspace)], check=True, capture_output=True)
        # In processes of their own: a child's peak memory counts from that of the process that starts it.
        for process in (
            get_context("spawn").Process(target=write_window, args=(window,)),
            get_context("spawn").Process(target=write_roles, args=(workspace, roles)),
        ):
            process.start()
            process.join()
        (reference,) = workspace.glob(".churnops/models/*/reference.parquet")
        runs: dict[str, list[Cost]] = {"churnops": [], "evidently": []}
        for _ in range(ROUNDS):
            for peer, ran in (
                (
                    "churnops",
                    measure(
                        [churnops, "drift", "--current", str(window), "--json", "-w", str(workspace)],
                        lambda said: int(json.loads(said.splitlines()[-1])["drifted"]),
                    ),
                ),
                ("evidently", measure([sys.executable, "-c", EVIDENTLY, str(reference), str(window), roles.read_text()])),
            ):
                if isinstance(ran, str):
                    sys.exit(f"{peer}: {ran}")
                runs[peer].append(ran)
    costs = {
        peer: Cost(len(of), *(median(getattr(run, part) for run in of) for part in ("wall_s", "cpu_s", "rss_mb")), of[0].drifted)
        for peer, of in runs.items()
    }
    ours, theirs = costs["churnops"], costs["evidently"]
    print(f"{'':10} {'wall s':>8} {'CPU s':>8} {'RSS MB':>8} {'drifted':>8}")
    for peer, cost in costs.items():
        print(f"{peer:10} {cost.wall_s:8.2f} {cost.cpu_s:8.2f} {cost.rss_mb:8.0f} {cost.drifted!s:>8}")
    print(f"Evidently takes {theirs.cpu_s / ours.cpu_s:.1f} times the CPU and {theirs.rss_mb / ours.rss_mb:.1f} times the memory.")
    if ours.drifted != theirs.drifted:
        sys.exit("The verdicts differ.")
    RESULTS.mkdir(exist_ok=True)
    machine = {"cpus": os.cpu_count(), "system": platform.system(), "load": os.getloadavg()[0], "rows": ROWS}
    written = json.dumps({"machine": machine, "results": {peer: asdict(cost) for peer, cost in costs.items()}}, indent=2)
    (RESULTS / "command.json").write_text(written + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
