"""Of a campaign that reaches so many: does ranking by expected value earn more than ranking by risk, and would ranking by persuadability?

    python bench/contact_profit.py [--seeds 50]

Each seed makes other customers: 4,000 to train on, 4,000 of an earlier campaign, 4,000 to contact. What a customer who stays brings is
`MonthlyCharges * 12 * 0.3`, an offer costs 20, and what it truly keeps is known: 30% of the churners, or a share by contract. A ranking contacts
the first 5% to 50%; `profit` is per offer, expected over what the offer keeps, on the churn that really came. `value, by contract` knows the shares by
contract as a team may set them (`value.acceptance_by`); `persuadability` is fitted on the earlier campaign, which went to a random half: churn without an
offer less churn with one, by two models. Intervals are of the mean difference from ranking by risk over the seeds. Results: bench/results/contact_profit.json.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

from pipeline.benchmark.world import named_columns  # noqa: E402
from pipeline.measures.campaign_value import expected_value  # noqa: E402
from pipeline.measures.customer_terms import terms_of  # noqa: E402
from pipeline.models.unfitted_model import build  # noqa: E402
from pipeline.roles.inference import infer  # noqa: E402
from pipeline.tables.reading import raw_of, typed  # noqa: E402
from pipeline.tables.schema import Schema  # noqa: E402
from pipeline.workspace.value_settings import CustomerValueSettings  # noqa: E402
from pipeline.worlds.telephone_customers import make_customers  # noqa: E402

RESULTS = ROOT / "bench" / "results" / "contact_profit.json"
ROWS, COST, KEPT, FAMILY = 4_000, 20.0, 0.3, "logistic_regression"
CAPACITIES = (0.05, 0.1, 0.2, 0.3, 0.5)
BY_CONTRACT = {"Month-to-month": 0.2, "One year": 0.5, "Two year": 0.6}
EFFECTS = ("30% of all", "by contract")
MARGIN = "MonthlyCharges * 12 * 0.3"
BY_ALL = CustomerValueSettings.model_validate({"margin": MARGIN, "offer_cost": COST, "acceptance": KEPT})
BY_SEGMENT = BY_ALL.model_copy(update={"acceptance_by": {"Contract": BY_CONTRACT}})


@dataclass(frozen=True)
class Earned:
    """Profit per offer of one ranking."""

    seed: int
    effect: str
    capacity: float
    ranking: str
    profit: float


@cache
def columns() -> Schema:
    """Roles of the columns."""
    return named_columns(infer(raw_of(make_customers(2_000, 0), "customers"), "Churn").schema)


def customers(seed: int) -> pd.DataFrame:
    """Typed rows: to train on, of the earlier campaign, to contact."""
    return typed(
        raw_of(make_customers(3 * ROWS, seed), "customers"), columns().model_copy(update={"id": None, "time": None}), with_target=True
    )


def churn_of(train: pd.DataFrame, churned: np.ndarray, rows: pd.DataFrame, seed: int) -> np.ndarray:
    """Probabilities of churn by a model of the first rows."""
    features = list(columns().features)
    return build(FAMILY, {}, seed, columns()).fit(train[features], churned).predict_proba(rows[features])[:, 1]


def earned(seed: int) -> Iterator[Earned]:
    """All rankings of one world with either effect."""
    rows, target = customers(seed), columns().target
    train, past, now = (rows.iloc[start : start + ROWS].reset_index(drop=True) for start in (0, ROWS, 2 * ROWS))
    risk, lots = churn_of(train, train[target].to_numpy(), now, seed), np.random.default_rng(seed)
    for effect in EFFECTS:
        truth = BY_ALL if effect == EFFECTS[0] else BY_SEGMENT
        shares = terms_of(BY_SEGMENT, past).acceptance if truth is BY_SEGMENT else KEPT
        contacted = lots.random(ROWS) < 0.5
        churned = (past[target].to_numpy() == 1) & ~(contacted & (lots.random(ROWS) < shares))
        without, offered = (churn_of(past[part], churned[part], now, seed) for part in (~contacted, contacted))
        margins = terms_of(BY_ALL, now).margin
        heights = {
            "risk": risk,
            "value": expected_value(risk, terms_of(BY_ALL, now)),
            "value, by contract": expected_value(risk, terms_of(BY_SEGMENT, now)),
            "persuadability": without - offered,
            "persuadability × margin": (without - offered) * margins,
        }
        profit = expected_value((now[target] == 1).to_numpy(dtype=np.float64), terms_of(truth, now))
        for (ranking, height), capacity in product(heights.items(), CAPACITIES):
            first = np.argsort(-height, kind="stable")[: int(capacity * ROWS)]
            yield Earned(seed, effect, capacity, ranking, float(profit[first].mean()))


def lines(found: list[Earned]) -> Iterator[str]:
    """A table: profit per offer by risk, and how much more by the others."""
    others = [name for name in dict.fromkeys(one.ranking for one in found) if name != "risk"]
    yield f"| effect | contacted | by risk | {' | '.join(others)} |"
    yield f"|---|---:|---:|{'---:|' * len(others)}"
    for effect, capacity in product(EFFECTS, CAPACITIES):
        by = {
            name: np.array([one.profit for one in found if (one.effect, one.capacity, one.ranking) == (effect, capacity, name)])
            for name in ("risk", *others)
        }
        told = []
        for name in others:
            more = by[name] - by["risk"]
            reach = 1.96 * more.std(ddof=1) / np.sqrt(more.size)
            told.append(f"{more.mean():+.2f} ({more.mean() - reach:+.2f} to {more.mean() + reach:+.2f})")
        yield f"| {effect} | {capacity:.0%} | {by['risk'].mean():.2f} | {' | '.join(told)} |"


def main() -> None:
    """Rank for every seed, write the profits down, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=50)
    found: list[Earned] = []
    for seed in range(1, parser.parse_args().seeds + 1):
        found += earned(seed)
        print(f"seed {seed} done", file=sys.stderr, flush=True)
    table: dict[str, dict[str, list[float]]] = {}
    for one in found:
        table.setdefault(f"{one.effect}, {one.capacity:.0%}", {}).setdefault(one.ranking, []).append(round(one.profit, 2))
    RESULTS.write_text(json.dumps(table) + "\n", encoding="utf-8")
    print("\n".join(lines(found)))


if __name__ == "__main__":
    main()
