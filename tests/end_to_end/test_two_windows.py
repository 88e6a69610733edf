"""Outcomes that come a month later: the default triage sees the fall, says both dates, and learns from no day that was broken."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from functools import partial

import anyio
import pandas as pd
import pytest

from agent.case.triage import Outcome, triage
from agent.operators.rulebook import Rulebook
from pipeline.intake.windows import logged_window
from pipeline.record.opened_workspace import Opened
from pipeline.state.predictions import read_predictions
from pipeline.windows.spans import Last
from pipeline.workspace.expectation_settings import ColumnExpectation, ExpectationSettings
from pipeline.workspace.prediction_settings import PredictionSettings
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
def test_a_repaired_fault_of_the_recent_weeks_asks_nobody_to_fix_it(trained: Opened) -> None:
    weeks(trained, "none", 3)
    weeks(trained, "unit_change", 2, after=3)
    weeks(trained, "none", 4, after=5)
    read = partial(logged_window, trained, span=Last(9 * WEEK))
    outcome = anyio.run(triage, trained, read, Rulebook(trained.policy), None, lambda _: None)
    assert (outcome.status, outcome.exit_code) == ("no_deploy_needed", 0)
    (days,) = outcome.left_out
    assert (days.column, days.repaired, days.kept) == ("MonthlyCharges", True, False)
    assert abs(days.since - (LAGGING + 3 * WEEK)) < timedelta(days=1)
    assert abs(days.until - (LAGGING + 5 * WEEK)) < timedelta(days=1)
    assert outcome.recent is not None
    assert outcome.recent.rows == 9 * 500 - days.rows
    assert outcome.diagnosis is not None
    assert days.left_out in outcome.diagnosis.blind_spots
    assert "set aside" in trained.workspace.root.joinpath(outcome.report.path).read_text(encoding="utf-8")
    _, _, _, window = current_window(trained, read)
    assert window.labelled.times is not None
    assert not window.labelled.times.between(days.since, days.until + timedelta(days=1)).any()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["csv", "sqlite"])
def test_a_teams_own_log_is_read_without_the_days_and_with_them_once_it_is_corrected(trained: Opened, kind: str) -> None:
    weeks(trained, "none", 1)
    weeks(trained, "unit_change", 1, after=1)
    weeks(trained, "none", 2, after=2)
    frame = read_predictions(trained.state, trained.settings.data.columns, LAGGING - WEEK, NOON)
    named = frame.rename(columns={"_id": "customerID", "_time": "scored_at"}).assign(
        scored_at=frame["_time"].dt.strftime("%Y-%m-%d %H:%M:%S")
    )
    broken = named["scored_at"].between(f"{LAGGING + WEEK:%Y-%m-%d %H:%M:%S}", f"{LAGGING + 2 * WEEK:%Y-%m-%d %H:%M:%S}")
    declared = ExpectationSettings(columns={"MonthlyCharges": ColumnExpectation(max=1000)})
    settings = trained.settings.model_copy(update={"predictions": _written(trained, named, kind), "expectations": declared})
    opened = replace(trained, settings=settings)
    read = partial(logged_window, opened, span=Last(5 * WEEK))
    _, _, _, window = current_window(opened, read)
    assert window.violations == (), "rows that are set aside break no declared range"
    (days,) = window.left_out
    assert (days.column, days.repaired) == ("MonthlyCharges", True)
    assert window.rows == len(named) - days.rows
    assert days.rows >= broken.sum()

    named.loc[broken, "MonthlyCharges"] /= 100
    _written(trained, named, kind)
    _, _, _, window = current_window(opened, read)
    assert (window.rows, window.left_out) == (len(named), ())


def _written(opened: Opened, frame: pd.DataFrame, kind: str) -> PredictionSettings:
    """The team's log in a file or a table, and the settings that name it."""
    place = opened.workspace.root / f"log.{kind}"
    if kind == "csv":
        frame.to_csv(place, index=False)
        return PredictionSettings(file=str(place), id="customerID", time="scored_at")
    with closing(sqlite3.connect(place)) as connection:
        frame.to_sql("scored", connection, index=False, if_exists="replace")
    return PredictionSettings(url=f"sqlite:///{place}", table="scored", id="customerID", time="scored_at")


@pytest.mark.slow
def test_more_broken_rows_than_sound_ones_are_told_and_judged(trained: Opened) -> None:
    weeks(trained, "unit_change", 6)
    weeks(trained, "none", 3, after=6)
    _, _, _, window = current_window(trained, partial(logged_window, trained, span=Last(9 * WEEK)))
    (days,) = window.left_out
    assert (days.kept, days.repaired, window.rows) == (True, True, 9 * 500)


@pytest.mark.slow
def test_too_few_rows_are_said_once_and_again_after_a_month(trained: Opened) -> None:
    weeks(trained, "none", 1, after=8, rows=20)
    first = looked_at(trained)
    assert (first.status, first.exit_code, first.said_lately) == ("not_enough_data", 10, False)
    again = looked_at(trained)
    assert (again.status, again.exit_code) == ("not_enough_data", 0)
    trained.clock.advance(days=31)  # type: ignore[attr-defined]
    assert looked_at(trained).exit_code == 10
