"""What breaks a declaration is a fault by declaration, unless it is a handful of rows; it decides what to do, and outcomes are asked without it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from pipeline.diagnosis.data_faults.broken_expectations import broken_expectations
from pipeline.diagnosis.diagnose import diagnose
from pipeline.diagnosis.diagnosis import Diagnosis
from pipeline.diagnosis.preceding_events import Happening
from pipeline.expectations.violation import ColumnViolation, FeedViolation, Violation
from pipeline.workspace.value_settings import ValueSettings
from tests.pipeline.known_windows import NEWEST, POLICY, known_window
from tests.pipeline.small_tables import small_table

RULES = POLICY.evidence.data
SINCE = NEWEST - timedelta(days=7)
FEED = FeedViolation(kind="late", declared="at most 26h ago", newest=NEWEST)


def too_great(rows: int, began: datetime | None = None) -> ColumnViolation:
    return ColumnViolation(
        kind="above", column="mthly", feature="charges", declared="at most 300", rows=rows, of=1200, first=SINCE, last=NEWEST,
        began=began, customers=rows,
    )  # fmt: skip


def diagnosed(*violations: Violation, happened: tuple[Happening, ...] = ()) -> Diagnosis:
    observed = replace(known_window(small_table(1200, 5)), violations=violations)
    return diagnose(observed, POLICY, ("challengers",), value=ValueSettings(), happened=happened)


@pytest.mark.parametrize(
    "violation", [too_great(12), too_great(600), FEED, FEED.model_copy(update={"kind": "too_few", "first": SINCE, "last": SINCE})]
)
def test_a_broken_expectation_is_a_fault_of_the_data_to_be_fixed(violation: Violation) -> None:
    assert diagnosed().cause == "none"
    found = diagnosed(violation)
    assert (found.cause, found.action, found.findings[0].said) == ("data_fault", "fix_data", violation.said)
    assert found.confidence >= 0.95
    assert found.said.startswith(violation.said)


def test_a_handful_of_rows_is_said_and_changes_nothing() -> None:
    found, without = diagnosed(too_great(9)), diagnosed()
    assert (found.cause, found.action, found.confidence) == (without.cause, without.action, without.confidence)
    (told,) = (one for one in found.findings if one.name == "expectation_missed")
    assert (told.notable, told.argues_for) == (True, ())
    assert "fewer than 10 rows" in told.said
    assert told.share == pytest.approx(10 / 1200)  # the bound, not the count


def test_a_tiny_share_of_many_rows_is_a_handful_too() -> None:
    many = too_great(12).model_copy(update={"of": 1_000_000})
    (told,) = broken_expectations([many], RULES, 1200)
    assert (told.name, told.argues_for) == ("expectation_missed", ())


def test_a_feature_that_is_gone_is_left_to_the_check_of_columns() -> None:
    absent = ColumnViolation(kind="absent", column="mthly", feature="charges", declared="a column of its own", rows=1200, of=1200)
    assert broken_expectations([absent], RULES, 1200) == ()


def test_a_deploy_shortly_before_the_first_broken_row_is_named() -> None:
    began = NEWEST - timedelta(days=3)
    at = began - timedelta(minutes=4)
    found = diagnosed(too_great(200, began), happened=(Happening("deploy 3f2a", at, at + timedelta(microseconds=1)),))
    assert "It began 4 minutes after “deploy 3f2a”" in found.said
    assert found.findings[0].follows[0].name == "deploy 3f2a"
    assert found.confidence == diagnosed(too_great(200, began)).confidence
