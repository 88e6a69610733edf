"""A window of 30 days from profiles kept day by day, against counting all its rows again: whole processes, and the work alone.

Days of 10,000 and of 1,000,000 rows lie in Parquet, one file each, because a log in SQLite does not hold 30 million rows sensibly; their
profiles are made by the function the log uses. The smaller month is also logged in a state database, where `profile_log` keeps and finds
the days itself. Every way must call as many columns drifted. Results: bench/results/month.json, and
a table of docs/drift-limits.md.

    python bench/month.py [--rows 10k 1M]
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from document import put_into_document
from drift import REFERENCE_ROWS, UNITS, write
from process_cost import Cost, machine, measure, medians

if TYPE_CHECKING:
    from pipeline.profiles.profile import Profile

RESULTS = Path(__file__).parent / "results"
DAYS, ROUNDS, REPEATS = 30, 3, 15
FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
SPAN = FIRST_DAY - timedelta(microseconds=1), FIRST_DAY + timedelta(days=DAYS)
LOGGED = 10_000  # rows a day up to which the month is also logged

HEADER = """
import sys
from datetime import datetime
from pathlib import Path
from pipeline.profiles.profile import Profile
from pipeline.tables.schema import Schema
from pipeline.drift.scores import score_profiles
folder, span = Path(sys.argv[1]), [datetime.fromisoformat(text) for text in sys.argv[2:]]
schema = Schema.model_validate_json((folder / "schema.json").read_bytes())
before = Profile.model_validate_json((folder / "reference.json").read_bytes())
"""
PROCESSES = {
    "kept days": """
from functools import reduce
from pipeline.profiles.daily import DayProfile
from pipeline.profiles.profile import merge
after = reduce(merge, (DayProfile.model_validate_json(path.read_bytes()).profile for path in sorted((folder / "kept").iterdir())))
""",
    "rescan": """
from pipeline.profiles.counting import profile_window
from pipeline.sources.source import Files
after = profile_window(Files(str(folder / "days")), schema, before)
""",
    "log, kept days": """
from pipeline.profiles.daily import profile_log
from pipeline.state.database import open_state
after = profile_log(open_state(folder / "state.db"), schema, before, *span, folder / "logged")
""",
    "log, rescan": """
from pipeline.profiles.counting import profile_window
from pipeline.sources.source import PredictionLog, Restriction
after = profile_window(PredictionLog(folder / "state.db"), schema, before, Restriction(*span))
""",
}
FOOTER = """
print(sum(score.drifted for score in score_profiles(before, after).values()))
"""


@dataclass(frozen=True)
class Work:
    """Median CPU seconds of the work alone, in process: reading and merging the kept days, comparing a merged profile with the reference,
    and counting all rows again. `kept_kb`: size of the kept days."""

    merge_s: float
    compare_s: float
    rescan_s: float
    kept_kb: float


@dataclass(frozen=True)
class Month:
    """What a month of `rows` rows cost: whole processes by name, and the work alone."""

    rows: int
    processes: dict[str, Cost]
    work: Work


def spawned(function: Callable[..., None], *arguments: object) -> None:
    """Run in a process of its own: a child's peak memory counts from that of the process that starts it."""
    process = get_context("spawn").Process(target=function, args=arguments)
    process.start()
    process.join()
    if process.exitcode:
        sys.exit(f"{function.__name__} failed")


def make(folder: Path, daily: int) -> None:
    """The reference with its profile, and every day with its own, as the log keeps it."""
    from pipeline.profiles.counting import profile_reference, profile_window
    from pipeline.profiles.daily import DayProfile
    from pipeline.sources.source import Files
    from pipeline.tables.schema import Schema

    for name in ("days", "kept"):
        (folder / name).mkdir(parents=True)
    write(folder / "reference.parquet", REFERENCE_ROWS, False, 0.0, 0)
    columns = json.loads((folder / "columns.json").read_text())
    numerical, categorical = (tuple(name for name in columns if name[0] in kind) for kind in ("xn", "c"))
    schema = Schema(target="t", positive="1", numerical=numerical, categorical=categorical)
    before = profile_reference(Files(str(folder / "reference.parquet")), schema)
    (folder / "schema.json").write_text(schema.model_dump_json())
    (folder / "reference.json").write_text(before.model_dump_json())
    for number in range(DAYS):
        day = f"{FIRST_DAY + timedelta(days=number):%Y-%m-%d}"
        write(folder / "days" / f"{day}.parquet", daily, False, 0.15, number + 1)
        profile = profile_window(Files(str(folder / "days" / f"{day}.parquet")), schema, before)
        found = DayProfile(rows=profile.rows, last_seq=profile.rows, left_out=(), spelt_by="reference", profile=profile)
        (folder / "kept" / f"{day}.json").write_text(found.model_dump_json())
    (folder / "days" / "columns.json").unlink()


def log(folder: Path) -> None:
    """The same days in a prediction log."""
    import pandas as pd

    from pipeline.state.database import open_state
    from pipeline.state.predictions import log_predictions
    from pipeline.tables.schema import Schema

    schema = Schema.model_validate_json((folder / "schema.json").read_bytes())
    state = open_state(folder / "state.db", create=True)
    for number, path in enumerate(sorted((folder / "days").iterdir())):
        frame = pd.read_parquet(path)
        times = [FIRST_DAY + timedelta(days=number, seconds=row * 86_400 / len(frame)) for row in range(len(frame))]
        ids = [f"{number}-{row}" for row in range(len(frame))]
        log_predictions(state, frame, schema, ids=ids, times=times, scores=[0.5] * len(frame), version="1")
    state.close()


def work_alone(folder: Path) -> None:
    """Time the work in this process, into work.json."""
    from pipeline.drift.scores import score_profiles
    from pipeline.profiles.counting import profile_window
    from pipeline.profiles.daily import DayProfile
    from pipeline.profiles.profile import Profile, merge
    from pipeline.sources.source import Files
    from pipeline.tables.schema import Schema

    schema = Schema.model_validate_json((folder / "schema.json").read_bytes())
    before = Profile.model_validate_json((folder / "reference.json").read_bytes())
    kept = sorted((folder / "kept").iterdir())

    def merged() -> "Profile":
        return reduce(merge, (DayProfile.model_validate_json(path.read_bytes()).profile for path in kept))

    def seconds(work: Callable[[], object], times: int) -> float:
        spent = []
        for _ in range(times):
            began = time.process_time()
            work()
            spent.append(time.process_time() - began)
        return median(spent)

    month = merged()
    found = Work(
        merge_s=seconds(merged, REPEATS),
        compare_s=seconds(lambda: score_profiles(before, month), REPEATS),
        rescan_s=seconds(lambda: profile_window(Files(str(folder / "days")), schema, before), ROUNDS),
        kept_kb=sum(path.stat().st_size for path in kept) / 1000,
    )
    (folder / "work.json").write_text(json.dumps(asdict(found)))


def measure_month(daily: int, folder: Path) -> Month:
    """Make a month with so many rows a day, and run every process on it in turn."""
    spawned(make, folder, daily)
    names = [name for name in PROCESSES if daily <= LOGGED or not name.startswith("log")]
    commands = {
        name: [sys.executable, "-c", HEADER + PROCESSES[name] + FOOTER, str(folder), *(moment.isoformat() for moment in SPAN)]
        for name in names
    }
    if daily <= LOGGED:
        spawned(log, folder)
        measure(commands["log, kept days"])  # it finds no day, and keeps them all
    runs: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            ran = measure(command)
            if isinstance(ran, str):
                sys.exit(f"{name}: {ran}")
            runs[name].append(ran)
            print(f"  {name}: {ran}", flush=True)
    verdicts = {run.drifted for of in runs.values() for run in of}
    if len(verdicts) > 1:
        sys.exit(f"The ways differ: {verdicts} columns drifted.")
    spawned(work_alone, folder)
    costs = {name: medians(of) for name, of in runs.items()}
    return Month(daily * DAYS, costs, Work(**json.loads((folder / "work.json").read_text())))


def show(month: Month) -> None:
    """What each way cost, and the ratios."""
    print(f"\n{month.rows:,} rows in {DAYS} days, kept in {month.work.kept_kb:.0f} kB")
    print(f"  {'':16} {'wall s':>8} {'CPU s':>8} {'RSS MB':>8} {'drifted':>8}")
    for name, cost in month.processes.items():
        print(f"  {name:16} {cost.wall_s:8.2f} {cost.cpu_s:8.2f} {cost.rss_mb:8.0f} {cost.drifted:8}")
    for kept, scan in (("kept days", "rescan"), ("log, kept days", "log, rescan")):
        if kept in month.processes:
            print(f"  {scan} / {kept}: {month.processes[scan].cpu_s / month.processes[kept].cpu_s:.1f} times the CPU")
    work = month.work
    print(
        f"  work alone: merge {work.merge_s * 1000:.0f} ms, compare {work.compare_s * 1000:.1f} ms; rescan {work.rescan_s * 1000:.0f} ms",
        end="",
    )
    print(f", {(work.rescan_s + work.compare_s) / (work.merge_s + work.compare_s):.1f} times merging\n")


def month_table(months: list[Month]) -> Iterator[str]:
    """Lines of the document's table."""
    yield "| rows of the month | kept days: merge, compare | counting all rows again | whole processes, kept days / again |"
    yield "|---|---|---|---|"
    for month in months:
        work, (kept, again) = month.work, (month.processes[name].cpu_s for name in ("kept days", "rescan"))
        alone = f"{work.merge_s * 1000:.0f} ms, {work.compare_s * 1000:.0f} ms | {work.rescan_s:.2g} s"
        yield f"| {month.rows:,} | {alone} | {kept:.2g} s / {again:.2g} s of CPU |"
    for month in months:
        if "log, rescan" in month.processes:
            kept, again = (month.processes[name].cpu_s for name in ("log, kept days", "log, rescan"))
            yield f"| {month.rows:,}, in a log | | | {kept:.2g} s / {again:.2g} s of CPU |"


def main() -> None:
    """Measure, print, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", nargs="+", default=["10k", "1M"], help="rows a day")
    months = []
    for daily in parser.parse_args().rows:
        with TemporaryDirectory(prefix="month-bench-") as folder:
            months.append(measure_month(int(daily[:-1]) * UNITS[daily[-1]], Path(folder)))
        show(months[-1])
    first, last = months[0], months[-1]
    grown = (last.work.merge_s + last.work.compare_s) / (first.work.merge_s + first.work.compare_s)
    print(f"{last.rows / first.rows:.0f} times the rows: merging and comparing kept days costs {grown:.2f} times as much")
    RESULTS.mkdir(exist_ok=True)
    written = json.dumps({"machine": machine(), "days": DAYS, "results": [asdict(month) for month in months]}, indent=2)
    (RESULTS / "month.json").write_text(written + "\n", encoding="utf-8")
    put_into_document("month", month_table(months), "drift-limits.md")


if __name__ == "__main__":
    main()
