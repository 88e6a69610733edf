"""What `churnops diagnose` costs, from start to end: 7,000 rows with all outcomes known, and 10 million rows with 7,000 of them known.

    python bench/diagnosis.py [--rows 10000000]

Customers are generated; the large window repeats 50,000 of them under ids of their own. Results: bench/results/diagnosis.json and the table
of docs/benchmark-details.md.
"""

import argparse
import json
import shutil
import subprocess
import sys
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from document import put_into_document
from process_cost import machine, measure, medians

RESULTS = Path(__file__).parent / "results" / "diagnosis.json"
KNOWN, DISTINCT, SEED, ROUNDS = 7_000, 50_000, 21, 3


def write_windows(small: Path, large: Path, outcomes: Path, rows: int) -> None:
    """A window of `KNOWN` rows, one of `rows`, and outcomes of the first `KNOWN` customers of both."""
    import duckdb

    from pipeline.worlds.telephone_customers import make_customers

    customers = make_customers(DISTINCT, seed=SEED)
    customers.head(KNOWN)[["customerID", "Churn"]].to_csv(outcomes, index=False)
    shown = customers.drop(columns="Churn")
    shown.head(KNOWN).to_csv(small, index=False)
    with duckdb.connect() as connection:
        connection.register("customers", shown.astype(str))
        repeated = "customerID || case when copy = 0 then '' else '-' || copy end as customerID"
        connection.execute(
            f"copy (select * replace ({repeated}) from customers, range(?) copies(copy)) to '{large}' (format parquet)",
            [rows // DISTINCT],
        )


def main() -> None:
    """Measure, print and write the results."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rows", type=int, default=10_000_000)
    rows = arguments.parse_args().rows
    churnops = shutil.which("churnops", path=str(Path(sys.executable).parent))
    if churnops is None:
        sys.exit("churnops is not installed beside this Python; run `make bench`.")
    with TemporaryDirectory(prefix="diagnosis-bench-") as name:
        folder = Path(name)
        workspace = folder / "workspace"
        for command in (["init", "--synthetic", "--rows", "10000"], ["train"]):
            subprocess.run([churnops, *command, "-w", str(workspace)], check=True, capture_output=True)
        small, large, outcomes = folder / "small.csv", folder / "large.parquet", folder / "outcomes.csv"
        # In a process of its own: a child's peak memory counts from that of the process that starts it.
        writer = get_context("spawn").Process(target=write_windows, args=(small, large, outcomes, rows))
        writer.start()
        writer.join()
        costs = {}
        for window, count in ((small, KNOWN), (large, rows)):
            call = [churnops, "diagnose", "-w", str(workspace), "--current", str(window), "--outcomes", str(outcomes), "--json"]
            runs = [measure(call, lambda _: None) for _ in range(ROUNDS)]
            if failed := next((run for run in runs if isinstance(run, str)), None):
                sys.exit(f"{count:,} rows: {failed}")
            costs[count] = medians([run for run in runs if not isinstance(run, str)])
    lines = ["| rows | outcomes known | seconds | CPU seconds | MB |", "|---|---|---|---|---|"]
    lines += [f"| {count:,} | {KNOWN:,} | {cost.wall_s:.1f} | {cost.cpu_s:.1f} | {cost.rss_mb:.0f} |" for count, cost in costs.items()]
    print("\n".join(lines))
    put_into_document("diagnosis", lines, "benchmark-details.md")
    found = {str(count): {"wall_s": cost.wall_s, "cpu_s": cost.cpu_s, "rss_mb": cost.rss_mb} for count, cost in costs.items()}
    RESULTS.write_text(json.dumps({"machine": machine(), "rounds": ROUNDS, "costs": found}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
