"""Outcomes that come a month later: the default triage sees the fall, says both dates, and learns from no day that was broken."""

from datetime import timedelta
from functools import partial

import anyio
import pytest

from agent.case.triage import Outcome, triage
from agent.operators.rulebook import Rulebook
from pipeline.intake.windows import logged_window
from pipeline.record.opened_workspace import Opened
from pipeline.worlds.simulation import WEEK, simulate_weeks
from tests.conftest import NOON
from tools.case_windows import current_window

LAGGING = NOON - 9 * WEEK


def weeks(opened: Opened, scenario: str, number: int, *, after: int = 0, rows: int = 500) -> None:
    start = LAGGING + after * WEEK
    for _ in simulate_weeks(opened, scenario, rows, labelled_share=1.0, seed=5 + after, weeks=number, start=start):
        pass


def looked_at(opened: Opened) -> Outcome:
    return anyio.run(triage, opened, partial(logged_window, opened), Rulebook(opened.policy), None, lambda _: None)


@pytest.mark.slow
def test_the_default_triage_sees_a_fall_that_only_older_outcomes_show(trained: Opened) -> None:
    weeks(trained, "behaviour_change", 9)
    outcome = looked_at(trained)
    assert outcome.diagnosis is not None
    assert (outcome.diagnosis.cause, outcome.status != "no_deploy_needed") == ("concept_drift", True)
    assert outcome.recent is not None
    assert outcome.matured is not None
    assert outcome.recent.labelled == 0
    assert outcome.matured.labelled >= 1400
    assert outcome.matured.until is not None
    assert outcome.unseen is not None
    assert "not visible yet" in outcome.unseen
    assert outcome.unseen in outcome.diagnosis.blind_spots
    report = trained.workspace.root.joinpath(outcome.report.path).read_text(encoding="utf-8")
    assert "## Which rows this speaks of" in report
    assert "Outcomes lag" in report


@pytest.mark.slow
def test_a_fault_that_was_repaired_is_neither_a_case_nor_taught(trained: Opened) -> None:
    weeks(trained, "none", 2)
    weeks(trained, "unit_change", 1, after=2)
    weeks(trained, "none", 6, after=3)
    _, _, _, window = current_window(trained, partial(logged_window, trained))
    (days, *_) = window.left_out
    assert days.since <= LAGGING + 2 * WEEK + timedelta(days=1)
    assert window.labelled.times is not None
    inside = window.labelled.times.between(LAGGING + 2 * WEEK + timedelta(days=1), LAGGING + 3 * WEEK - timedelta(days=1))
    assert not inside.any()
    outcome = looked_at(trained)
    assert outcome.diagnosis is not None
    assert outcome.diagnosis.cause != "data_fault"


@pytest.mark.slow
def test_too_few_rows_are_said_once_and_again_after_a_month(trained: Opened) -> None:
    weeks(trained, "none", 1, after=8, rows=20)
    first = looked_at(trained)
    assert (first.status, first.exit_code, first.said_lately) == ("not_enough_data", 10, False)
    again = looked_at(trained)
    assert (again.status, again.exit_code) == ("not_enough_data", 0)
    trained.clock.advance(days=31)  # type: ignore[attr-defined]
    assert looked_at(trained).exit_code == 10
