"""`churnops drift --current FILE` against Evidently: the whole command, and a whole process that runs `DataDriftPreset` on the same two
tables of generated customers, in turn. The reference is the champion's training data: churnops finds their profile in the
champion, Evidently reads them. Both must call as many columns drifted. Results: bench/results/command.json, and a table of
docs/drift-limits.md.

    python bench/command.py
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from document import put_into_document
from process_cost import Cost, machine, measure, medians

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

    from pipeline.worlds.telephone_customers import make_customers

    customers = make_customers(ROWS, seed=SEED)
    customers["MonthlyCharges"] = (customers["MonthlyCharges"] * 1.2).round(2)
    switched = np.random.default_rng(SEED).random(ROWS) < 0.5
    customers.loc[switched & (customers["PaymentMethod"] == "Mailed check"), "PaymentMethod"] = "Electronic check"
    customers.drop(columns="Churn").to_csv(path, index=False)


def write_roles(workspace: Path, path: Path) -> None:
    """The columns by kind, for Evidently."""
    from pipeline.workspace.settings import read_settings

    columns = read_settings(workspace / "churnops.toml").data.columns
    path.write_text(json.dumps([columns.numerical, columns.categorical]))


def command_table(ours: Cost, theirs: Cost) -> Iterator[str]:
    """Lines of the document's table."""
    yield "| | CPU seconds | MB | columns called drifted |"
    yield "|---|---|---|---|"
    yield f"| `churnops drift` | {ours.cpu_s:.2g} | {ours.rss_mb:.0f} | {ours.drifted} |"
    ratio = f"{theirs.cpu_s / ours.cpu_s:.2g} ×", f"{theirs.rss_mb / ours.rss_mb:.2g} ×"
    yield f"| Evidently | {theirs.cpu_s:.2g} ({ratio[0]}) | {theirs.rss_mb:.0f} ({ratio[1]}) | {theirs.drifted} |"


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
    costs = {peer: medians(of) for peer, of in runs.items()}
    ours, theirs = costs["churnops"], costs["evidently"]
    print(f"{'':10} {'wall s':>8} {'CPU s':>8} {'RSS MB':>8} {'drifted':>8}")
    for peer, cost in costs.items():
        print(f"{peer:10} {cost.wall_s:8.2f} {cost.cpu_s:8.2f} {cost.rss_mb:8.0f} {cost.drifted!s:>8}")
    print(f"Evidently takes {theirs.cpu_s / ours.cpu_s:.1f} times the CPU and {theirs.rss_mb / ours.rss_mb:.1f} times the memory.")
    if ours.drifted != theirs.drifted:
        sys.exit("The verdicts differ.")
    RESULTS.mkdir(exist_ok=True)
    written = json.dumps({"machine": machine(), "rows": ROWS, "results": {peer: asdict(cost) for peer, cost in costs.items()}}, indent=2)
    (RESULTS / "command.json").write_text(written + "\n", encoding="utf-8")
    put_into_document("command", command_table(ours, theirs), "drift-limits.md")


if __name__ == "__main__":
    main()
