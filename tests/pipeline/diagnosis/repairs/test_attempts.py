"""A fault undone brings the other columns' relations back; a real change, undone, brings nothing back."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from pipeline.diagnosis.data_faults.checks import data_checks
from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.repairs.attempts import Attempt, attempt_repairs
from pipeline.diagnosis.repairs.joint_fit import JointFit
from pipeline.tables.schema import Schema
from tests.pipeline.seen_customers import RULES, drawn, leaning, seen

RNG = np.random.default_rng
Change = Callable[[pd.DataFrame], pd.DataFrame]


def suspected(column: str, share: float = 0.5) -> Finding:
    return Finding(
        family="moved_alone",
        name="moved_alone",
        column=column,
        strength=0.0,
        unit="",
        n=0,
        share=share,
        argues_for=("data_fault",),
        said="it moved",
    )


def tried(window: pd.DataFrame, *columns: str) -> tuple[Attempt, ...]:
    """Repairs of what the data checks suspect, and of `columns`."""
    observed = seen(window)
    return attempt_repairs(observed, (*data_checks(observed, RULES.data), *map(suspected, columns)), RULES.data)


def some(share: float, column: str, value: object) -> Change:
    return lambda window: window.assign(**{column: window[column].where(RNG(1).random(len(window)) >= share, value)})


@pytest.mark.parametrize(
    ("change", "column", "repair"),
    [
        (lambda window: window.assign(tenure=-window["tenure"]), "tenure", "turned_round"),
        (lambda window: window.assign(MonthlyCharges=window["MonthlyCharges"] * 100), "MonthlyCharges", "factor"),
        (lambda window: window.assign(TotalCharges=window["TotalCharges"] + 1000), "TotalCharges", "shift"),
        (lambda window: window.assign(tenure=(window["tenure"] - 12).clip(lower=0)), "tenure", "shift"),
        (lambda window: window.assign(tenure=window["MonthlyCharges"], MonthlyCharges=window["tenure"]), "tenure", "exchanged"),
        (some(0.3, "tenure", 0.0), "tenure", "set_missing"),
        (some(0.5, "TechSupport", "No"), "TechSupport", "set_missing"),
    ],
)
def test_a_fault_undone_brings_the_other_columns_back(change: Change, column: str, repair: str) -> None:
    (attempt,) = tried(change(drawn(1500, 1)), column)
    told = attempt.told
    assert (told.column, told.repair, told.returned) == (column, repair, True)
    assert told.joint_after < 0.1 < told.joint_before
    assert told.finding(1500).name == "repair_returns"
    assert told.finding(1500).argues_for == ("data_fault",)


def test_a_third_of_the_rows_with_names_of_their_own_is_told_by_who_has_them() -> None:
    """Shares alone would take one for another: two of the old names lost about as many rows."""
    names = {"DSL": "line-1", "Fiber optic": "ftth", "No": "none at all"}
    window = drawn(2000, 1)
    anew = window["InternetService"].map(names).astype(object)
    (attempt,) = tried(window.assign(InternetService=window["InternetService"].where(RNG(1).random(2000) > 0.33, anew)), "InternetService")
    assert attempt.repair is not None
    assert attempt.told.returned
    assert attempt.repair.old == {new: old for old, new in names.items()}  # type: ignore[attr-defined]


@pytest.mark.parametrize(("taken", "fault"), [(0.6, False), (1.0, True)], ids=["beside the old one", "in its place"])
def test_a_new_product_that_customers_of_an_old_one_take_is_no_new_name_for_it(taken: float, fault: bool) -> None:
    """They fit the old name as well as renamed customers would; what differs is that others go on having it."""
    window = drawn(2000, 1)
    new = (window["InternetService"] == "Fiber optic") & (RNG(2).random(2000) < taken)
    (attempt,) = tried(window.assign(InternetService=window["InternetService"].mask(new, "5G")), "InternetService")
    assert (attempt.told.repair, attempt.told.returned, attempt.told.told) == ("renamed", fault, fault)


def test_one_source_that_renames_a_category_which_others_keep_is_a_fault() -> None:
    window = drawn(3000, 1)
    new = (window["InternetService"] == "Fiber optic") & (window["PaymentMethod"] == "Electronic check")
    (attempt,) = tried(window.assign(InternetService=window["InternetService"].mask(new, "5G")), "InternetService")
    assert attempt.told.returned


@pytest.mark.parametrize("column", ["tenure", "InternetService"])
def test_other_customers_are_not_undone(column: str) -> None:
    attempts = tried(drawn(2000, 3, leaning(column, 1.5)), column)
    assert not any(attempt.told.returned for attempt in attempts)


def test_a_value_that_customers_who_have_it_brought_was_not_put_in() -> None:
    window = drawn(2000, 3, lambda pool: np.where(pool["Contract"] == "Two year", 4.0, 1.0))
    (attempt,) = tried(window, "Contract")
    assert (attempt.told.repair, attempt.told.returned, attempt.told.told) == ("set_missing", False, True)
    assert attempt.refuted
    assert attempt.told.finding(2000).argues_against == ("data_fault",)
    assert "real change" in attempt.told.said


@pytest.mark.parametrize("seed", range(3))
def test_columns_that_depend_on_nothing_tell_nothing(seed: int) -> None:
    """Groups of a hundred differ by a tenth of their cells by chance."""
    columns = Schema(target="churned", positive="1", numerical=("usage", "fee", "age"))
    reference = pd.DataFrame(RNG(seed).gamma(3, 8, (2000, 3)), columns=list(columns.features))
    assert JointFit(reference, columns, "usage", ("fee", "age")).telling < 0.05
    assert JointFit(reference.assign(fee=2 * reference["usage"]), columns, "usage", ("fee", "age")).telling > 0.5


def test_what_was_cut_off_cannot_be_put_back() -> None:
    window = drawn(2000, 1)
    (attempt,) = tried(window.assign(MonthlyCharges=window["MonthlyCharges"].clip(upper=80.0)))
    assert attempt.repair is None
    assert (attempt.told.repair, attempt.told.returned) == ("clipped", False)
    assert not attempt.told.finding(2000).notable


def test_rows_that_contradict_themselves_are_left_out() -> None:
    window = drawn(2000, 1)
    made_up = {name: RNG(place).permutation(window[name].to_numpy()) for place, name in enumerate(window.columns)}
    mixed = pd.concat([window.iloc[:1500], window.assign(**made_up).iloc[1500:]], ignore_index=True)
    (attempt, *_) = tried(mixed)
    assert (attempt.told.repair, attempt.told.column) == ("left_out", None)
    assert attempt.told.share == pytest.approx(0.25, abs=0.08)
    assert all(attempt.told.repair != "left_out" for attempt in tried(window))


def test_one_broken_column_makes_no_strangers() -> None:
    window = drawn(2000, 1)
    broken = window.assign(InternetService=RNG(1).permutation(window["InternetService"].to_numpy()))
    assert all(attempt.told.repair != "left_out" for attempt in tried(broken))


def test_where_hardly_a_row_fits_no_rows_are_called_strangers() -> None:
    """What contradicts the reference in nearly all rows is another table, not rows that came in; leaving them all out would leave nothing."""
    window = drawn(2000, 1)
    made_up = window.assign(**{name: RNG(place).permutation(window[name].to_numpy()) for place, name in enumerate(window.columns)})
    assert all(attempt.told.repair != "left_out" for attempt in tried(made_up))


def test_a_repair_that_leaves_no_value_proves_nothing() -> None:
    attempts = tried(drawn(1500, 1).assign(PaymentMethod="Mailed check"), "PaymentMethod")
    assert not any(attempt.told.returned for attempt in attempts)


def test_a_column_that_nothing_suspects_is_not_repaired() -> None:
    window = drawn(2000, 1).assign(tenure=lambda window: window["tenure"] + 12)
    observed = seen(window)
    quiet = suspected("tenure").model_copy(update={"notable": False, "argues_for": ()})
    assert attempt_repairs(observed, (quiet,), RULES.data) == ()


def test_another_mix_of_a_column_that_belongs_with_no_other_is_not_a_value_put_in() -> None:
    window = drawn(3000, 3, lambda pool: np.where(pool["gender"] == "Female", 3.0, 1.0))
    assert not any(attempt.told.returned for attempt in tried(window, "gender"))


@pytest.mark.parametrize("share", [0.06, 0.2])
def test_new_customers_of_all_kinds_are_no_old_ones_under_a_new_name(share: float) -> None:
    """They take from every old category what it is worth."""
    window = some(share, "Partner", "Widowed")(drawn(3000, 1))
    assert not any(attempt.told.returned for attempt in tried(window, "Partner"))
