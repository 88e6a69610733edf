"""A column that moved: with its correlates, as customers move it, or alone, as a fault does."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.population.lone_move import find_moved_alone
from pipeline.worlds.drivers import lean
from tests.pipeline.seen_customers import RULES, drawn, leaning, schema, seen


def moved(window: pd.DataFrame) -> dict[str | None, Finding]:
    return {finding.column: finding for finding in find_moved_alone(seen(window), RULES.dependency)}


def some(window: pd.DataFrame, share: float) -> np.ndarray:
    return np.random.default_rng(9).random(len(window)) < share


@pytest.mark.slow
@pytest.mark.parametrize(
    ("column", "value", "share"),
    [("tenure", 1.0, 0.3), ("MonthlyCharges", 0.0, 0.3), ("Contract", "Month-to-month", 1.0), ("TechSupport", "No", 0.4)],
)
def test_a_column_filled_with_a_default_moved_alone(column: str, value: object, share: float) -> None:
    window = drawn(2000, 1)
    window.loc[some(window, share), column] = value
    (finding,) = moved(window).values()
    assert (finding.name, finding.column, finding.notable, finding.argues_for) == ("moved_alone", column, True, ("data_fault",))
    assert finding.high is not None and finding.high < RULES.dependency.followed
    assert "moved alone" in finding.said


def test_values_that_all_shift_moved_alone() -> None:
    window = drawn(2000, 2)
    assert moved(window.assign(tenure=window["tenure"] + 12))["tenure"].notable


@pytest.mark.parametrize("column", ["tenure", "Contract", "InternetService"])
def test_other_customers_bring_the_correlates_along(column: str) -> None:
    found = moved(drawn(2000, 3, leaning(column, 1.0)))
    assert not any(finding.notable for finding in found.values())
    assert found[column].strength == pytest.approx(1, abs=0.25)
    assert found[column].argues_against == ("data_fault",)


def test_customers_balanced_in_all_other_columns_are_no_fault() -> None:
    def balanced(pool: pd.DataFrame) -> np.ndarray:
        others = [name for name in schema().features if name != "SeniorCitizen"]
        return lean(pool, ["SeniorCitizen"], others, (pool["SeniorCitizen"] == "1").to_numpy(dtype="float64"), 0.8)

    finding = moved(drawn(2000, 4, balanced))["SeniorCitizen"]
    assert finding.strength < RULES.dependency.followed
    assert (finding.notable, finding.argues_for) == (False, ())


@pytest.mark.parametrize("factor", [1.2, 1.4])
def test_new_prices_are_told_from_broken_data(factor: float) -> None:
    window = drawn(2000, 5)
    finding = moved(window.assign(MonthlyCharges=window["MonthlyCharges"] * factor))["MonthlyCharges"]
    assert (finding.name, finding.argues_for, finding.argues_against) == ("rescaled", ("covariate_benign",), ("data_fault",))
    assert finding.strength == pytest.approx(factor, rel=0.03)


@pytest.mark.parametrize(("column", "factor"), [("MonthlyCharges", 100.0), ("tenure", 1.6)])
def test_what_no_price_does_is_a_fault(column: str, factor: float) -> None:
    """A hundredfold is another unit, and months are no money."""
    window = drawn(2000, 6)
    finding = moved(window.assign(**{column: window[column] * factor}))[column]
    assert (finding.name, finding.notable) == ("moved_alone", True)


def test_of_a_column_without_correlates_nothing_is_claimed() -> None:
    window = drawn(2000, 7)
    window.loc[some(window, 0.5), "gender"] = "Female"
    finding = moved(window)["gender"]
    assert (finding.n, finding.notable, finding.argues_for, finding.argues_against) == (0, False, (), ())
    assert "no other column tells" in finding.said


@pytest.mark.parametrize("rows", [5, 50, 2000])
def test_what_did_not_move_is_not_mentioned(rows: int) -> None:
    assert moved(drawn(rows, 8)) == {}


def with_copy(part: pd.DataFrame) -> pd.DataFrame:
    """The same with the tenure once more, in groups, as a feed computes them from it."""
    groups = pd.cut(part["tenure"], [-np.inf, 6, 12, 24, 48, np.inf], labels=["new", "1", "2", "3-4", "5+"])
    return part.assign(**{"Tenure Group": groups.astype("str").astype("category")})


def test_a_copy_that_comes_from_the_same_broken_column_does_not_vouch_for_it() -> None:
    window = drawn(2000, 1)
    window.loc[some(window, 0.3), "tenure"] = 1.0
    observed = seen(window)
    columns = observed.columns.model_copy(update={"categorical": (*observed.columns.categorical, "Tenure Group")})
    copied = replace(observed, columns=columns, before=with_copy(observed.before), window=with_copy(observed.window))
    notable = {finding.column for finding in find_moved_alone(copied, RULES.dependency) if finding.notable}
    assert notable == {"tenure", "Tenure Group"}
