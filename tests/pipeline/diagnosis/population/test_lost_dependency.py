"""Columns that no longer belong together: the one at fault is named, and a population that moved is not taken for it."""

import numpy as np
import pandas as pd
import pytest

from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.population.lost_dependency import find_lost_dependencies
from pipeline.worlds.drivers import lean
from tests.pipeline.seen_customers import RULES, drawn, leaning, schema, seen, shuffled


def lost(window: pd.DataFrame) -> tuple[Finding, ...]:
    return find_lost_dependencies(seen(window), RULES.dependency)


@pytest.mark.slow
@pytest.mark.parametrize("column", ["tenure", "Contract", "InternetService", "Partner"])
def test_a_column_of_other_customers_is_named_and_its_partners_are_not(column: str) -> None:
    (finding,) = lost(shuffled(drawn(1500, 1), column))
    assert (finding.name, finding.column, finding.notable, finding.argues_for) == ("dependency_lost", column, True, ("data_fault",))
    assert finding.strength > 0.3  # of what it was, hardly anything is left
    assert finding.z is not None and finding.z > 4.5
    assert f"`{column}` no longer fits" in finding.said


@pytest.mark.slow
def test_all_columns_of_one_wrong_join_are_named() -> None:
    found = lost(shuffled(drawn(2000, 2), "Contract", "PaymentMethod"))
    assert {finding.column for finding in found} == {"Contract", "PaymentMethod"}


@pytest.mark.slow
def test_values_put_in_reverse_are_lost_too() -> None:
    window = drawn(1500, 3)
    (finding,) = lost(window.assign(tenure=72 - window["tenure"]))
    assert finding.column == "tenure"
    assert finding.strength > 0.8


@pytest.mark.parametrize("column", ["tenure", "Contract", "InternetService", "MonthlyCharges"])
@pytest.mark.parametrize("strength", [-1.5, 1.5])
def test_other_customers_are_no_fault(column: str, strength: float) -> None:
    assert lost(drawn(1500, 4, leaning(column, strength))) == ()


def test_a_window_of_one_kind_of_customers_is_no_fault() -> None:
    assert lost(drawn(1500, 5, lambda pool: (pool["InternetService"] == "Fiber optic").to_numpy(dtype="float64"))) == ()


def test_customers_balanced_in_all_other_columns_are_no_fault() -> None:
    def balanced(pool: pd.DataFrame) -> np.ndarray:
        others = [name for name in schema().features if name != "Contract"]
        return lean(pool, ["Contract"], others, (pool["Contract"] == "Two year").to_numpy(dtype="float64"), 0.6)

    assert lost(drawn(1500, 6, balanced)) == ()


def test_a_constant_column_blames_nobody() -> None:
    assert lost(drawn(1500, 7).assign(Contract="One year")) == ()


@pytest.mark.parametrize("rows", [5, 50, 1500])
def test_without_a_change_nothing_is_lost(rows: int) -> None:
    assert lost(drawn(rows, 8)) == ()


@pytest.mark.parametrize("column", ["Contract", "MonthlyCharges"])
def test_a_part_of_the_rows_with_values_of_other_customers_loosens_every_tie(column: str) -> None:
    window = drawn(2000, 11)
    wrong = np.random.default_rng(3).random(len(window)) < 0.4
    mixed = window[column].to_numpy(copy=True)
    mixed[wrong] = np.random.default_rng(4).permutation(mixed[wrong])
    (finding,) = lost(window.assign(**{column: pd.Series(mixed, dtype=window[column].dtype)}))
    assert (finding.column, finding.notable) == (column, True)
    assert finding.share == pytest.approx(0.4, abs=0.1)
