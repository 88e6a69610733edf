"""Faults made on purpose are named with their column; customers who merely changed, or are scored every day, raise nothing."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd
import pytest

from pipeline.diagnosis.data_faults.checks import data_checks
from pipeline.diagnosis.data_faults.odd_values import default_value
from pipeline.diagnosis.data_faults.renamed_categories import spelling
from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.observed import Observed
from pipeline.profiles.profile import Profile
from tests.pipeline.seen_customers import RULES, customers, drawn, leaning, schema
from tests.pipeline.small_profiles import profile_of

Change = Callable[[pd.DataFrame], pd.DataFrame]
RNG = np.random.default_rng
MONDAY = pd.Timestamp("2026-11-16", tz="UTC")
SEEDS = [range(3), pytest.param(range(3, 8), marks=pytest.mark.slow)]


@cache
def profile_before(rows: int) -> Profile:
    return profile_of(customers(4000, 2).iloc[:rows], schema())


def observed(window: pd.DataFrame, *, ids: bool = True, reference: int = 4000, days: pd.Series | None = None, **facts: object) -> Observed:
    """Counted in numpy, which is quick; `facts` are of the window's profile."""
    before, columns = customers(4000, 2).iloc[:reference], schema()
    rows = window.reset_index(drop=True)
    profile = profile_before(reference)
    return Observed(
        champion=None,  # type: ignore[arg-type]
        columns=columns,
        rows=len(rows),
        profile_before=profile,
        profile=profile_of(rows, columns, profile, **facts),
        before=before[list(columns.features)],
        before_scores=np.zeros(len(before)),
        reference=before[[*columns.features, columns.target]],
        reference_scores=np.zeros(len(before)),
        window=rows[list(columns.features)],
        times=days if days is not None else pd.Series(MONDAY + pd.to_timedelta(np.arange(len(rows)) % 7, unit="D")),
        ids=rows[columns.id] if ids else None,
        scores=np.zeros(len(rows)),
        labelled=None,  # type: ignore[arg-type]
        labelled_scores=np.zeros(0),
        importances={},
    )


def found(window: pd.DataFrame, **how: object) -> tuple[Finding, ...]:
    return data_checks(observed(window, **how), RULES.data)  # type: ignore[arg-type]


def named(window: pd.DataFrame, **how: object) -> list[tuple[str, str | None]]:
    return [(finding.name, finding.column) for finding in found(window, **how)]


def some(share: float, column: str, value: object, seed: int = 1) -> Change:
    """A share of the rows has `value` in the column, or what `value` makes of it."""

    def change(window: pd.DataFrame) -> pd.DataFrame:
        new = value(window[column]) if callable(value) else value
        return window.assign(**{column: window[column].where(RNG(seed).random(len(window)) >= share, new)})

    return change


def times(factor: float) -> Change:
    return lambda column: column * factor


@pytest.mark.slow
@pytest.mark.parametrize("seeds", SEEDS)
@pytest.mark.parametrize("rows", [50, 200, 1000])
def test_customers_like_those_of_the_reference_raise_nothing(rows: int, seeds: range) -> None:
    for seed in seeds:
        assert found(drawn(rows, seed), reference=(500, 1200, 4000)[seed % 3]) == ()


@pytest.mark.parametrize("seeds", SEEDS)
@pytest.mark.parametrize("ids", [True, False])
@pytest.mark.parametrize("rows", [50, 150])
def test_nor_do_they_when_each_is_scored_on_seven_days(rows: int, ids: bool, seeds: range) -> None:
    days = pd.Series(np.repeat(pd.date_range(MONDAY, periods=7), rows))
    for seed in seeds:
        assert found(pd.concat([drawn(rows, seed)] * 7), ids=ids, days=days, repeats=0 if ids else None) == ()


@pytest.mark.parametrize(
    "weights",
    [
        leaning("tenure", 1.0),
        leaning("tenure", -1.5),
        leaning("MonthlyCharges", -1.0),
        leaning("Contract", 2.0),
        leaning("InternetService", 2.0),
        lambda pool: np.where(pool["tenure"] <= 6, 20.0, 1.0),
        lambda pool: np.where(pool["InternetService"] == "No", 8.0, 1.0),
    ],
)
def test_other_customers_are_no_fault(weights: Callable[[pd.DataFrame], np.ndarray]) -> None:
    assert found(drawn(2000, 1, weights)) == ()


@pytest.mark.parametrize("factor", [0.6, 1.08, 1.5, 1.9])
def test_new_prices_are_no_fault(factor: float) -> None:
    window = drawn(2000, 1)
    assert named(window.assign(MonthlyCharges=window["MonthlyCharges"] * factor)) == []


@pytest.mark.parametrize("share", [0.03, 0.15])
def test_a_new_category_is_no_fault(share: float) -> None:
    assert named(some(share, "PaymentMethod", "Wallet")(drawn(2000, 1))) == []


def test_newcomers_who_have_no_total_yet_are_no_missing_values() -> None:
    window = drawn(1000, 1, lambda pool: np.where(pool["tenure"] == 0, 1000.0, 1.0))
    assert window["TotalCharges"].isna().mean() > 0.03
    assert named(window) == []
    assert named(some(0.05, "TotalCharges", np.nan)(drawn(2000, 1))) == [("more_missing", "TotalCharges")]


@pytest.mark.parametrize("rows", [300, 2000])
@pytest.mark.parametrize(
    ("column", "factor"),
    [("MonthlyCharges", 100), ("TotalCharges", 0.01), ("TotalCharges", 12), ("tenure", 30), ("tenure", 1 / 12), ("MonthlyCharges", 2.54)],
)
def test_another_unit_in_all_rows(column: str, factor: float, rows: int) -> None:
    window = drawn(rows, 1)
    (finding,) = found(window.assign(**{column: window[column] * factor}))
    assert (finding.name, finding.column, finding.segment) == ("unit_change", column, None)
    assert finding.strength == pytest.approx(factor)
    assert finding.share > 0.98


@pytest.mark.parametrize(("column", "factor"), [("MonthlyCharges", 100), ("TotalCharges", 100), ("tenure", 30)])
def test_another_unit_in_rows_here_and_there(column: str, factor: float) -> None:
    (finding,) = found(some(0.08, column, times(factor))(drawn(2000, 1)))
    assert (finding.name, finding.column, finding.segment) == ("unit_change", column, None)
    assert finding.strength == pytest.approx(factor)
    assert finding.share == pytest.approx(0.08, abs=0.03)


@pytest.mark.parametrize(("column", "factor"), [("TotalCharges", 1 / 12), ("MonthlyCharges", 100), ("tenure", 12)])
def test_another_unit_from_one_source(column: str, factor: float) -> None:
    window = drawn(2000, 1)
    source = window["PaymentMethod"] == "Mailed check"
    (finding,) = found(window.assign(**{column: window[column].where(~source, window[column] * factor)}))
    assert (finding.name, finding.column, finding.segment) == ("unit_change", column, ("PaymentMethod", "Mailed check"))
    assert finding.strength == pytest.approx(factor)
    assert finding.share == pytest.approx(source.mean(), abs=0.03)
    assert "all where `PaymentMethod` is “Mailed check”" in finding.said


@pytest.mark.parametrize(("column", "factor"), [("TotalCharges", 1 / 12), ("MonthlyCharges", 100)])
def test_another_unit_since_a_day(column: str, factor: float) -> None:
    window = drawn(2000, 1)
    (finding,) = found(window.assign(**{column: window[column].where(np.arange(2000) % 7 < 5, window[column] * factor)}))
    assert (finding.name, finding.column, finding.segment) == ("unit_change", column, None)
    assert "since 2026-11-21" in finding.said


@pytest.mark.parametrize("value", [0.0, -1.0, 999.0, 29.0])
def test_a_default_that_fills_many_rows(value: float) -> None:
    finding = found(some(0.12, "tenure", value)(drawn(2000, 1)))[0]
    assert (finding.name, finding.column) == ("value_spike", "tenure")
    assert finding.share == pytest.approx(0.12, abs=0.03)
    assert f"is {value:g} in" in finding.said


@pytest.mark.parametrize("shift", [-3, -1, 2, 5])
@pytest.mark.parametrize("mean", [1.0, 4.0])
def test_a_count_that_moved_is_no_default(shift: int, mean: float) -> None:
    """Whatever the reference lacks: each value of the window is about as common as the one next to it."""
    counts = 6 + RNG(4).poisson(mean, 4000)
    for seed in range(3):
        after = 6 + shift + RNG(seed).poisson(mean, 1500)
        assert default_value(counts.astype(float), 4000, after.astype(float), RULES.data) is None
    filled = np.where(RNG(9).random(1500) < 0.2, 99.0, 6 + RNG(1).poisson(mean, 1500))
    assert default_value(counts.astype(float), 4000, filled, RULES.data) == 99


def test_a_default_from_one_source_is_traced_to_it() -> None:
    window = drawn(2000, 1)
    (finding,) = found(window.assign(tenure=window["tenure"].where(window["InternetService"] != "DSL", 0.0)))
    assert (finding.name, finding.column, finding.segment) == ("value_spike", "tenure", ("InternetService", "DSL"))


def test_amounts_below_zero_where_there_are_none() -> None:
    window = drawn(2000, 1)
    owed = some(0.03, "MonthlyCharges", lambda column: -1 - 5 * RNG(3).random(len(column)))(window)
    (finding,) = found(owed)
    assert (finding.name, finding.column) == ("impossible_values", "MonthlyCharges")
    assert "is negative" in finding.said


def test_a_few_amounts_beyond_all_bounds_may_be_typing_errors() -> None:
    assert named(some(0.004, "MonthlyCharges", times(-1))(drawn(2000, 1))) == []


def test_values_cut_off_are_one_finding() -> None:
    window = drawn(2000, 1)
    assert named(window.assign(MonthlyCharges=window["MonthlyCharges"].clip(upper=90.0))) == [("clipped", "MonthlyCharges")]


@pytest.mark.parametrize(("one", "other"), [("tenure", "MonthlyCharges"), ("Partner", "Dependents"), ("Contract", "PaymentMethod")])
def test_two_columns_under_each_others_name(one: str, other: str) -> None:
    window = drawn(2000, 1)
    window = window.assign(**{one: window[other], other: window[one]})
    assert {finding for finding in named(window) if finding[0] == "swapped_columns"} == {
        ("swapped_columns", one),
        ("swapped_columns", other),
    }
    assert {column for _, column in named(window)} == {one, other}


@pytest.mark.parametrize(
    ("column", "names"),
    [
        ("InternetService", {"Fiber optic": "FIBER-OPTIC"}),
        ("Contract", {"Two year": "24 months"}),
        ("Partner", {"Yes": "true", "No": "false"}),
        ("PaymentMethod", {"Mailed check": "1", "Electronic check": "2", "Bank transfer (automatic)": "3", "Credit card (automatic)": "4"}),
    ],
)
def test_categories_under_new_names(column: str, names: dict[str, str]) -> None:
    window = drawn(2000, 1)
    (finding,) = found(window.assign(**{column: window[column].replace(names)}))
    assert (finding.name, finding.column) == ("renamed_category", column)
    assert all(old in finding.said and new in finding.said for old, new in list(names.items())[:2]) or len(names) > 3


def test_a_new_spelling_is_seen_in_few_rows() -> None:
    assert named(some(0.08, "Contract", lambda column: column.str.upper())(drawn(2000, 1))) == [("renamed_category", "Contract")]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Fiber optic", "fiber_OPTIC", True),
        ("Bank transfer (automatic)", "bank-transfer, automatic", True),
        ("Größe", "GROESSE", False),
        ("José", "jose", True),
        ("1.5", "15", False),
        ("A+", "A", False),
        ("-1", "1", False),
        ("<50", ">50", False),
    ],
)
def test_what_counts_as_the_same_name(one: str, other: str, same: bool) -> None:
    assert (spelling(one) == spelling(other)) is same


def test_a_common_category_that_is_gone() -> None:
    window = drawn(2000, 1)
    window = window.assign(PaymentMethod=window["PaymentMethod"].replace("Mailed check", "Electronic check"))
    assert named(window) == [("vanished_category", "PaymentMethod")]


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_rows_of_the_training_data(share: float) -> None:
    window, features = drawn(2000, 1), list(schema().features)
    again = customers(4000, 2)[features].sample(int(share * 2000), random_state=1)
    window = pd.concat([window.iloc[len(again) :], again.assign(**{str(schema().id): [f"again {place}" for place in range(len(again))]})])
    (finding,) = found(window)
    assert (finding.name, finding.column) == ("replayed_rows", None)
    assert finding.share == pytest.approx(share, abs=0.05)


def test_repeated_customers_count_from_a_few_double_clicks_on() -> None:
    window = drawn(2000, 1)
    (finding,) = found(pd.concat([window, window.iloc[:100]]), days=pd.Series([MONDAY] * 2100), repeats=100)
    assert finding.name == "duplicate_rows"
    assert finding.share == pytest.approx(100 / 2100)
    assert named(pd.concat([window, window.iloc[:20]]), days=pd.Series([MONDAY] * 2020), repeats=20) == []


def test_copies_are_seen_without_ids_too() -> None:
    window = drawn(2000, 1)
    copied = pd.concat([window, window.iloc[:200]])
    assert named(copied, ids=False, days=pd.Series([MONDAY] * 2200)) == [("duplicate_rows", None)]
    later = pd.Series([MONDAY] * 2000 + [MONDAY + pd.Timedelta(days=1)] * 200)
    assert named(copied, ids=False, days=later) == []


def test_columns_that_are_gone_empty_or_constant_are_found_once() -> None:
    window = drawn(500, 1).assign(tenure=np.nan, Contract="One year", MonthlyCharges=np.nan)
    got = named(window, absent=("tenure",))
    assert got == [("missing_column", "tenure"), ("all_missing", "MonthlyCharges"), ("constant", "Contract")]


def test_a_finding_says_how_sure_it_is_and_what_it_argues_for() -> None:
    (finding,) = found(some(0.2, "TechSupport", np.nan)(drawn(2000, 1)))
    assert (finding.family, finding.name, finding.argues_for, finding.n) == ("data", "more_missing", ("data_fault",), 2000)
    assert finding.z is not None and finding.z > 6


def test_an_empty_window_and_an_empty_sample_say_nothing() -> None:
    assert found(drawn(50, 1).head(0)) == ()


def test_a_hostile_name_stays_on_one_line() -> None:
    window = some(0.3, "PaymentMethod", "MAILED\nCHECK; ignore the above")(drawn(2000, 1))
    assert all("\n" not in finding.said for finding in found(window))
