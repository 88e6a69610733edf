"""Several simulated weeks: when they lie, whose they are, what is known of them when, and what an interruption leaves."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import anyio
import pandas as pd
import pytest
from sqlalchemy import select

from agent.setup.new_workspace import set_up
from agent.training_by_hand import train_by_hand
from pipeline.drift.summarise import summarise_drift
from pipeline.errors import DataError
from pipeline.intake.windows import logged_window
from pipeline.record.champion import open_champion
from pipeline.record.opened_workspace import Opened, open_workspace
from pipeline.state.database import outcomes, predictions
from pipeline.state.outcomes import read_outcomes
from pipeline.state.predictions import log_predictions, newest_prediction, read_predictions
from pipeline.training.job import Progress
from pipeline.windows.baseline import baseline_of
from pipeline.worlds import simulation
from pipeline.worlds.simulation import MATURITY, WEEK, Simulated, simulate, simulate_weeks
from prompts import policy_text
from tests.checkout import TELCO
from tests.conftest import NOON, Clock

BEGIN = NOON - 10 * WEEK
HELD_BACK = 500  # of the 2,500 customers of the tests' workspace


@pytest.fixture
def teams_own(trained: Opened) -> Iterator[Opened]:
    """The workspace of `trained`, as if a team had brought its table."""
    file = trained.workspace.settings_file
    file.write_text(file.read_text(encoding="utf-8").replace("synthetic_seed = 11", "# synthetic_seed ="), encoding="utf-8")
    opened = open_workspace(file.parent, policy_text(), trained.clock)
    yield opened
    opened.state.close()


def weeks(
    opened: Opened, number: int, rows: int | None = 70, *, start: datetime | None = BEGIN, scenario: str = "none", seed: int = 5
) -> list[Simulated]:
    return list(simulate_weeks(opened, scenario, rows, labelled_share=1.0, seed=seed, weeks=number, start=start))


def logged(opened: Opened) -> pd.DataFrame:
    return read_predictions(opened.state, opened.settings.data.columns, NOON - timedelta(days=3650), NOON + timedelta(days=3650))


def counts(opened: Opened) -> tuple[int, int]:
    """Predictions and outcomes on record."""
    with opened.state.read() as connection:
        return len(connection.execute(select(predictions.c.seq)).all()), len(connection.execute(select(outcomes.c.seq)).all())


def served(opened: Opened, at: datetime) -> None:
    """One prediction that a program asked for."""
    columns = opened.settings.data.columns
    frame = pd.DataFrame([dict.fromkeys(columns.numerical, 1.0) | dict.fromkeys(columns.categorical, "No")])
    log_predictions(opened.state, frame, columns, ids=["C1"], times=[at], scores=[0.5], version="1")


@pytest.mark.slow
def test_a_week_begins_where_the_one_before_ended(trained: Opened) -> None:
    first, second, third = weeks(trained, 3)
    assert first.start == BEGIN
    assert (second.start, third.start) == (first.until, second.until)
    assert all(week.start < week.since < week.until <= week.end == week.start + WEEK for week in (first, second, third))
    assert newest_prediction(trained.state) == third.until
    assert logged(trained)["_id"].is_unique


@pytest.mark.slow
def test_two_calls_log_what_one_call_of_two_weeks_does(trained: Opened) -> None:
    together = weeks(trained, 2, scenario="price_change")
    log = logged(trained)
    with trained.state.write() as connection:
        connection.exec_driver_sql("DELETE FROM predictions")
        connection.exec_driver_sql("DELETE FROM outcomes")
    assert [*weeks(trained, 1, scenario="price_change"), *weeks(trained, 1, start=None, scenario="price_change")] == together
    pd.testing.assert_frame_equal(logged(trained), log)
    features = list(trained.settings.data.columns.features)
    assert not log.head(70)[features].equals(log.tail(70)[features].reset_index(drop=True))


def test_the_change_holds_in_all_weeks_of_a_call(trained: Opened) -> None:
    first, second = weeks(trained, 2, 280, scenario="null_spike")
    missing = logged(trained)["tenure"].isna().to_numpy()
    assert first.rows == second.rows == 280
    assert 0.15 < missing[:280].mean() < 0.35
    assert 0.15 < missing[280:].mean() < 0.35


@pytest.mark.slow
def test_weeks_in_an_empty_log_have_matured_by_now(trained: Opened) -> None:
    done = weeks(trained, 3, start=None)
    assert done[0].start == NOON - MATURITY - 3 * WEEK
    assert [week.matured for week in done] == [week.outcomes for week in done] == [70, 70, 70]


@pytest.mark.slow
def test_outcomes_of_a_week_mature_while_later_weeks_are_scored(trained: Opened) -> None:
    done = weeks(trained, 7)
    columns = trained.settings.data.columns
    for place, week in enumerate(done):
        scored = set(read_predictions(trained.state, columns, week.start, week.until)["_id"])
        known = [
            len(scored & set(read_outcomes(trained.state, BEGIN + after * WEEK)["_id"])) for after in (place + 4, place + 5, place + 6)
        ]
        # A month is four weeks and two days.
        assert known[0] == 0
        assert 0 < known[1] < 70
        assert known[2] == 70
    *matured, last_but_one, last = [week.matured for week in done]  # now, ten weeks after the first one began
    assert (matured, last) == ([70] * 5, 0)
    assert 0 < last_but_one < 70


def test_after_serving_no_week_lies_in_the_future(trained: Opened) -> None:
    served(trained, NOON)
    (week,) = weeks(trained, 1, start=None)
    assert (week.start, week.end) == (NOON - WEEK, NOON)
    assert week.until < NOON
    assert week.beside == 1
    assert week.matured == 0


def test_a_start_from_which_weeks_reach_into_the_future_is_refused(trained: Opened) -> None:
    with pytest.raises(DataError, match="From 2026-11-08 on, 2 weeks would end in the future"):
        weeks(trained, 2, start=NOON - WEEK * 2 + timedelta(days=1))
    assert counts(trained) == (0, 0)


@pytest.mark.slow
def test_simulated_weeks_are_never_mixed(trained: Opened) -> None:
    weeks(trained, 1, start=NOON - WEEK)
    for start in (None, NOON - 2 * WEEK, NOON - WEEK):
        with pytest.raises(DataError, match="another week would be mixed with them"):
            weeks(trained, 1, start=start)
    assert counts(trained) == (70, 70)


@pytest.mark.slow
def test_a_week_that_another_process_logs_meanwhile_is_not_mixed_with(trained: Opened) -> None:
    run = simulate_weeks(trained, "none", 70, labelled_share=1.0, seed=5, weeks=2, start=BEGIN)
    next(run)
    weeks(trained, 1, start=None, seed=6)
    with pytest.raises(DataError, match="another week would be mixed"):
        next(run)
    assert counts(trained) == (140, 140)


@pytest.mark.parametrize("raised", [KeyboardInterrupt, OSError])
def test_what_ends_a_week_early_leaves_the_log_as_it_was(
    trained: Opened, monkeypatch: pytest.MonkeyPatch, raised: type[BaseException]
) -> None:
    run = simulate_weeks(trained, "none", 70, labelled_share=1.0, seed=5, weeks=2, start=BEGIN)
    next(run)

    def fail(*_: object) -> None:
        raise raised

    monkeypatch.setattr(simulation, "add_outcomes_in", fail)
    with pytest.raises(raised):
        next(run)
    assert counts(trained) == (70, 70)


def test_a_table_gives_nobody_twice_before_everybody_came(teams_own: Opened) -> None:
    (week,) = weeks(teams_own, 1, None)
    assert (week.rows, week.customers, week.drawn_again) == (HELD_BACK, HELD_BACK, 0)
    assert logged(teams_own)["_id"].is_unique


def test_customers_drawn_again_keep_their_id_their_day_and_their_outcome(teams_own: Opened) -> None:
    (week,) = weeks(teams_own, 1, 1_200, scenario="behaviour_change")
    assert (week.rows, week.customers, week.drawn_again) == (1_200, HELD_BACK, 700)
    log = logged(teams_own)
    by_customer = log.groupby("_id")
    assert by_customer.size().isin([2, 3]).all()
    assert (by_customer["_time"].max() - by_customer["_time"].min() < timedelta(days=1)).all()
    assert (read_outcomes(teams_own.state, NOON).groupby("_id")["_churned"].nunique() == 1).all()


def test_a_change_that_asks_for_few_of_many_gets_a_smaller_week_not_the_same_customers_again(teams_own: Opened) -> None:
    (week,) = weeks(teams_own, 1, None, scenario="high_churn")
    assert 200 < week.rows == week.customers < HELD_BACK
    assert week.drawn_again == 0
    odds = 2.5 * 0.25 / 0.75
    assert abs(week.churn_rate - odds / (1 + odds)) < 0.06


def test_a_log_of_the_teams_own_is_not_simulated_beside(trained: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHURNOPS_PREDICTIONS__FILE", "scored.csv")
    opened = open_workspace(trained.workspace.root, policy_text(), trained.clock)
    with pytest.raises(DataError, match=r"reads its predictions from scored\.csv"):
        simulate(opened, "none", 70, labelled_share=1.0, seed=5)
    assert counts(opened) == (0, 0)
    opened.state.close()


def moved(opened: Opened) -> list[str]:
    """Features of the current window that moved by more than chance."""
    champion, artifact = open_champion(opened)
    baseline = baseline_of(artifact)
    summary = summarise_drift(baseline, logged_window(opened, champion, baseline), opened.policy)
    rate = opened.policy.drift.false_discovery_rate
    return [feature.name for feature in summary.features if feature.p_adjusted is not None and feature.p_adjusted <= rate]


@pytest.mark.slow
def test_where_nothing_changes_drift_is_quiet_in_every_week(teams_own: Opened) -> None:
    for start in (BEGIN, None):
        weeks(teams_own, 1, None, start=start)
        assert moved(teams_own) == []


async def silent(_: Progress) -> None:
    """Training's progress, unread."""


@pytest.mark.slow
def test_drift_is_quiet_on_a_small_real_table(tmp_path: Path) -> None:
    if not TELCO.is_file():
        pytest.skip(f"the real Telco table is not beside this checkout ({TELCO.name})")
    table = tmp_path / "few.csv"
    pd.read_csv(TELCO, dtype=str, keep_default_na=False).sample(1_300, random_state=1).to_csv(table, index=False)
    set_up(tmp_path, table, "Churn")
    opened = open_workspace(tmp_path, policy_text(), Clock())
    anyio.run(train_by_hand, opened, "logistic_regression", silent)
    for week in range(4):
        (done,) = weeks(opened, 1, None, start=None if week else BEGIN)
        assert (done.rows, done.drawn_again) == (260, 0)
        assert moved(opened) == []
    opened.state.close()
