"""A campaign that nobody wrote down is told from customers who changed, and nothing is trained on it."""

import numpy as np
import pandas as pd
import pytest

from pipeline.diagnosis.conclusion import conclude
from pipeline.diagnosis.diagnosis import Diagnosis
from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.outcomes.unlogged_contacts import find_unlogged_contacts
from pipeline.diagnosis.setting import Setting
from pipeline.windows.offers_made import OffersMade
from pipeline.workspace.value_settings import ValueSettings
from tests.pipeline.known_windows import POLICY, champion_of_known_windows, known_window, more_churn
from tests.pipeline.small_tables import small_table

VALUE = ValueSettings()
PLENTY = Setting(5000, 4000, 1000)


def campaign(table: pd.DataFrame, *, top: float, kept: float, seed: int = 1) -> pd.DataFrame:
    """The riskiest are contacted, and a share of their churners stays."""
    scores = champion_of_known_windows().scores(table)
    reached = scores >= np.quantile(scores, 1 - top)
    stays = reached & (np.random.default_rng(seed).random(len(table)) < kept)
    return table.assign(churned=np.where(stays, 0, table["churned"]).astype(np.int8))


def looked_for(table: pd.DataFrame) -> tuple[Finding, ...]:
    found = find_unlogged_contacts(known_window(table), POLICY, VALUE)
    return (found.finding,) if found is not None and found.finding.notable else ()


@pytest.mark.parametrize(("top", "kept"), [(0.1, 0.5), (0.2, 0.4), (0.5, 0.3), (0.12, 0.8)])
def test_a_campaign_is_found_where_it_begins(top: float, kept: float) -> None:
    table = small_table(2500, 31)
    (found,) = looked_for(campaign(table, top=top, kept=kept))
    assert found.strength > 0.5
    assert found.share == pytest.approx(top, abs=0.06)
    assert "churnops offers add FILE" in found.said


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_found_where_nobody_was_contacted(seed: int) -> None:
    assert looked_for(small_table(2500, 60 + seed)) == ()


@pytest.mark.parametrize("odds", [0.4, 3.0])
def test_another_churn_rate_for_everybody_is_no_campaign(odds: float) -> None:
    assert looked_for(more_churn(small_table(2500, 32), odds, 1)) == ()


def test_one_kind_of_customers_who_stay_is_no_campaign() -> None:
    table = small_table(2500, 33)
    stays = (table["contract"] == "monthly").to_numpy() & (np.random.default_rng(2).random(len(table)) < 0.5)
    assert looked_for(table.assign(churned=np.where(stays, 0, table["churned"]).astype(np.int8))) == ()


def test_scores_that_separate_less_well_are_no_campaign() -> None:
    table = small_table(2500, 34)
    scores = champion_of_known_windows().scores(table)
    odds = 0.4 * np.log(scores / (1 - scores))
    churned = np.random.default_rng(5).random(len(table)) < 1 / (1 + np.exp(-odds))
    assert looked_for(table.assign(churned=churned.astype(np.int8))) == ()


def contacts(probability: float) -> Finding:
    return Finding(
        family="offers", name="unlogged_contacts", strength=probability, unit="", n=500, z=-8.0, notable=probability >= 0.1,
        argues_for=("unsure",), said="They may have been contacted.",
    )  # fmt: skip


CHANGED = Finding(
    family="performance", name="conditional_change", column="tenure", strength=9.0, unit="", n=900, z=9.0, argues_for=("concept_drift",),
    said="Customers with `tenure` below 12 behave differently.",
)  # fmt: skip
GAIN = Finding(family="challengers", name="gain_combined", strength=9.0, unit="", n=900, z=6.0, said="A model of both gains.")


def case(*findings: Finding, setting: Setting = PLENTY) -> Diagnosis:
    return conclude(findings, setting, POLICY)


def test_a_likely_campaign_is_unsure_asks_people_and_keeps_training_back() -> None:
    found = case(contacts(0.9))
    assert (found.cause, found.rule, found.action, found.mode, found.confidence) == (
        "unsure",
        "unlogged_contacts",
        "collect_labels",
        None,
        0.9,
    )
    assert (found.fault_probability or 0) >= POLICY.diagnosis.training_refused_from
    assert sum(one.probability for one in found.hypotheses) <= 1
    assert found.hypotheses[0].speaks_for == ("They may have been contacted.",)


def test_a_change_among_the_others_is_named_beside_it() -> None:
    found = case(contacts(0.9), CHANGED)
    assert (found.cause, found.also) == ("unsure", "concept_drift")
    assert "among the other customers: Customers with `tenure` below 12" in found.said


def test_however_sure_the_campaign_is_the_others_are_asked_for_themselves() -> None:
    assert case(contacts(0.999), CHANGED).also == "concept_drift"
    assert case(contacts(0.999)).also is None


@pytest.mark.parametrize("probability", [0.15, 0.4, 0.7])
def test_no_model_is_trained_while_a_campaign_may_explain_it(probability: float) -> None:
    assert case(CHANGED, GAIN).action == "retrain"
    assert case(contacts(probability), CHANGED, GAIN).action == "collect_labels"
    assert case(contacts(0.01), CHANGED, GAIN).action == "retrain"


def test_where_nobody_was_held_out_the_limit_is_in_the_headline_and_no_model_is_trained() -> None:
    made = OffersMade(contacted=900, held_out=0, untouched=3000, represented=False)
    found = case(CHANGED, GAIN, setting=Setting(5000, 3000, 500, offers=made))
    assert (found.cause, found.action, found.mode) == ("concept_drift", "collect_labels", None)
    assert made.limit is not None and made.limit in found.said
    enough = OffersMade(contacted=900, held_out=50, untouched=3000, represented=True)
    assert case(CHANGED, GAIN, setting=Setting(5000, 3000, 500, offers=enough)).action == "retrain"
