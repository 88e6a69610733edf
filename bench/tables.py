"""Churn tables of other shapes than the generated telephone customers, to see how far churnops carries on tables it does not know.

    python bench/tables.py --check                                 15 tables shaped like published ones, through init, train, simulate, triage
    python bench/tables.py                                         what the two large ones look like
    python bench/tables.py bank bank.csv --rows 20000 --seed 1
    churnops bench --data bank.csv --target exited

`--check` counts the roles that `init` gives as a data scientist would, and says what the model, a quiet week and a shifted week come to; the
tables are in `published_tables.py`.

`bank`: 10 features, mostly numbers, a fifth of the customers leave. `mobile`: 30 features of usage, plan and service, more than half of them
categories as churnops reads them, one customer in twelve leaves. Both are drawn from nothing but the formulas below; no row belongs to anybody.
"""

import argparse
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from published_tables import TABLES as PUBLISHED
from published_tables import Published, role_in

Numbers = np.ndarray


def bank(rows: int, seed: int) -> pd.DataFrame:
    """Customers of a retail bank: an id, 10 features, `exited` (0 or 1).

    Wealth is hidden; balance, salary, credit score and number of products follow from it. The logit of leaving is the sum of

        0.75 * (age - 42) / 10, and less again from 60 on: -1.1 * max(0, age - 60) / 10
        -1.2 for active members, and -0.6 more for active members above 50
        +1.0 with a single product, +1.6 with three or four
        +0.7 in the south, where it is +0.5 more with a balance
        -0.25 * ln(1 + tenure)
        -0.3 * (credit score - 650) / 100
        +0.4 for a balance that is less than a tenth of the salary

    and a constant that makes 20% leave.
    """
    rng = np.random.default_rng(seed)
    wealth = rng.normal(0, 1, rows)
    age = np.clip(rng.gamma(14, 2.9, rows), 18, 92).round()
    region = rng.choice(["north", "west", "south"], rows, p=[0.5, 0.25, 0.25])
    tenure = np.minimum(rng.integers(0, 31, rows), age - 18)
    products = 1 + rng.binomial(3, np.clip(0.22 + 0.06 * wealth, 0.02, 0.7))
    salary = np.exp(rng.normal(10.6 + 0.35 * wealth, 0.35)).round(2)
    holds = rng.random(rows) < np.where(region == "south", 0.55, 0.75)
    balance = np.where(holds, np.exp(rng.normal(10.2 + 0.9 * wealth + 0.01 * (age - 42), 0.6)), 0.0).round(2)
    score = np.clip(rng.normal(650 + 45 * wealth + 0.6 * (age - 42), 70), 350, 850).round()
    active = rng.random(rows) < _logistic(0.1 + 0.02 * (age - 42) + 0.2 * (products - 1))
    card = rng.random(rows) < np.clip(0.6 + 0.08 * wealth, 0.1, 0.95)
    logins = rng.poisson(np.where(active, 11, 2) * np.exp(-0.012 * (age - 42)))
    logit = (
        0.75 * (age - 42) / 10
        - 1.1 * np.maximum(0, age - 60) / 10
        - 1.2 * active
        - 0.6 * (active & (age > 50))
        + 1.0 * (products == 1)
        + 1.6 * (products >= 3)
        + (region == "south") * (0.7 + 0.5 * (balance > 0))
        - 0.25 * np.log1p(tenure)
        - 0.3 * (score - 650) / 100
        + 0.4 * (balance < salary / 10)
    )
    return pd.DataFrame(
        {
            "customer_id": 15_000_000 + rng.permutation(rows),
            "credit_score": score.astype(int),
            "region": region,
            "age": age.astype(int),
            "tenure_years": tenure.astype(int),
            "balance": balance,
            "products": products,
            "has_card": card.astype(int),
            "active": active.astype(int),
            "salary": salary,
            "logins_90d": logins,
            "exited": _happens(logit, 0.20, rng).astype(int),
        }
    )


_PLANS = ("prepaid S", "prepaid M", "flat S", "flat M", "flat L", "family", "business", "senior", "youth", "legacy 2016")
_PLAN_PRICE = np.array([8, 14, 20, 30, 45, 55, 60, 18, 16, 24])
_REGIONS = tuple(f"R{number:02d}" for number in range(1, 17))
_MAKERS = ("Aster", "Borea", "Cirro", "Delto", "Ember", "other")
_CHANNELS = ("shop", "web", "phone", "partner", "door to door")


def mobile(rows: int, seed: int) -> pd.DataFrame:
    """Customers of a mobile network: an id, 30 features (some with gaps), `churn` (yes or no).

    Hidden are how much a customer uses (`usage`) and how well the network is where they live (`quality`). The logit of leaving is the sum of

        +1.3 within 60 days of the contract's end, -0.9 with more than a year to go, nothing between
        +0.9 on a prepaid plan, +0.7 on the plan of 2016, -0.6 in a family
        +0.5 for each complaint of the last 90 days, at most 4
        +1.1 where more than 6% of the calls drop, and +0.6 more for heavy users of data
        -0.5 * ln(1 + months) / 2
        +0.8 where the bill rose by more than a quarter
        +0.4 won at the door, +0.3 without a word of marketing allowed
        -0.7 with a device younger than a year
        -0.4 paying by direct debit

    and a constant that makes 8% leave.
    """
    rng = np.random.default_rng(seed)
    usage, quality = rng.normal(0, 1, rows), rng.normal(0, 1, rows)
    region_effect = rng.normal(0, 0.7, len(_REGIONS))
    region = rng.choice(len(_REGIONS), rows, p=_falling(len(_REGIONS), 0.9))
    quality = quality + region_effect[region]
    age = np.clip(rng.normal(44, 16, rows), 16, 95).round()
    plan = _choose(rng, _plan_shares(usage, age))
    prepaid = plan < 2
    months = np.ceil(rng.gamma(1.6, 22, rows)).clip(1, 200)
    to_end = np.where(prepaid, np.nan, rng.integers(-30, 730, rows).astype(float))
    data = np.exp(rng.normal(1.1 + 0.8 * usage - 0.012 * (age - 44), 0.5)).round(2)
    minutes = np.exp(rng.normal(4.6 + 0.3 * usage + 0.006 * (age - 44), 0.6)).round()
    texts = rng.poisson(np.exp(1.8 - 0.015 * (age - 44)))
    dropped = np.clip(rng.normal(3.0 - 1.4 * quality, 1.2), 0, 25).round(1)
    bill = (_PLAN_PRICE[plan] * np.exp(rng.normal(0.05 * usage, 0.08, rows))).round(2)
    before = (bill / np.exp(rng.normal(0.02, 0.16, rows))).round(2)
    complaints = rng.poisson(np.exp(-1.6 - 0.5 * quality))
    device_months = np.ceil(rng.gamma(2.0, 11, rows)).clip(1, 96)
    debit = rng.random(rows) < np.where(prepaid, 0.15, 0.7)
    channel = _choose(rng, np.tile([0.4, 0.27, 0.15, 0.13, 0.05], (rows, 1)))
    consent = rng.choice(["all", "some", "none"], rows, p=[0.35, 0.4, 0.25])
    logit = (
        1.3 * (np.nan_to_num(to_end, nan=200) < 60)
        - 0.9 * (np.nan_to_num(to_end, nan=200) > 365)
        + 0.9 * prepaid
        + 0.7 * (plan == 9)
        - 0.6 * (plan == 5)
        + 0.5 * np.minimum(complaints, 4)
        + (dropped > 6) * (1.1 + 0.6 * (data > 8))
        - 0.25 * np.log1p(months)
        + 0.8 * (bill > 1.25 * before)
        + 0.4 * (channel == 4)
        + 0.3 * (consent == "none")
        - 0.7 * (device_months < 12)
        - 0.4 * debit
    )
    roaming = np.where(rng.random(rows) < 0.3, np.exp(rng.normal(1.5 + 0.4 * usage, 0.9)), 0.0).round(2)
    frame = pd.DataFrame(
        {
            "msisdn_hash": [f"m{number:09d}" for number in rng.choice(10**9, rows, replace=False)],
            "plan": np.array(_PLANS)[plan],
            "region": np.array(_REGIONS)[region],
            "age": age,
            "gender": rng.choice(["f", "m", "x"], rows, p=[0.49, 0.49, 0.02]),
            "months_with_us": months.astype(int),
            "days_to_contract_end": to_end,
            "data_gb": data,
            "data_gb_previous": (data * np.exp(rng.normal(0, 0.25, rows))).round(2),
            "minutes_out": minutes,
            "minutes_in": (minutes * np.exp(rng.normal(0.1, 0.3, rows))).round(),
            "texts": texts,
            "roaming_eur": roaming,
            "dropped_calls_percent": dropped,
            "bill_eur": bill,
            "bill_eur_previous": before,
            "topups": np.where(prepaid, rng.poisson(2.2, rows), 0),
            "complaints_90d": complaints,
            "service_calls_90d": rng.poisson(0.4 + 0.5 * complaints),
            "device_maker": rng.choice(_MAKERS, rows, p=[0.33, 0.27, 0.14, 0.1, 0.06, 0.1]),
            "device_months": device_months.astype(int),
            "device_financed": _word(rng.random(rows) < np.where(device_months < 24, 0.55, 0.05)),
            "sim": rng.choice(["physical", "esim", "multi"], rows, p=[0.68, 0.26, 0.06]),
            "network": np.where(quality + rng.normal(0, 0.6, rows) > 0.2, "5G", "4G"),
            "channel": np.array(_CHANNELS)[channel],
            "payment": np.where(debit, "direct debit", rng.choice(["card", "invoice", "voucher"], rows, p=[0.5, 0.3, 0.2])),
            "paper_bill": _word(rng.random(rows) < _logistic(-2.2 + 0.04 * (age - 44))),
            "roaming_pack": _word(rng.random(rows) < np.where(roaming > 0, 0.5, 0.06)),
            "streaming_pack": rng.choice(["none", "music", "video", "both"], rows, p=[0.55, 0.18, 0.17, 0.1]),
            "household_lines": np.where(plan == 5, rng.choice(["2", "3", "4", "5+"], rows), rng.choice(["1", "2"], rows, p=[0.85, 0.15])),
            "marketing_consent": consent,
        }
    )
    for name, share in (("age", 0.04), ("device_maker", 0.03), ("gender", 0.06)):
        frame.loc[rng.random(rows) < share, name] = np.nan
    frame["churn"] = _word(_happens(logit, 0.08, rng))
    return frame


TABLES: dict[str, Callable[[int, int], pd.DataFrame]] = {"bank": bank, "mobile": mobile}


def main() -> None:
    """Write one table as CSV, or say what they look like."""
    parser = argparse.ArgumentParser(description="Write a made-up churn table as CSV; without arguments, say what there is.")
    parser.add_argument("table", nargs="?", choices=sorted(TABLES))
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--check", action="store_true", help="take the published shapes through the commands")
    given = parser.parse_args()
    if given.check:
        for make in PUBLISHED:
            print(_checked(make(5_000, given.seed)), flush=True)
        return
    if given.table is None:
        for name, make in TABLES.items():
            frame = make(given.rows, given.seed)
            print(
                f"{name}: {frame.shape[1] - 2} features, {frame.iloc[:, -1].isin([1, 'yes']).mean():.1%} of {len(frame):,} customers leave"
            )
        return
    if given.file is None:
        parser.error("name the file to write")
    TABLES[given.table](given.rows, given.seed).to_csv(given.file, index=False)
    print(f"{given.rows:,} customers of the {given.table} table: {given.file}")


def _checked(table: Published) -> str:
    """One line on one table: roles, model, and the verdicts on a week like the reference and on one with another crowd."""
    with TemporaryDirectory() as folder:
        file, place = Path(folder, f"{table.name}.csv"), ("-w", str(Path(folder, "workspace")))
        Path(folder, "workspace").mkdir()
        table.frame.to_csv(file, index=False)
        found = _run("init", "--data", str(file), "--target", table.target, *table.told, *place)
        right = sum(role_in(found, name) == role for name, role in table.roles.items())
        roles = f"{table.name}: {right} of {len(table.roles)} roles"
        trained = _run("train", "--estimator", "logistic_regression", *place)
        if "result" not in trained:
            return f"{roles}, {trained['error']}"
        verdicts = []
        for seed, scenario in enumerate(("none", "market_shift"), start=1):
            _run("simulate", "--scenario", scenario, "--rows", "1000", "--seed", str(seed), *place)
            found, case = _run("diagnose", *place), _run("triage", "--operator", "rulebook", *place)
            verdicts.append(f"{scenario}: {found.get('cause', found.get('error'))}, {case.get('status', case.get('error'))}")
        return f"{roles}, ROC-AUC {trained['result']['metrics']['roc_auc']['value']:.2f}, {', '.join(verdicts)}"


def _run(*command: str) -> dict[str, Any]:
    """What a command answers as JSON, or its complaint as `error`."""
    ended = subprocess.run(["churnops", *command, "--json"], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    lines = ended.stdout.strip().splitlines()
    return dict(json.loads(lines[-1])) if lines else {"error": ended.stderr.strip()}


def _logistic(logit: Numbers) -> Numbers:
    return np.asarray(1 / (1 + np.exp(-logit)))


def _happens(logit: Numbers, share: float, rng: np.random.Generator) -> Numbers:
    """Yes or no for each row, by its logit and the constant that makes `share` of all rows a yes."""
    low, high = -20.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _logistic(logit + middle).mean() < share else (low, middle)
    return np.asarray(rng.random(len(logit)) < _logistic(logit + low))


def _choose(rng: np.random.Generator, shares: Numbers) -> Numbers:
    return np.asarray((rng.random(len(shares))[:, None] > shares.cumsum(axis=1)[:, :-1]).sum(axis=1))


def _plan_shares(usage: Numbers, age: Numbers) -> Numbers:
    # A plan is the likelier the nearer a customer's use is to what it is made for; two are for the old and the young.
    made_for = np.array([-1.4, -0.6, -0.3, 0.3, 1.2, 0.2, 0.8, -0.5, 0.6, 0.0])
    pull = -((usage[:, None] - made_for) ** 2) + np.array([0, 0, 0.2, 0.4, 0, 0, -0.8, 0, 0, -1.0])
    pull[:, 7] += np.where(age > 62, 1.5, -4)
    pull[:, 8] += np.where(age < 27, 1.8, -4)
    weights = np.exp(pull)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _falling(count: int, ratio: float) -> Numbers:
    weights = ratio ** np.arange(count)
    return np.asarray(weights / weights.sum())


def _word(flags: Numbers) -> Numbers:
    return np.where(flags, "yes", "no")


if __name__ == "__main__":
    main()
