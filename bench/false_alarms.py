"""How often each verdict calls windows drift that are none, and how often it finds a shift that is one.

Reference and window are drawn anew, with replacement, from one population: 50,000 generated customers, and the public Telco table where
it lies beside the repository. A shift moves the numerical columns, or some categorical ones, towards settled customers as the scenarios
`numeric_shift` and `category_mix` do (medium is their strength, weak half of it, strong twice), and leaves the shares of all other
columns as they are. Evidently's verdict is our reproduction from profiles; a sample of the windows goes to
Evidently itself, and every difference is counted. Results: bench/results/false_alarms.json, and the tables of docs/drift-measured.md.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ["DO_NOT_TRACK"] = "1"

from document import put_into_document  # noqa: E402

from pipeline.drift.blindspots import find_blind_spots  # noqa: E402
from pipeline.drift.scores import drifts, score_profiles  # noqa: E402
from pipeline.drift.verdict import calibrate  # noqa: E402
from pipeline.roles.inference import infer  # noqa: E402
from pipeline.tables.reading import raw_of, read_raw, typed  # noqa: E402
from pipeline.tables.schema import Schema  # noqa: E402
from pipeline.workspace.policy import load_policy  # noqa: E402
from pipeline.worlds.drivers import lean, risk, strongest_first  # noqa: E402
from pipeline.worlds.telephone_customers import make_customers  # noqa: E402
from prompts import policy_text  # noqa: E402
from tests.pipeline.small_profiles import profile_of  # noqa: E402

TELCO = ROOT.parent / "shared" / "data" / "telco.csv"
RESULTS = ROOT / "bench" / "results"
REFERENCES = (1000, 7000)
WINDOWS = (200, 500, 1000, 5000)
STRENGTHS = {
    "none": 0.0,
    "numbers, weak": 0.2,
    "numbers, medium": 0.4,
    "numbers, strong": 0.8,
    "categories, weak": 0.3,
    "categories, medium": 0.6,
    "categories, strong": 1.2,
}
FALSE_DISCOVERY_RATE = 0.05
MIN_ROWS = 200
RULES = load_policy(policy_text(), {}).evidence.data
CHECKED = 2  # windows of each kind that go to Evidently itself
QUIET = 5  # times as many windows without drift: a share of few needs more of them than a share of most


@dataclass(frozen=True)
class Setting:
    """Windows of `rows` rows of one population under one shift, each with a reference of its own."""

    population: str
    reference: int
    rows: int
    shift: str


@dataclass(frozen=True)
class Outcome:
    """What both verdicts said of `looks` windows.

    `evidently`, `calibrated`: windows in which any column that moved was called drifted, or any at all where none did.
    `blind_spots`: windows with any. `distance`: mean distance of the column that moved most. `checked`, `flips`: columns given to
    Evidently itself, and those it judged otherwise.
    """

    looks: int
    evidently: int
    calibrated: int
    blind_spots: int
    distance: float
    checked: int
    flips: int


@cache
def population(name: str) -> tuple[pd.DataFrame, Schema]:
    """All customers there are, typed, and their schema."""
    raw = read_raw(TELCO) if name == "Telco" else raw_of(make_customers(50_000, seed=1), "customers")
    schema = infer(raw, "Churn").schema
    return typed(raw, schema, with_target=True), schema


@cache
def movers(name: str, shift: str) -> list[str]:
    """The columns that the shift moves; every column where there is none. The one that says most about churn comes first."""
    pool, schema = population(name)
    if shift == "none":
        return list(schema.features)
    among = schema.numerical if shift.startswith("numbers") else schema.categorical
    lead = strongest_first(pool, among, pool[schema.target].to_numpy(dtype="float64"))[0]
    others = strongest_first(pool, [column for column in among if column != lead], risk(pool, schema, lead))
    return [lead, *others][: len(schema.features) // 5 + 2]


@cache
def weights(name: str, shift: str) -> np.ndarray:
    """Probability of each customer to be drawn under the shift, shape (customers,)."""
    pool, schema = population(name)
    moved = movers(name, shift)
    held = [column for column in schema.features if column not in moved]
    leaning = lean(pool, moved, held, -risk(pool, schema, moved[0]), STRENGTHS[shift])
    return leaning / leaning.sum()


def run(setting: Setting, looks: int) -> Outcome:
    """Both verdicts on the windows of one setting."""
    pool, schema = population(setting.population)
    moved = movers(setting.population, setting.shift)
    evidently = calibrated = blind = checked = flips = 0
    distances = []
    for look in range(looks):
        rng = np.random.default_rng([look, setting.reference, setting.rows])
        reference = pool.iloc[rng.integers(len(pool), size=setting.reference)]
        window = pool.iloc[rng.choice(len(pool), size=setting.rows, p=weights(setting.population, setting.shift))]
        before = profile_of(reference, schema)
        after = profile_of(window, schema, before)
        scores = score_profiles(before, after)
        verdict = calibrate(before, after, scores, min_rows=MIN_ROWS, false_discovery_rate=FALSE_DISCOVERY_RATE, seed=look)
        evidently += any(scores[name].drifted for name in moved)
        calibrated += any(feature.drifted for feature in verdict.features if feature.name in moved)
        blind += bool(find_blind_spots(before, after, RULES))
        distances.append(max(feature.distance or 0.0 for feature in verdict.features if feature.name in moved))
        if look < CHECKED:
            itself = ask_evidently(reference, window, schema)
            checked += len(itself)
            flips += sum(scores[name].drifted != drifted for name, drifted in itself.items())
    return Outcome(looks, evidently, calibrated, blind, float(np.mean(distances)), checked, flips)


def ask_evidently(reference: pd.DataFrame, window: pd.DataFrame, schema: Schema) -> dict[str, bool]:
    """Evidently's own verdict on each column."""
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    roles = DataDefinition(numerical_columns=list(schema.numerical), categorical_columns=list(schema.categorical))
    sets = [
        Dataset.from_pandas(frame[list(schema.features)].reset_index(drop=True), data_definition=roles) for frame in (window, reference)
    ]
    found = Report([DataDriftPreset(columns=list(schema.features))]).run(*sets).dict()["metrics"]
    scores = [(metric["config"], float(metric["value"])) for metric in found if metric["config"]["type"].endswith("ValueDrift")]
    return {config["column"]: drifts(config["method"], score) for config, score in scores}


def share(count: int, looks: int) -> str:
    """A share in percent with its 95% interval (Wilson 1927)."""
    from scipy.stats import binomtest

    low, high = binomtest(count, looks).proportion_ci(method="wilson")
    return f"{count / looks:.1%} ({low:.1%}–{high:.1%})".replace(".0%", "%")


def false_alarm_table(results: dict[Setting, Outcome]) -> Iterator[str]:
    """Lines of the table of windows without drift."""
    yield "| customers | reference | window | Evidently's verdict | calibrated verdict |"
    yield "|---|---|---|---|---|"
    for setting, outcome in results.items():
        if setting.shift == "none":
            shares = f"{share(outcome.evidently, outcome.looks)} | {share(outcome.calibrated, outcome.looks)}"
            yield f"| {setting.population} | {setting.reference:,} | {setting.rows:,} | {shares} |"


def power_table(results: dict[Setting, Outcome]) -> Iterator[str]:
    """Lines of the table of windows with drift, Evidently's verdict / calibrated."""
    shifts = [shift for shift in STRENGTHS if shift != "none"]
    yield f"| customers | reference | window | {' | '.join(shifts)} |"
    yield "|---" * (3 + len(shifts)) + "|"
    for setting in results:
        if setting.shift != "none":
            continue
        cells = []
        for shift in shifts:
            outcome = results[replace(setting, shift=shift)]
            cells.append(f"{outcome.evidently / outcome.looks:.0%} / {outcome.calibrated / outcome.looks:.0%}")
        yield f"| {setting.population} | {setting.reference:,} | {setting.rows:,} | {' | '.join(cells)} |"


def main() -> None:
    """Measure, write the results, and print what stands in no table."""
    parser = argparse.ArgumentParser(description="False alarms and power of both drift verdicts")
    parser.add_argument("--looks", type=int, default=200, help=f"windows of each shift; {QUIET} times as many without one")
    looks = parser.parse_args().looks
    populations = ("generated", "Telco") if TELCO.exists() else ("generated",)
    if not TELCO.exists():
        print(f"The Telco table is not at {TELCO.relative_to(ROOT.parent)}; generated customers only.")
    settings = [
        Setting(name, reference, rows, shift) for name in populations for reference in REFERENCES for rows in WINDOWS for shift in STRENGTHS
    ]
    started = time.perf_counter()
    numbers = [looks * (QUIET if setting.shift == "none" else 1) for setting in settings]
    with ProcessPoolExecutor() as pool:
        results = dict(zip(settings, pool.map(run, settings, numbers), strict=True))
    RESULTS.mkdir(parents=True, exist_ok=True)
    rows = [{**asdict(setting), **asdict(outcome)} for setting, outcome in results.items()]
    (RESULTS / "false_alarms.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    print("\n".join(false_alarm_table(results), "drift-measured.md"), "\n")
    print("\n".join(power_table(results), "drift-measured.md"), "\n")
    put_into_document("false alarms", false_alarm_table(results), "drift-measured.md")
    put_into_document("power", power_table(results), "drift-measured.md")
    checked, flips = (sum(getattr(outcome, name) for outcome in results.values()) for name in ("checked", "flips"))
    print(f"Evidently itself judged {flips} of {checked} columns otherwise.")
    spotted = sum(outcome.blind_spots for outcome in results.values())
    print(f"Windows with a blind spot: {spotted} of {sum(numbers)}.")
    for shift in STRENGTHS:
        found = [outcome.distance for setting, outcome in results.items() if setting.shift == shift and setting.rows == max(WINDOWS)]
        print(f"Shift {shift}: distance of the column that moved most {min(found):.2f} to {max(found):.2f}.")
    print(f"{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
