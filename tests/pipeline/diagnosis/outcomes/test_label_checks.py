"""Which outcomes are not trusted, and which changes of the world are no fault of theirs."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.observed import Observed
from pipeline.diagnosis.outcomes.label_checks import label_checks
from tests.pipeline.known_windows import POLICY, champion_of_known_windows, known_window, leaving, more_churn
from tests.pipeline.small_tables import small_table


def checked(window: Observed) -> list[str]:
    return [finding.name for finding in label_checks(window, POLICY)]


def immature(rows: int, seed: int, days: int) -> Observed:
    """Churn becomes known up to 30 days after the scoring; until then the customer counts as staying."""
    table = small_table(rows, seed)
    age = days * (1 - np.arange(rows) / rows)
    seen = np.random.default_rng(seed).uniform(0, 30, rows) < age
    return known_window(table.assign(churned=table["churned"] * seen), days=days)


@pytest.mark.parametrize("seed", range(5))
def test_outcomes_of_an_unchanged_world_are_trusted(seed: int) -> None:
    assert checked(known_window(small_table(1000, 100 + seed))) == []


def test_outcomes_that_have_not_matured_are_seen_by_their_age() -> None:
    (found,) = label_checks(immature(1000, 7, 28), POLICY)
    assert found.name == "labels_immature" and found.argues_for == ("label_fault",)
    assert found.z is not None and found.z < -2.5 and found.strength < 0.5
    assert "not matured yet" in found.said


def test_a_real_fall_of_churn_is_no_fault_of_the_outcomes() -> None:
    assert checked(known_window(more_churn(small_table(2000, 8), 0.3, 1))) == []


def test_not_one_churner_where_many_are_expected_is_no_real_fall() -> None:
    assert checked(known_window(small_table(200, 9).assign(churned=0))) == ["labels_immature"]


def test_without_times_a_fall_of_churn_is_not_called_immature() -> None:
    window = immature(1000, 7, 28)
    timeless = replace(window, times=None, labelled=replace(window.labelled, times=None))
    assert checked(timeless) == []


def test_missing_times_are_left_out() -> None:
    window = immature(1000, 7, 28)
    assert window.labelled.times is not None
    some = window.labelled.times.where(pd.Series(np.arange(1000) % 10 > 0), pd.NaT)
    assert checked(replace(window, labelled=replace(window.labelled, times=some))) == ["labels_immature"]


def test_outcomes_of_high_scores_only_are_no_random_sample() -> None:
    table = small_table(1200, 10)
    scores = champion_of_known_windows().scores(table)
    assert checked(known_window(table, known=scores > np.median(scores))) == ["labels_selected"]


def test_outcomes_of_a_random_half_are_one() -> None:
    assert checked(known_window(small_table(1200, 10), known=np.random.default_rng(1).random(1200) < 0.5)) == []


def swapped(table: pd.DataFrame) -> Observed:
    return known_window(table.assign(churned=1 - table["churned"]))


def test_swapped_outcomes_are_seen_where_few_churn() -> None:
    (found,) = label_checks(swapped(small_table(1500, 11)), POLICY)
    assert found.name == "labels_inverted" and found.strength > 0.9


def test_swapped_outcomes_are_not_claimed_where_half_churn() -> None:
    table = small_table(3000, 12)
    even = table[table["tenure"] < 33 + 12 * (table["contract"] == "monthly")]
    assert even["churned"].mean() == pytest.approx(0.5, abs=0.04)
    assert checked(swapped(even)) == []


def test_customers_who_behave_the_other_way_round_are_no_swapped_outcomes() -> None:
    table = small_table(1500, 13)
    changed = leaving(leaving(table, table["tenure"] < 36, 0.1, 1), table["tenure"] >= 36, 0.5, 2)
    assert "labels_inverted" not in checked(known_window(changed))


def test_too_few_outcomes_say_nothing() -> None:
    assert checked(known_window(small_table(50, 14).assign(churned=0))) == []


def test_sentences_give_numbers_and_the_consequence() -> None:
    found: list[Finding] = [*label_checks(immature(1000, 7, 28), POLICY)]
    assert all(finding.said.endswith(".") and "known outcomes" in finding.said for finding in found)
