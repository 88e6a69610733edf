"""What trusted outcomes say of known changes: nothing where nothing changed, and else what changed and where."""

import pandas as pd
import pytest

from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.observed import Observed
from pipeline.diagnosis.outcomes.labelled_performance import measured_on_labels
from tests.pipeline.known_windows import POLICY, REFERENCE, known_window, leaving, more_churn
from tests.pipeline.small_tables import small_table


def measured(window: Observed) -> dict[str, Finding]:
    return {finding.name: finding for finding in measured_on_labels(window, POLICY)}


def notable(window: Observed) -> set[str]:
    return {name for name, finding in measured(window).items() if finding.notable}


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("rows", [200, 3000])
def test_an_unchanged_world_has_all_its_figures_and_none_is_notable(rows: int, seed: int) -> None:
    found = measured(known_window(small_table(rows, 200 + seed)))
    assert list(found) == ["measured_performance", "level_change", "calibration_slope", "conditional_change"]
    assert not any(finding.notable for finding in found.values())
    assert all(finding.argues_for == () for finding in found.values())


def test_what_is_usual_lies_in_the_interval() -> None:
    found = measured(known_window(small_table(1000, 20)))
    for name in ("measured_performance", "level_change"):
        finding = found[name]
        assert finding.low is not None and finding.high is not None and finding.low < 0 < finding.high


def test_more_churn_of_all_kinds_is_a_change_of_level_alone() -> None:
    window = known_window(more_churn(small_table(6000, 21), 2.5, 1))
    assert notable(window) == {"level_change"}
    level = measured(window)["level_change"]
    assert level.strength > 10 and level.argues_for == ("prior_shift",) and "moved up" in level.said


def test_a_segment_that_behaves_differently_is_named() -> None:
    table = small_table(2000, 22)
    window = known_window(leaving(table, table["payment"] == "bank", 0.6, 1))
    changed = measured(window)["conditional_change"]
    assert changed.notable and changed.segment == ("payment", "bank") and changed.column == "payment"
    assert changed.argues_for == ("concept_drift",)
    assert changed.share == pytest.approx(0.3, abs=0.03) and changed.strength > 10


def test_a_reversed_driver_shows_in_ranking_slope_and_segment() -> None:
    table = small_table(1500, 23)
    changed = leaving(leaving(table, table["tenure"] < 36, 0.15, 1), table["tenure"] >= 36, 0.6, 2)
    found = measured(known_window(changed))
    assert {name for name, finding in found.items() if finding.notable} >= {
        "measured_performance",
        "calibration_slope",
        "conditional_change",
    }
    assert found["conditional_change"].column == "tenure"


def test_customers_the_reference_hardly_has_are_no_change_of_behaviour() -> None:
    table = small_table(2000, 24)
    new = table["charges"] > 65
    window = known_window(leaving(table.assign(payment=table["payment"].where(~new, "wallet")), new, 0.8, 1))
    found = [finding for finding in measured_on_labels(window, POLICY) if finding.name == "conditional_change" and finding.notable]
    assert [finding.segment for finding in found] == [("payment", "wallet")]
    assert found[0].argues_for == ("covariate_harmful",)


def test_what_the_champion_got_wrong_all_along_is_no_change() -> None:
    # The champion is blind to one kind of customers in the reference too.
    from dataclasses import replace

    kind = (REFERENCE["payment"] == "card") & (REFERENCE["contract"] == "monthly")
    table = small_table(2000, 25)
    same = (table["payment"] == "card") & (table["contract"] == "monthly")
    window = known_window(leaving(table, same, 0.9, 1))
    assert "conditional_change" in notable(window)
    always = leaving(REFERENCE.assign(customer="x"), kind, 0.9, 2)[REFERENCE.columns]
    assert "conditional_change" not in notable(replace(window, reference=always))


def test_a_customer_scored_every_day_is_one_witness() -> None:
    one = small_table(300, 26)
    odd = one.sample(frac=1, weights=1 + one["churned"], random_state=1, replace=True)
    week = pd.concat([odd.assign(customer=[f"C{row}" for row in range(300)])] * 7)
    (level,) = [finding for finding in measured_on_labels(known_window(week), POLICY) if finding.name == "level_change"]
    assert level.n == 300


def test_too_few_outcomes_say_nothing() -> None:
    assert measured(known_window(small_table(59, 27))) == {}
    table = small_table(200, 28)
    few = table.assign(churned=table["churned"].where(table["churned"].cumsum() < 10, 0))
    assert measured(known_window(few)) == {}


def test_few_expected_churners_overshoot_more_often_than_a_normal_sum() -> None:
    from scipy.stats import norm, poisson

    from pipeline.diagnosis.outcomes.labelled_performance import _normal

    mean, seen = 5.0, 15  # of a Poisson number
    z = (seen - mean) / mean**0.5
    exact = poisson.sf(seen, mean) + 0.5 * poisson.pmf(seen, mean)
    assert norm.sf(z) < 0.1 * exact
    assert norm.sf(_normal(z, mean**-0.5)) == pytest.approx(exact, rel=0.3)
