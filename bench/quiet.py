"""How often people are asked to act where nothing happened: single windows, a year of daily checks, and the weeks after a retraining.

    python bench/quiet.py windows      unchanged windows of 50, 200 and 1,000 rows
    python bench/quiet.py years        a year of daily checks of the last seven days
    python bench/quiet.py retrained    twelve weeks after a retraining was approved

Customers are generated. In the years, who is scored wanders from day to day: each day leans towards risky customers by an amount that
follows an autoregression (each day nine tenths of the day before), and with the day of the week; nobody's behaviour changes. By that the
churn rate to expect wanders with a standard deviation of about 1.3 points in a calm year, and 2.6 in a restless one. In one year
prices rise once, by `RISE` on day 120, and customers take it as before. Checks see no outcomes, which come weeks later; in another year they see
those of half of the rows at once.

In the weeks after a retraining a week is loud when its drift level is above `monitor`. The model is trained on the rows of the newest week whose
outcome is known, one in three; before that week the same customers came for eight weeks, or others did, who churn less.

A check that asks for anything but `monitor` opens a case. People acknowledge each case, so the same shift raises none until it grows, as
`churnops case acknowledge` does; of the price rise only those are false that come when the window has long held nothing but new prices.
Results: bench/results/quiet.json and the tables of docs/benchmark-quiet.md.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from io import StringIO
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from document import put_into_document  # noqa: E402

from agent.bench_operators import Diagnosing  # noqa: E402
from pipeline.benchmark.world import Exhibit, named_columns  # noqa: E402
from pipeline.drift.summarise import summarise_drift  # noqa: E402
from pipeline.models.artifact import Artifact, open_artifact, publish  # noqa: E402
from pipeline.profiles.counting import profile_window  # noqa: E402
from pipeline.roles.inference import infer  # noqa: E402
from pipeline.rulings.acknowledgements import Shift, shift_of  # noqa: E402
from pipeline.sources.source import ALL_ROWS, Frame, Restriction  # noqa: E402
from pipeline.tables.reading import raw_of, typed  # noqa: E402
from pipeline.tables.schema import Schema  # noqa: E402
from pipeline.tables.typed_parquet import write_rows  # noqa: E402
from pipeline.training.child import run  # noqa: E402
from pipeline.training.drift_reference import RowsBefore, rows_before  # noqa: E402
from pipeline.training.job import ARTIFACT, DRIFT_ROWS, TEST_ROWS, TRAIN_ROWS, TrainingJob  # noqa: E402
from pipeline.windows.baseline import baseline_of  # noqa: E402
from pipeline.windows.window import Window  # noqa: E402
from pipeline.workspace.folder import Workspace  # noqa: E402
from pipeline.workspace.policy import load_policy  # noqa: E402
from pipeline.workspace.staging import staging_folder  # noqa: E402
from pipeline.workspace.value_settings import ValueSettings  # noqa: E402
from pipeline.worlds.telephone_customers import churn_probability, make_customers  # noqa: E402
from prompts import policy_text  # noqa: E402

RESULTS = ROOT / "bench" / "results" / "quiet.json"
START = datetime(2026, 1, 5, tzinfo=UTC)
REFERENCE, POOL, A_DAY = 6_000, 40_000, 300
SIZES, WINDOWS = (50, 200, 1_000), 120
DAYS, WINDOW, KNOWN = 365, 7, 0.5
CALM, RESTLESS, STAYS = 0.05, 0.10, 0.9  # standard deviations of the lean, and how much of it the next day keeps
RISE, RISE_DAY = 1.08, 120
YEARS, YEAR_SEED = (("no change", CALM), ("price rise", CALM), ("no change", RESTLESS), ("with outcomes", CALM)), 301
POLICY, VALUE = load_policy(policy_text(), {}), ValueSettings()


RETRAINED, AFTER, LOGGED = (300, 1_000), 12, 8  # customers a week; weeks judged; weeks of log ahead of the newest one
QUICK = "logistic_regression"  # what the model is does not matter to drift
SAFER = -1.0  # weight of the risk in the customers who came before a change
BY_SIZE = load_policy(policy_text(), {"drift": {"numerical": "evidently", "categorical": "evidently"}})

Found = TypeVar("Found")


@dataclass(frozen=True)
class Quiet:
    """Windows of one size in which nothing happened: how many, and in how many people were asked to act, by action."""

    rows: int
    labelled: bool
    windows: int
    acted: dict[str, int]


@dataclass(frozen=True)
class Year:
    """A year of daily checks: `checks`, those that asked people to act (`days`), and the cases that were opened, by day, cause and column."""

    name: str
    wander: float
    checks: int
    days: int
    cases: tuple[tuple[int, str, str | None], ...]

    @property
    def false(self) -> int:
        """Cases about nothing: any, but for the price rise while the window fills with new prices."""
        return sum(not (self.name == "price rise" and RISE_DAY <= day <= RISE_DAY + WINDOW) for day, _, _ in self.cases)


@dataclass(frozen=True)
class Retrained:
    """Weeks above the drift level low, of `weeks` after a retraining in which nothing happened. `training_rows`: compared with these, by the
    tests that Evidently chooses for so few; `drift_reference`: as it is."""

    rows: int
    changed: bool
    weeks: int
    training_rows: int
    drift_reference: int


def customers(rows: int, seed: int) -> pd.DataFrame:
    """Typed rows of new customers."""
    return typed(raw_of(make_customers(rows, seed), "customers"), columns().model_copy(update={"id": None, "time": None}), with_target=True)


@cache
def columns() -> Schema:
    """Roles of the generated customers' columns, with an id and a scoring time."""
    return named_columns(infer(raw_of(make_customers(2_000, 0), "customers"), "Churn").schema)


def champion(seed: int, folder: Path) -> Artifact:
    """A forest trained on generated customers."""
    return fitted(customers(REFERENCE, 1_000 * seed), seed, folder)


def fitted(rows: pd.DataFrame, seed: int, folder: Path, before: RowsBefore | None = None, estimator: str = "random_forest") -> Artifact:
    """A model trained on three quarters of the rows; `before`: its drift reference."""
    rows = rows[[*columns().features, columns().target]]
    cut, workspace = int(0.75 * len(rows)), Workspace(folder)
    job = TrainingJob(
        columns=columns(), estimator=estimator, seed=seed, threshold=0.5, confidence=POLICY.gate.confidence, trained_at=START,
        drift_reference=before.told if before else None,
    )  # fmt: skip
    with staging_folder(workspace) as staged:
        if before is not None:
            write_rows(before.rows, staged / DRIFT_ROWS)
        write_rows(rows.iloc[:cut], staged / TRAIN_ROWS)
        write_rows(rows.iloc[cut:], staged / TEST_ROWS)
        run(job, staged, workspace, StringIO())
        return open_artifact(workspace, publish(staged / ARTIFACT, workspace))


def exhibit(model: Artifact, rows: pd.DataFrame, known: np.ndarray) -> Exhibit:
    """Rows with `customer` and `scored_at` as an operator is shown them, and the outcomes of those that are `known`."""
    key = [str(columns().id), str(columns().time)]
    outcomes = rows.loc[known, [*key, columns().target]].reset_index(drop=True)
    return Exhibit(model, columns(), rows[[*key, *columns().features]].reset_index(drop=True), outcomes)


def stamped(rows: pd.DataFrame, day: int, rng: np.random.Generator) -> pd.DataFrame:
    """One day's rows with ids and times."""
    seconds = np.sort(rng.integers(0, 86_400, len(rows)))
    times = pd.Series([START + timedelta(days=day, seconds=int(second)) for second in seconds]).dt.as_unit("us")
    ids = [f"{day}-{number}" for number in range(len(rows))]
    return rows.reset_index(drop=True).assign(**{str(columns().id): np.array(ids, dtype=object), str(columns().time): times})


def quiet_windows(job: tuple[int, bool]) -> Quiet:
    """Unchanged windows of one size under four champions."""
    rows, labelled = job
    acted: dict[str, int] = {}
    decide, champions = Diagnosing(POLICY, VALUE), 4
    with tempfile.TemporaryDirectory() as place:
        for seed in range(1, champions + 1):
            model, rng = champion(seed, Path(place)), np.random.default_rng([seed, rows, labelled])
            pool = customers(POOL, 1_000 * seed + 1)
            for number in range(WINDOWS // champions):
                drawn = pool.iloc[rng.choice(len(pool), rows, replace=False)]
                parts = [stamped(drawn.iloc[places], day, rng) for day, places in enumerate(np.array_split(np.arange(rows), WINDOW))]
                said = decide(exhibit(model, pd.concat(parts, ignore_index=True), np.full(rows, labelled)))
                if said.action != "monitor":
                    name = f"{said.action} ({said.rule})"
                    acted[name] = acted.get(name, 0) + 1
                print(f"\r{rows} rows, champion {seed}, window {number + 1} ", end="", file=sys.stderr, flush=True)
    return Quiet(rows, labelled, WINDOWS, acted)


def days_of(seed: int, wander: float, rise: bool, days: int) -> Iterator[pd.DataFrame]:
    """The rows of each day, one day after the other."""
    rng = np.random.default_rng([seed, 7])
    pool = customers(POOL, 1_000 * seed + 2)
    risk = churn_probability(pool)
    risk = (risk - risk.mean()) / risk.std()
    lean = 0.0
    for day in range(days):
        lean = STAYS * lean + rng.normal(0, wander * np.sqrt(1 - STAYS**2))
        weights = np.exp((lean + (wander / 2 if day % 7 >= 5 else 0.0)) * risk)
        rows = pool.iloc[rng.choice(len(pool), A_DAY, replace=False, p=weights / weights.sum())]
        if rise and day >= RISE_DAY:
            dearer = {name: (rows[name] * RISE).round(2) for name in ("MonthlyCharges",)}
            rows = rows.assign(**dearer)
        yield stamped(rows, day, rng)


def year(job: tuple[str, float]) -> Year:
    """One year of daily checks, each case acknowledged."""
    (name, wander), seed = job, YEAR_SEED
    decide = Diagnosing(POLICY, VALUE)
    outcomes, rise = name == "with outcomes", name == "price rise"
    seen: list[pd.DataFrame] = []
    cases: list[tuple[int, str, str | None]] = []
    known: list[tuple[str, str | None, Shift]] = []
    checks = acted = 0
    with tempfile.TemporaryDirectory() as place:
        model = champion(seed, Path(place))
        for day, rows in enumerate(days_of(seed, wander, rise, DAYS + WINDOW)):
            seen = [*seen[-(WINDOW - 1) :], rows]
            if day < WINDOW:
                continue
            window = pd.concat(seen, ignore_index=True)
            shown = exhibit(model, window, np.random.default_rng([seed, day]).random(len(window)) < (KNOWN if outcomes else 0.0))
            said = decide(shown)
            checks += 1
            if said.action != "monitor":
                acted += 1
                shift = shift_of(summarise_drift(baseline_of(model), shown.window(), POLICY), harmed=False)
                growth = POLICY.acknowledgement.growth
                if not any((said.cause, said.column) == before[:2] and shift.within(before[2], growth) for before in known):
                    cases.append((day, said.cause, said.column))
                known.append((said.cause, said.column, shift))
            print(f"\r{name}, {wander}: day {day} of {DAYS}, {len(cases)} cases ", end="", file=sys.stderr, flush=True)
    return Year(name, wander, checks, acted, tuple(cases))


def retrained(job: tuple[int, bool]) -> Retrained:
    """The weeks after a retraining."""
    rows, changed = job
    rng, pool = np.random.default_rng([YEAR_SEED, rows, changed]), customers(POOL, 1_000 * YEAR_SEED + 3)
    risk = churn_probability(pool)
    safer = np.exp(SAFER * (risk - risk.mean()) / risk.std())
    week, older = drawn(pool, rows, rng), drawn(pool, LOGGED * rows, rng, safer if changed else None)
    log = pd.concat([stamped(older, 0, rng), stamped(week, 7, rng)], ignore_index=True)
    loud = {"training_rows": 0, "drift_reference": 0}
    with tempfile.TemporaryDirectory() as place:
        model = fitted(customers(REFERENCE, 1_000 * YEAR_SEED), YEAR_SEED, Path(place), estimator=QUICK)
        before = rows_before(model, window_of(model, log, Restriction(since=START + timedelta(days=6))), POLICY)
        known = week.iloc[: max(200, rows // 3)]
        then, now = (fitted(known, YEAR_SEED, Path(place), one, QUICK) for one in (None, before))
        for number in range(AFTER):
            quiet = drawn(pool, rows, rng)[list(columns().features)]
            for name, judge, policy in (("training_rows", then, BY_SIZE), ("drift_reference", now, POLICY)):
                loud[name] += summarise_drift(baseline_of(judge), window_of(judge, quiet), policy).band != "monitor"
            print(f"\r{rows} a week, changed: {changed}, week {number + 1}: {loud} ", end="", file=sys.stderr, flush=True)
    return Retrained(rows, changed, AFTER, **loud)


def drawn(pool: pd.DataFrame, rows: int, rng: np.random.Generator, weights: np.ndarray | None = None) -> pd.DataFrame:
    """Different customers of the pool."""
    return pool.iloc[rng.choice(len(pool), rows, replace=False, p=None if weights is None else weights / weights.sum())]


def window_of(model: Artifact, rows: pd.DataFrame, restriction: Restriction = ALL_ROWS) -> Window:
    """Rows as a window beside what the model is compared with."""
    profile = profile_window(Frame(rows), columns(), baseline_of(model).profile, restriction)
    return Window("weeks", Frame(rows), columns(), restriction, profile, None)


def retrained_table(found: list[Retrained]) -> Iterator[str]:
    """Lines of the document's table."""
    yield "| customers a week | before the newest week | weeks | loud, training rows as reference, tests by its size | loud, drift reference, distances |"
    yield "|---|---|---|---|---|"
    for one in found:
        came = "safer customers came" if one.changed else "the same came"
        yield f"| {one.rows:,} | {came} | {one.weeks} | {one.training_rows} | {one.drift_reference} |"


def windows_table(found: list[Quiet]) -> Iterator[str]:
    """Lines of the document's table."""
    yield "| rows | outcomes | windows | asked people to act | which action |"
    yield "|---|---|---|---|---|"
    for one in found:
        count = sum(one.acted.values())
        which = ", ".join(f"{name} {times}" for name, times in one.acted.items()) or "–"
        yield f"| {one.rows:,} | {'all' if one.labelled else 'none'} | {one.windows} | {count} ({count / one.windows:.1%}) | {which} |"
    total, windows = sum(sum(one.acted.values()) for one in found), sum(one.windows for one in found)
    yield f"| together | | {windows:,} | {total} ({total / windows:.1%}) | |"


def years_table(found: list[Year]) -> Iterator[str]:
    """Lines of the document's table."""
    yield "| year | wander | checks | days on which people were asked to act | cases | of them false |"
    yield "|---|---|---|---|---|---|"
    for one in found:
        yield f"| {one.name} | {'calm' if one.wander == CALM else 'restless'} | {one.checks} | {one.days} | {len(one.cases)} | {one.false} |"


def main() -> None:
    """Measure one of the three, and write its results and table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("what", choices=("windows", "years", "retrained"))
    arguments.add_argument("--jobs", type=int, default=2)
    chosen = arguments.parse_args()
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    with ProcessPoolExecutor(chosen.jobs) as pool:
        if chosen.what == "windows":
            for quiet in _growing(pool.map(quiet_windows, [(rows, labelled) for labelled in (False, True) for rows in SIZES])):
                put_into_document("quiet windows", windows_table(quiet), "benchmark-quiet.md")
                _write(kept | {"windows": [asdict(one) for one in quiet]})
        elif chosen.what == "retrained":
            for weeks in _growing(pool.map(retrained, [(rows, changed) for changed in (False, True) for rows in RETRAINED])):
                put_into_document("quiet after a retraining", retrained_table(weeks), "benchmark-quiet.md")
                _write(kept | {"retrained": [asdict(one) for one in weeks]})
        else:
            for years in _growing(pool.map(year, YEARS)):
                put_into_document("quiet years", years_table(years), "benchmark-quiet.md")
                _write(kept | {"years": [asdict(one) | {"false": one.false} for one in years]})


def _growing(found: Iterator[Found]) -> Iterator[list[Found]]:
    """All found so far, again after each: what is done stays done when it is interrupted."""
    known: list[Found] = []
    for one in found:
        known.append(one)
        yield known


def _write(results: dict[str, object]) -> None:
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
