"""Natural shift: New South Wales electricity (Elec2), half-hourly, replayed as if it had been production.

    python bench/replay.py                          logistic regression, the family that tests best on the reference
    python bench/replay.py --estimator random_forest

Reference: the first 8,064 rows (24 weeks); 27 batches of four weeks follow, whose outcomes are known a batch later. The table is not in
this repository. It is looked for at `../shared/data/natural/elec2.csv`; churned is `class` 1 (the price goes up). Results: bench/results/replay_elec2.json
and the table of docs/replay.md, of a whole run with logistic regression; Ctrl-C prints what is done so far and writes nothing.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

from document import put_into_document  # noqa: E402
from rich.console import Console  # noqa: E402

from agent.views.replay_view import report_view, table_view  # noqa: E402
from pipeline.replay.dated_table import Columns, Pace, read_dated  # noqa: E402
from pipeline.replay.lived import ReplayReport  # noqa: E402
from pipeline.replay.replaying import Replay  # noqa: E402
from pipeline.workspace.policy import load_policy  # noqa: E402
from pipeline.workspace.value_settings import ValueSettings  # noqa: E402
from prompts import policy_text  # noqa: E402

TABLE = ROOT.parent / "shared" / "data" / "natural" / "elec2.csv"
RESULTS = ROOT / "bench" / "results" / "replay_elec2.json"
SAID = Columns(time="at", target="class", positive="1")
PACE = Pace(batch=timedelta(weeks=4), label_delay=timedelta(weeks=4), reference=8_064)
USUAL = "logistic_regression"


def main() -> None:
    """Replay, print, and write both results."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--estimator", default=USUAL)
    estimator = arguments.parse_args().estimator
    if not TABLE.exists():
        print(f"Skipped: there is no {TABLE}.")
        return
    console, started = Console(highlight=False), time.process_time()
    table = read_dated(TABLE, SAID, PACE)
    console.print(table_view(table))
    with tempfile.TemporaryDirectory() as folder:
        replay = Replay(table, PACE, Path(folder), load_policy(policy_text(), {}), ValueSettings(), estimator)
        try:
            for number in replay.steps():
                print(f"\rbatch {number} of {len(table.batches)} ", end="", file=sys.stderr, flush=True)
        except KeyboardInterrupt:
            pass
        report = replay.report()
    if report is None:
        sys.exit("No batch was done.")
    console.print(report_view(report))
    console.print(f"{time.process_time() - started:.0f} CPU seconds")
    if report.lived == report.asked and estimator == USUAL:
        RESULTS.write_text(report.model_dump_json(indent=1) + "\n", encoding="utf-8")
        put_into_document("elec2", lines(report), "replay.md")


def lines(report: ReplayReport) -> Iterator[str]:
    """The table of the document."""
    yield "| | profit | cost | net | regret | trained | deployed | cases a year | wrongly refused | unsafe |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for name, life in report.strategies.items():
        shown = f"**{name}**" if name == report.operator else name
        points = " | ".join(f"{value:.1f}" for value in (life.profit, life.cost, life.net, life.regret))
        refused = life.refused_wrongly if name == report.operator else "–"
        yield f"| {shown} | {points} | {life.trained} | {life.deployed} | {life.cases_per_year:.1f} | {refused} | {life.unsafe} |"
    best, never = report.over_best_simple, report.over_never
    yield ""
    yield f"Over {report.best_simple}, the best simple strategy: {best.value:+.1f} points a batch (90% interval {best.low:+.1f} to {best.high:+.1f});"
    yield f"over never: {never.value:+.1f} ({never.low:+.1f} to {never.high:+.1f}). Floor of the gate: ROC-AUC {report.floor:g}."


if __name__ == "__main__":
    main()
