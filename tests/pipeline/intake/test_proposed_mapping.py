"""A proposed mapping: what it is sure of is right, also where the log has drifted or lacks columns; the rest is left to a person."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.intake.log_sample import LogSample
from pipeline.intake.proposed_mapping import ProposedMapping, propose
from pipeline.roles.inference import infer
from pipeline.tables.reading import raw_of, typed
from pipeline.workspace.prediction_settings import PredictionSettings

ROWS = 1500


def bank(random: np.random.Generator, rows: int) -> dict[str, Any]:
    return {
        "CustomerId": [15_600_000 + number for number in random.permutation(90_000)[:rows]],
        "CreditScore": random.normal(650, 95, rows).round(),
        "Geography": random.choice(["France", "Germany", "Spain"], rows, p=[0.5, 0.25, 0.25]),
        "Gender": random.choice(["Male", "Female"], rows, p=[0.55, 0.45]),
        "Age": (random.gamma(9, 4.3, rows) + 18).round(),
        "Balance": np.where(random.random(rows) < 0.36, 0, random.normal(120_000, 30_000, rows)).round(2),
        "HasCrCard": random.choice([0, 1], rows, p=[0.3, 0.7]),
        "EstimatedSalary": random.uniform(10, 200_000, rows).round(2),
        "Exited": random.choice([0, 1], rows, p=[0.8, 0.2]),
    }


def insurance(random: np.random.Generator, rows: int) -> dict[str, Any]:
    return {
        "PolicyHolder": [f"PH-{number:07d}" for number in random.permutation(900_000)[:rows]],
        "AnnualPremium": random.lognormal(6.5, 0.4, rows).round(2),
        "ClaimsLast3Years": random.poisson(0.7, rows),
        "VehicleAge": random.gamma(3, 2.5, rows).round(1),
        "Channel": random.choice(["Broker", "Online", "Branch"], rows, p=[0.5, 0.3, 0.2]),
        "CoverLevel": random.choice(["Third party", "Comprehensive"], rows, p=[0.4, 0.6]),
        "AutoRenew": random.choice(["Yes", "No"], rows, p=[0.7, 0.3]),
        "Roadside": random.choice(["Yes", "No"], rows, p=[0.2, 0.8]),
        "Lapsed": random.choice(["Y", "N"], rows, p=[0.15, 0.85]),
    }


# By feature: the log's name, and its values where they differ.
BANK_LOG: dict[str, tuple[str, Mapping[Any, Any]]] = {
    "CustomerId": ("cust_id", {}),
    "CreditScore": ("crd_score", {}),
    "Geography": ("country", {"France": "FR", "Germany": "DE", "Spain": "ES"}),
    "Gender": ("sex", {"Male": "M", "Female": "F"}),
    "Age": ("customer_age", {}),
    "Balance": ("acct_balance", {}),
    "HasCrCard": ("has_credit_card", {0: False, 1: True}),
    "EstimatedSalary": ("est_salary", {}),
}
INSURANCE_LOG: dict[str, tuple[str, Mapping[Any, Any]]] = {
    "PolicyHolder": ("policy_holder_id", {}),
    "AnnualPremium": ("premium_annual", {}),
    "ClaimsLast3Years": ("claims_3y", {}),
    "VehicleAge": ("veh_age", {}),
    "Channel": ("sales_channel", {"Broker": "BROKER", "Online": "ONLINE", "Branch": "BRANCH"}),
    "CoverLevel": ("cover", {"Third party": "TP", "Comprehensive": "Comp"}),
    "AutoRenew": ("auto_renewal", {"Yes": 1, "No": 0}),
    "Roadside": ("roadside_assist", {"Yes": 1, "No": 0}),
}
TABLES = {"bank": (bank, "Exited", BANK_LOG), "insurance": (insurance, "Lapsed", INSURANCE_LOG)}


def proposed(table: str, shift: float, lacking: int, told: PredictionSettings | None = None) -> ProposedMapping:
    """The mapping for a log of other rows, its numbers `shift` standard deviations higher, without every feature at a place that is a multiple
    of `lacking`."""
    make, target, log_names = TABLES[table]
    raw = raw_of(pd.DataFrame(make(np.random.default_rng(1), ROWS)), "customers.csv")
    schema, random = infer(raw, target).schema, np.random.default_rng(2)
    log = pd.DataFrame(make(random, ROWS)).drop(columns=target)
    for name in schema.numerical:
        log[name] += shift * log[name].std()
    for name, (_, values) in log_names.items():
        log[name] = log[name].map(values) if values else log[name]
    log = log.drop(columns=list(schema.features)[::lacking] if lacking else [])
    log = log.rename(columns={name: own for name, (own, _) in log_names.items()})
    log = log.assign(scored_at="2026-11-20T10:00:00", proba=random.random(ROWS), batch_id=random.integers(0, 5, ROWS), created="2021-02-02")
    log = log.assign(flag=random.choice(["Yes", "No"], ROWS), amount=random.normal(100_000, 50_000, ROWS))
    sample = LogSample(pd.DataFrame({name: log[name].map(str) for name in log}, dtype=object), dict.fromkeys(log, "text"))
    return propose(sample, typed(raw, schema, with_target=True), schema, told or PredictionSettings())


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(("shift", "lacking"), [(0, 0), (1.5, 3), (0, 2)])
def test_what_it_is_sure_of_is_right(table: str, shift: float, lacking: int) -> None:
    _, _, names = TABLES[table]
    found = proposed(table, shift, lacking)
    right = {feature: own for feature, (own, _) in names.items()} | {
        "id": next(iter(names.values()))[0],
        "time": "scored_at",
        "score": "proba",
    }
    sure = [pair for pair in found.pairs if pair.is_sure]
    assert {pair.feature: pair.column for pair in sure} == {pair.feature: right.get(pair.feature) for pair in sure}
    for pair in sure:
        meant = {str(own): str(reference) for reference, own in names.get(pair.feature, ("", {}))[1].items()}
        assert pair.values.items() <= meant.items()
    if not shift and not lacking:
        assert {pair.feature for pair in found.pairs} >= set(right) - {next(iter(names))}
        assert len([pair for pair in sure if pair.role == "feature"]) >= 4


def test_one_column_is_one_feature_and_what_has_no_partner_is_named() -> None:
    found = proposed("bank", 0, 2)
    columns = [pair.column for pair in found.pairs]
    assert len(columns) == len(set(columns))
    assert "created" in found.unmatched
    assert set(columns).isdisjoint(found.unmatched)


def test_what_the_settings_say_stays() -> None:
    told = PredictionSettings(columns={"amount": "Balance"}, time="created", values={"Gender": {"M": "Female"}})
    mapping = proposed("bank", 0, 0, told)
    found = {pair.feature: pair for pair in mapping.pairs}
    assert (found["Balance"].column, found["Balance"].confidence) == ("amount", 1.0)
    assert (found["time"].column, found["time"].reasons) == ("created", ("as in churnops.toml",))
    assert "acct_balance" in mapping.unmatched


def test_two_columns_that_may_be_a_feature_leave_it_in_doubt() -> None:
    """A copy of a column under a name as near as the first: neither is written unasked."""
    make, target, _ = TABLES["insurance"]
    frame = pd.DataFrame(make(np.random.default_rng(3), ROWS))
    raw = raw_of(frame, "customers.csv")
    schema = infer(raw, target).schema
    log = pd.DataFrame({"premium_annual": frame["AnnualPremium"], "annual_premium_eur": frame["AnnualPremium"]}).map(str).astype(object)
    found = propose(LogSample(log, dict.fromkeys(log, "text")), typed(raw, schema, with_target=True), schema, PredictionSettings())
    assert [pair.is_sure for pair in found.pairs if pair.feature == "AnnualPremium"] == [False]
