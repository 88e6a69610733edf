"""When churn is said to mean something else: by the day of recording, for one kind of customers, and by nothing else."""

from dataclasses import replace
from functools import cache

import pandas as pd
import pytest

from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.observed import Observed
from pipeline.diagnosis.outcomes.label_checks import faults_of_recording
from pipeline.diagnosis.outcomes.redefined_outcomes import find_redefined
from tests.pipeline.diagnosis.outcomes.recorded_worlds import (
    DAY,
    START,
    Life,
    also_leaving,
    at_once,
    lived,
    redefined,
    seen,
    without,
)
from tests.pipeline.known_windows import POLICY


@cache
def base() -> Life:
    return lived(11, "weekly")


def asked(window: Observed) -> Finding | None:
    assert window.record is not None
    return find_redefined(window, window.record)


def test_another_definition_is_told_with_its_day_and_who_it_concerns() -> None:
    found = asked(seen(redefined(base(), base().rows["payment"] == "cheque", 0.6, 120, 1)))
    assert found is not None and found.name == "labels_redefined" and found.argues_for == ("label_fault",)
    assert found.segment == ("payment", "cheque") and found.strength > 1.5
    assert found.days is not None and abs(pd.Timestamp(found.days[0], tz="UTC") - START - 120 * DAY) <= 3 * DAY
    assert "Did the definition of churn change" in found.said and "Ask the owner" in found.said


def test_customers_who_behave_differently_from_a_day_of_scoring_on_are_none() -> None:
    later = base().rows["scored"] >= START + 120 * DAY
    assert asked(seen(also_leaving(base(), later & (base().rows["payment"] == "cheque"), 0.6, 1))) is None


def test_churn_of_one_kind_that_is_recorded_no_more_is_a_stop() -> None:
    rows = base().rows
    found = asked(seen(without(base(), (rows["contract"] == "monthly") & (rows["left"] >= START + 120 * DAY))))
    assert found is not None and found.name == "labels_stopped" and found.segment == ("contract", "monthly")


def test_what_concerns_all_customers_alike_is_none() -> None:
    assert asked(seen(without(base(), base().rows["left"].between(START + 100 * DAY, START + 125 * DAY)))) is None
    assert asked(seen(base())) is None


def test_scoring_times_that_tell_the_days_of_recording_say_nothing() -> None:
    """Recorded thirty days after the scoring, a step in one is a step in the other."""
    life = redefined(base(), base().rows["payment"] == "cheque", 0.6, 120, 1)
    rows = life.rows
    late = Life(rows.assign(left=(rows["scored"] + 30 * DAY).where(rows["left"].notna())), life.horizon)
    assert asked(seen(late)) is None


@pytest.mark.parametrize("lacking", ["record", "sample"])
def test_without_a_record_nothing_is_asked(lacking: str) -> None:
    window = seen(redefined(base(), base().rows["payment"] == "cheque", 0.6, 120, 1), at_once)
    assert window.record is not None
    bare = replace(window, record=None if lacking == "record" else replace(window.record, sample=None))
    assert "labels_redefined" not in {one.name for one in faults_of_recording(bare, POLICY)}
    assert "labels_redefined" in {one.name for one in faults_of_recording(window, POLICY)}
