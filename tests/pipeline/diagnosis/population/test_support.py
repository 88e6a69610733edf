"""Whether the population moved, and into customers the champion never saw."""

import pandas as pd
import pytest

from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.population.domain_classifier import tell_apart
from pipeline.diagnosis.population.support import find_support
from tests.pipeline.seen_customers import RULES, drawn, leaning, only_some, seen


def support(window: pd.DataFrame, **more: object) -> dict[str, Finding]:
    observed = seen(window, **more)  # type: ignore[arg-type]
    return {finding.name: finding for finding in find_support(observed, tell_apart(observed), RULES.support)}


@pytest.mark.parametrize("rows", [50, 300, 2000])
def test_without_a_change_absence_is_said(rows: int) -> None:
    found = support(drawn(rows, 1))
    assert [(name, finding.notable) for name, finding in found.items()] == [("population_moved", False), ("unsupported_rows", False)]
    assert found["population_moved"].argues_against == ("covariate_benign", "covariate_harmful")
    assert found["unsupported_rows"].strength < 0.05


def test_other_customers_move_the_population_within_the_reference() -> None:
    found = support(drawn(2000, 2, leaning("tenure", 0.7)))
    assert found["population_moved"].notable
    assert not found["unsupported_rows"].notable


def test_customers_the_champion_was_hardly_trained_on_are_unsupported() -> None:
    found = support(drawn(2000, 3), reference=only_some("InternetService", "Fiber optic", 0.02))
    assert found["population_moved"].notable
    assert found["unsupported_rows"].notable
    assert found["unsupported_rows"].strength > 0.2


def test_the_same_customers_every_day_are_no_other_population() -> None:
    day = drawn(200, 4)
    found = support(pd.concat([day] * 7, ignore_index=True), ids=pd.Series([f"c{n}" for n in range(200)] * 7))
    assert not found["population_moved"].notable


def test_an_unseen_category_is_named_where_it_is_common() -> None:
    window = drawn(1000, 5)
    window.loc[:119, "Contract"] = "Half a\nyear"
    finding = support(window)["unseen_category"]
    assert (finding.column, finding.strength, finding.segment) == ("Contract", 0.12, ("Contract", "Half a\nyear"))
    assert "“Half a year”" in finding.said


def test_few_customers_are_not_pointed_at() -> None:
    window = drawn(100, 6)
    window.loc[:8, "Contract"] = "since birth"
    finding = support(window)["unseen_category"]
    assert finding.segment is None
    assert "since birth" not in finding.said


def test_a_rare_unseen_category_is_left_alone() -> None:
    window = drawn(1000, 7)
    window.loc[:9, "Contract"] = "Half a year"
    assert "unseen_category" not in support(window)


def test_a_handful_of_rows_says_nothing() -> None:
    assert support(drawn(5, 8)) == {}


def test_the_same_window_has_the_same_findings() -> None:
    assert support(drawn(300, 9)) == support(drawn(300, 9))
