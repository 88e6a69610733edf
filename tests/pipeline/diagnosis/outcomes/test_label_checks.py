"""Which outcomes are not trusted, and which changes of the world are no fault of theirs."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.observed import Observed
from pipeline.diagnosis.outcomes.label_checks import label_checks
from pipeline.windows.balanced_rows import balance
from pipeline.windows.offers_made import OffersMade
from tests.pipeline.known_windows import POLICY, champion_of_known_windows, known_window, leaving, more_churn
from tests.pipeline.small_tables import small_table


def checked(window: Observed) -> list[str]:
    return [finding.name for finding in label_checks(window, POLICY) if finding.notable]


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
    (found,) = label_checks(known_window(more_churn(small_table(2000, 8), 0.3, 1)), POLICY)
    assert not found.notable and found.argues_against == ("label_fault",)


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


def test_new_customers_whose_outcomes_are_not_due_make_no_selected_sample() -> None:
    """A base scored again and again has outcomes of its older rows; who joined since is riskier and has none yet."""
    table = small_table(1800, 10)
    risk = champion_of_known_windows().scores(table)
    joined = np.argsort(risk)[-600:]
    base = np.random.default_rng(11).permutation(np.setdiff1d(np.arange(1800), joined))
    window = known_window(table.iloc[[*base, *joined]], days=84, known=np.arange(1800) < 1200)
    assert checked(window) == []
    timeless = replace(window, times=None)
    assert checked(timeless) == ["labels_selected"], "without times nobody can tell who is new"


def test_contacted_customers_who_are_left_out_make_no_selected_sample() -> None:
    """Half of the outcomes are known, by chance; the riskiest were contacted, and one in ten of them was held out."""
    table, rng = small_table(4000, 17), np.random.default_rng(18)
    scores = champion_of_known_windows().scores(table)
    known, chosen = rng.random(len(table)) < 0.5, scores >= np.quantile(scores, 0.6)
    contacted = chosen & (rng.random(len(table)) > 0.1)
    found = balance(scores[known], contacted[known], (chosen & ~contacted)[known])
    every = known_window(table, known=known)
    weighed = replace(every.labelled, weights=pd.Series(found.weights, index=every.labelled.churned.index))
    assert every.labelled.ids is not None
    left = replace(weighed.at(found.kept), set_aside=every.labelled.ids[~found.kept])
    made = OffersMade(contacted=int(contacted.sum()), held_out=99, untouched=99, represented=True)
    window = replace(every, labelled=left, labelled_scores=every.labelled_scores[found.kept], offers=made)
    assert "labels_selected" not in [one.name for one in label_checks(window, POLICY)]
    unweighed = replace(window, labelled=replace(left, weights=None))
    assert "labels_selected" in [one.name for one in label_checks(unweighed, POLICY)]
