"""A team contacts its risky customers: is the campaign taken for a change, is a change beside it found, and is the offer's effect right?

    python bench/campaigns.py                 generated customers
    python bench/campaigns.py --telco FILE    and IBM's public table "Telco Customer Churn"

One world is a champion, and 2,500 customers scored over four weeks whose outcomes are known. Contacted is everybody above the score where an offer pays,
or the riskiest 12%, and a share of their churners stays. Nothing else changes, or a quarter of the customers with DSL leave who would have stayed. The log of offers is
there with 5% held out by lot in each tier, there without, or not there. `trains`: worlds in which the diagnosis asks for a training, which is false
where nothing changed; `found`: those with the change in which it is the cause, or named beside; `covered`: true effects within the interval.
Results: bench/results/campaigns.json.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from io import StringIO
from itertools import product
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

from pipeline.benchmark.world import Exhibit, named_columns  # noqa: E402
from pipeline.diagnosis.diagnose import diagnose  # noqa: E402
from pipeline.diagnosis.observed import observe  # noqa: E402
from pipeline.intake.untouched_rows import with_untouched_rows  # noqa: E402
from pipeline.measures.campaign_value import break_even  # noqa: E402
from pipeline.measures.hold_out import held_out  # noqa: E402
from pipeline.models.artifact import Artifact, open_artifact, publish  # noqa: E402
from pipeline.record.opened_workspace import Opened  # noqa: E402
from pipeline.roles.inference import infer  # noqa: E402
from pipeline.state.database import open_state  # noqa: E402
from pipeline.state.offers import Offer, add_offers_in  # noqa: E402
from pipeline.tables.reading import raw_of, read_raw, typed  # noqa: E402
from pipeline.tables.schema import Schema  # noqa: E402
from pipeline.tables.typed_parquet import write_rows  # noqa: E402
from pipeline.training.child import run  # noqa: E402
from pipeline.training.job import ARTIFACT, TEST_ROWS, TRAIN_ROWS, TrainingJob  # noqa: E402
from pipeline.windows.baseline import baseline_of  # noqa: E402
from pipeline.workspace.data_settings import DataSettings  # noqa: E402
from pipeline.workspace.folder import Workspace  # noqa: E402
from pipeline.workspace.outcome_settings import OutcomeSettings  # noqa: E402
from pipeline.workspace.policy import load_policy  # noqa: E402
from pipeline.workspace.settings import Settings  # noqa: E402
from pipeline.workspace.staging import staging_folder  # noqa: E402
from pipeline.workspace.value_settings import ValueSettings  # noqa: E402
from pipeline.worlds.telephone_customers import make_customers  # noqa: E402
from prompts import policy_text  # noqa: E402

RESULTS = ROOT / "bench" / "results" / "campaigns.json"
START = datetime(2026, 3, 2, tzinfo=UTC)
REFERENCE, ROWS, DAYS, HORIZON, TOP, HELD_OUT, CHANGE = 3_500, 2_500, 28, 30, 0.12, 0.05, 0.25
EFFECTS = (0.0, 0.3, 0.8)
LOGS: tuple["Log", ...] = ("held out", "log", "none")
POLICY, VALUE = load_policy(policy_text(), {}), ValueSettings()

Log = Literal["held out", "log", "none"]
Reach = Literal["threshold", "top"]


@dataclass(frozen=True)
class World:
    """What happened: who was contacted, the share of their churners who stayed, whether customers changed, and what of the campaign is logged."""

    table: str
    reach: Reach
    effect: float
    changed: bool
    log: Log
    seed: int


@dataclass(frozen=True)
class Answer:
    """What the diagnosis says of a world. `covered`: whether the effect lies in its interval, None where none is told."""

    world: World
    cause: str
    also: str | None
    action: str
    rule: str
    covered: bool | None

    @property
    def trains(self) -> bool:
        return self.action in {"retrain", "recalibrate"}

    @property
    def found(self) -> bool:
        return bool({self.cause, self.also} & {"concept_drift", "covariate_harmful", "prior_shift"})


@cache
def columns() -> Schema:
    """Roles of the columns, which both tables share."""
    return named_columns(infer(raw_of(make_customers(2_000, 0), "customers"), "Churn").schema)


def customers(table: str, seed: int) -> pd.DataFrame:
    """Typed rows, those of the reference first."""
    raw = raw_of(make_customers(REFERENCE + ROWS, seed), "customers") if table == "generated" else read_raw(Path(table))
    rows = typed(raw, columns().model_copy(update={"id": None, "time": None}), with_target=True)
    return rows.sample(REFERENCE + ROWS, random_state=seed, ignore_index=True)


def champion(rows: pd.DataFrame, seed: int, folder: Path) -> Artifact:
    """A logistic regression of the rows."""
    rows, workspace, cut = rows[[*columns().features, columns().target]], Workspace(folder), int(0.75 * len(rows))
    job = TrainingJob(
        columns=columns(), estimator="logistic_regression", seed=seed, threshold=0.5, confidence=POLICY.gate.confidence, trained_at=START
    )
    with staging_folder(workspace) as staged:
        write_rows(rows.iloc[:cut], staged / TRAIN_ROWS)
        write_rows(rows.iloc[cut:], staged / TEST_ROWS)
        run(job, staged, workspace, StringIO())
        return open_artifact(workspace, publish(staged / ARTIFACT, workspace))


def answers(table: str, seed: int, folder: Path) -> Iterator[Answer]:
    """Those of all worlds of one champion."""
    rows = customers(table, seed)
    model, week = champion(rows.iloc[:REFERENCE], seed, folder), rows.iloc[REFERENCE:].reset_index(drop=True)
    scores = model.scores(week)
    ids = [f"C{number}" for number in range(ROWS)]
    for reach, effect, changed in product(("threshold", "top"), EFFECTS, (False, True)):
        rng = np.random.default_rng([seed, int(100 * effect), changed, reach == "top"])
        left = week[columns().target].to_numpy() == 1
        if changed:
            left |= (week["InternetService"] == "DSL").to_numpy() & (rng.random(ROWS) < CHANGE)
        chosen = scores >= (break_even(VALUE) if reach == "threshold" else np.quantile(scores, 1 - TOP))
        drawn = np.zeros(ROWS, dtype=bool)
        places = np.flatnonzero(chosen)
        drawn[places] = held_out([ids[place] for place in places], scores[places].tolist(), HELD_OUT, seed, "march")
        for log in LOGS:
            kept_out = drawn if log == "held out" else np.zeros_like(drawn)
            contacted = chosen & ~kept_out
            churned = left & ~(contacted & (rng.random(ROWS) < effect))
            world = World("generated" if table == "generated" else "telco", reach, effect, changed, log, seed)
            yield answer(
                world, model, week, churned, contacted, kept_out, effect * float(left[contacted].mean()), folder / f"{log} {rng.random()}"
            )


def answer(
    world: World,
    model: Artifact,
    week: pd.DataFrame,
    churned: np.ndarray,
    contacted: np.ndarray,
    kept_out: np.ndarray,
    effect: float,
    folder: Path,
) -> Answer:
    """The diagnosis of one world, whose true `effect` is the share of the contacted who stayed for it."""
    key, times = columns(), pd.Series(START + np.linspace(0, DAYS, ROWS, endpoint=False) * timedelta(days=1)).dt.as_unit("us")
    rows = week.assign(**{str(key.id): [f"C{number}" for number in range(ROWS)], str(key.time): times, key.target: churned.astype("int8")})
    exhibit = Exhibit(model, key, rows[[str(key.id), str(key.time), *key.features]], rows[[str(key.id), str(key.time), key.target]])
    data = DataSettings(
        file="",
        sha256="",
        target=key.target,
        positive="Yes",
        id=str(key.id),
        time=str(key.time),
        numerical=key.numerical,
        categorical=key.categorical,
    )
    folder.mkdir(parents=True)
    workspace = Workspace(folder)
    opened = Opened(
        workspace,
        Settings(data=data, outcomes=OutcomeSettings(horizon=f"{HORIZON}d")),
        POLICY,
        open_state(workspace.state_db, create=True),
        lambda: START + timedelta(days=99),
    )
    if world.log != "none":
        offers = [
            Offer(f"C{place}", times[place].to_pydatetime() + timedelta(days=1), "", None, held_out=bool(kept_out[place]))
            for place in np.flatnonzero(contacted | kept_out)
        ]
        with opened.state.write() as connection:
            add_offers_in(connection, offers)
    window = with_untouched_rows(opened, model, exhibit.window())
    found = diagnose(observe(model, baseline_of(model), window), POLICY, value=VALUE)
    told = window.offers.effects[0] if window.offers and window.offers.effects else None
    opened.state.close()
    return Answer(world, found.cause, found.also, found.action, found.rule, None if told is None else told.low <= effect <= told.high)


def lines(found: list[Answer]) -> Iterator[str]:
    """A table: what is logged, what changed."""
    yield "| table | log of offers | worlds without a change | of them trained | with a change | of them found | effects within their interval |"
    yield "|---|---|---:|---:|---:|---:|---:|"
    for table, log in product(dict.fromkeys(one.world.table for one in found), LOGS):
        mine = [one for one in found if one.world.log == log and one.world.table == table]
        still, changed = [one for one in mine if not one.world.changed], [one for one in mine if one.world.changed]
        told = [one.covered for one in mine if one.covered is not None]
        covered = f"{sum(told)} of {len(told)}" if told else "–"
        yield f"| {table} | {log} | {len(still)} | {sum(one.trains for one in still)} | {len(changed)} | {sum(one.found for one in changed)} | {covered} |"


def main() -> None:
    """Answer for all worlds, write them down, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--telco", help="path of the table")
    parser.add_argument("--seeds", type=int, default=20)
    given = parser.parse_args()
    found: list[Answer] = []
    for seed, table in product(range(1, given.seeds + 1), ("generated", *([given.telco] if given.telco else []))):
        with tempfile.TemporaryDirectory() as place:
            for one in answers(table, seed, Path(place)):
                found.append(one)
                print(one, file=sys.stderr, flush=True)
        RESULTS.write_text(json.dumps([asdict(one) for one in found], indent=1) + "\n", encoding="utf-8")
    print("\n".join(lines(found)))


if __name__ == "__main__":
    main()
