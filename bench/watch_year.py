"""A year of `churnops watch` in compressed time: what it noticed, when, what was said, and whether a notice was lost or came twice.

    python bench/watch_year.py --seed 1              the year, and the tables
    python bench/watch_year.py --seed 1 --write      and put them into the documentation
    python bench/watch_year.py --seed 1 --days 60    its beginning
    python bench/watch_year.py --seed 1 --every 3    a check every third day, for a third of the time

A generated company scores 100 customers a day; each outcome is on record 30 days after the scoring. Three things change for good, two columns are
sent wrong for some days, and a person deploys a model that was trained on polluted outcomes; each on a day that is drawn (`watch_year_truth`).
The watcher is a process of its own each day, with a clock that is handed in; one in four is killed (SIGKILL) at a moment that is drawn, and
another begins. Messages go to a real webhook, which twice does not answer for some days. A person reads them in the evening, approves what waits,
goes back where that is recommended, and finds out what the rest is about (`watch_year_life`).

A case is false where nothing of what happened was there to be seen: a fault is there while rows of it are among those of the last seven days, a
change until 37 days after the next deploy, when outcomes of the new model fill a week. Of a false alarm the person takes note, others they take on.
"""

import argparse
import json
import logging
import multiprocessing
import os
import resource
import sys
import tempfile
import warnings
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

from document import put_into_document  # noqa: E402
from watch_year_chart import chart  # noqa: E402
from watch_year_figures import WatchedYear, case_lines, lines_of, watched_year  # noqa: E402
from watch_year_life import Life, webhook  # noqa: E402
from watch_year_truth import HISTORY, days_of, draw_year  # noqa: E402

RESULTS = ROOT / "bench" / "results"
# So that a watcher costs its check, not its imports.
PRELOADED = [
    "watch_year_life", "agent.case.triage", "agent.watch.look", "agent.watch.deploy_review", "duckdb", "mlflow", "requests", "scipy.stats",
    "sklearn.ensemble", "sklearn.linear_model", "sklearn.pipeline", "pipeline.diagnosis.diagnose", "pipeline.diagnosis.observed",
    "pipeline.drift.summarise", "pipeline.intake.windows", "tools.case_opening", "tools.case_windows", "tools.server",
]  # fmt: skip


def lived(seed: int, days: int, every: int) -> WatchedYear:
    """The year of one seed."""
    year = draw_year(seed, 365)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    with tempfile.TemporaryDirectory(prefix="watch-year-") as folder, webhook() as hook:
        life = Life(Path(folder), year, hook, seed)
        life.begin()
        for day, (rows, left) in enumerate(days_of(year, seed, life.opened.settings.data.columns, days), start=-HISTORY):
            life.score(day, rows, left)
            if day < 0 or day % every:
                continue
            life.check(day, context)
            life.answer(day)
            print(f"\rseed {seed}: day {day + 1} of {days}, {life.killed} killed, {len(hook.arrived)} messages ", end="", file=sys.stderr)
        print(file=sys.stderr)
        return watched_year(life, days, every)


def main() -> None:
    """Live the year, print what came of it, and write it where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--every", type=int, default=1, help="days between two checks")
    parser.add_argument("--write", action="store_true", help="put it into bench/results and docs/watch-year.md")
    asked = parser.parse_args()
    logging.getLogger("mlflow.sklearn").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    found = lived(asked.seed, asked.days, asked.every)
    lines = lines_of(found)
    used = resource.getrusage(resource.RUSAGE_SELF).ru_utime + resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    print("\n".join([*lines, "", *case_lines(found)]))
    print(f"{used / 60:.0f} minutes of processor time beside the watchers'")
    (RESULTS / f"watch_year_{asked.seed}.json").write_text(json.dumps(asdict(found), indent=1, default=str) + "\n", encoding="utf-8")
    if asked.write:
        (ROOT / "docs" / "watch-year.svg").write_text(chart(found), encoding="utf-8")
        put_into_document("watch year", lines, "watch-year.md")


if __name__ == "__main__":
    main()
