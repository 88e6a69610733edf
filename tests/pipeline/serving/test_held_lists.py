"""A list waits while broken data concern its scores or a person says so, and goes on where somebody names the case."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from pipeline.diagnosis.diagnosis import Diagnosis
from pipeline.errors import ListHeld
from pipeline.record.cases import Case, ModelRef, WindowFacts
from pipeline.record.opened_workspace import Opened
from pipeline.serving.held_lists import check_list, stops
from reports.decisions.rulings import hold, overrule, release
from tests.conftest import NOON

FEATURES = ("tenure", "MonthlyCharges")


def a_case(opened: Opened, cause: str, *, days: int = 0, source: str = "prediction log", until: datetime = NOON, **changes: Any) -> str:
    """A case of some days later than `NOON` that people must act on, with this cause."""
    found = Diagnosis(
        cause=cause,  # type: ignore[arg-type]
        confidence=0.9,
        action="fix_data" if cause == "data_fault" else "monitor",
        mode=None,
        rule="broken_data",
        said="",
        findings=(),
        blind_spots=(),
        runner_up=None,
        **{"column": "MonthlyCharges", **changes},
    )
    at = NOON + timedelta(days=days)
    window = WindowFacts(
        source=source, since=NOON - timedelta(days=7), until=until, rows=500, labelled_rows=0, labelled_churners=0, fingerprint="f"
    )
    case = Case(
        case_id=f"{at:%Y-%m-%d}-{source[:3]}", key=f"{at}{source}", kind="triage", status="needs_people", opened_at=at, started_by="a test",
        policy_version="1", champion=ModelRef(version="1", digest="c" * 64), window=window, diagnosis=found,
    )  # fmt: skip
    return opened.cases.open(case).case_id


def goes_out(opened: Opened, *despite: str) -> bool:
    try:
        check_list(opened, FEATURES, despite, 100)
    except ListHeld:
        return False
    return True


def test_one_sentence_names_case_columns_and_whom_to_ask(fresh: Opened) -> None:
    assert goes_out(fresh)
    case = a_case(fresh, "data_fault", owners=("Billing team <billing@example.com>",))
    with pytest.raises(ListHeld, match=f"case {case} found `MonthlyCharges` broken .ask Billing team <billing@example.com>.") as held:
        check_list(fresh, FEATURES, (), 100)
    assert held.value.cases == (case,)


def test_a_column_the_champion_does_not_use_holds_nothing_back(fresh: Opened) -> None:
    a_case(fresh, "data_fault", column="Region")
    assert goes_out(fresh)


def test_rows_broken_as_a_whole_concern_every_list(fresh: Opened) -> None:
    a_case(fresh, "data_fault", column=None)
    assert not goes_out(fresh)


def test_a_later_case_of_the_same_rows_without_the_fault_lets_lists_go(fresh: Opened) -> None:
    a_case(fresh, "data_fault")
    a_case(fresh, "none", days=1, source="old.csv", until=NOON - timedelta(days=30))
    assert not goes_out(fresh), "older rows of another table say nothing about these"
    a_case(fresh, "none", days=2)
    assert goes_out(fresh)


def test_a_person_who_knows_better_lets_lists_go(fresh: Opened) -> None:
    case = a_case(fresh, "data_fault")
    overrule(fresh, case, "none", "We know of the new unit.")
    assert goes_out(fresh)


def test_a_hold_is_for_any_cause_and_until_it_is_ended(fresh: Opened) -> None:
    case = a_case(fresh, "concept_drift")
    assert goes_out(fresh)
    assert hold(fresh, case).number == hold(fresh, case).number == 1
    assert [stop.case_id for stop in stops(fresh, FEATURES)] == [case]
    assert not goes_out(fresh)
    release(fresh, case)
    assert goes_out(fresh)
    assert fresh.ledger.last(("held",)) is not None
    assert fresh.ledger.last(("released",)) is not None


def test_going_on_needs_every_case_named_and_is_on_record(fresh: Opened) -> None:
    broken, other = a_case(fresh, "data_fault"), a_case(fresh, "concept_drift", source="file.csv")
    hold(fresh, other)
    assert not goes_out(fresh, broken)
    assert fresh.ledger.last(("went_on",)) is None
    assert goes_out(fresh, broken, other)
    entry = fresh.ledger.last(("went_on",))
    assert entry is not None
    assert entry.body["rows"] == 100
