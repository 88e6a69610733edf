"""Simulated production: one week after another of new customers, scored by the champion, their outcomes known a month later."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import select

from pipeline.errors import DataError, WorkspaceError
from pipeline.intake.reference import load_split
from pipeline.intake.windows import logged_window
from pipeline.record.champion import open_champion
from pipeline.record.opened_workspace import Opened, open_workspace
from pipeline.state.database import predictions
from pipeline.state.outcomes import read_outcomes
from pipeline.state.predictions import newest_prediction, read_predictions
from pipeline.windows.baseline import baseline_of
from pipeline.windows.window import Window
from pipeline.worlds import simulated_customers
from pipeline.worlds.simulation import MATURITY, WEEK, Simulated, simulate
from pipeline.worlds.telephone_customers import make_customers
from prompts import policy_text

AGES = timedelta(days=3650)


def log(opened: Opened) -> pd.DataFrame:
    """What was logged, oldest first, with score and version of each row."""
    rows = read_predictions(opened.state, opened.settings.data.columns, opened.clock() - AGES, opened.clock() + AGES)
    query = select(predictions.c.score, predictions.c.model_version).order_by(predictions.c.predicted_at, predictions.c.seq)
    with opened.state.read() as connection:
        scores = connection.execute(query).all()
    return rows.assign(_score=[row.score for row in scores], _version=[row.model_version for row in scores])


def outcomes(opened: Opened) -> pd.DataFrame:
    return read_outcomes(opened.state, opened.clock() + AGES)


def window(opened: Opened) -> Window:
    champion, artifact = open_champion(opened)
    return logged_window(opened, champion, baseline_of(artifact))


def week(opened: Opened, rows: int = 140, *, seed: int = 5, labelled_share: float = 1.0, scenario: str = "none") -> Simulated:
    return simulate(opened, scenario, rows, labelled_share=labelled_share, seed=seed)


def test_a_customer_who_came_twice_is_logged_twice(trained: Opened) -> None:
    done = week(trained, scenario="duplicated_rows")
    logged = log(trained)
    assert len(logged) == done.rows > 140
    assert logged.duplicated(["_id", "_time"]).sum() == done.rows - 140


def test_a_mild_change_is_less_of_it(trained: Opened) -> None:
    done = {}
    for severity in ("mild", "strong"):
        simulate(trained, "null_spike", 400, labelled_share=0.0, seed=5, severity=severity)
        done[severity] = log(trained)["tenure"].isna().mean()
        forget(trained)
    assert 0.02 < done["mild"] < 0.15 < done["strong"]


def forget(opened: Opened) -> None:
    with opened.state.write() as connection:
        connection.exec_driver_sql("DELETE FROM predictions")
        connection.exec_driver_sql("DELETE FROM outcomes")


def test_the_same_seed_gives_the_same_log(trained: Opened) -> None:
    first, log_of_first, known = week(trained), log(trained), outcomes(trained)
    forget(trained)
    assert week(trained) == first
    pd.testing.assert_frame_equal(log(trained), log_of_first)
    pd.testing.assert_frame_equal(outcomes(trained), known)
    forget(trained)
    week(trained, seed=6)
    assert not np.allclose(log(trained)["_score"], log_of_first["_score"])


def test_rows_are_scored_by_the_champion_and_the_summary_says_what_was_logged(trained: Opened) -> None:
    champion, artifact = open_champion(trained)
    said, logged = week(trained), log(trained)
    assert set(logged["_version"]) == {champion.version}
    assert (artifact.scores(logged) == logged["_score"]).all()
    assert (said.scenario, said.rows, said.outcomes) == ("none", 140, 140)
    assert (said.since, said.until) == (logged["_time"].min(), logged["_time"].max())
    assert said.mean_score == pytest.approx(logged["_score"].mean())
    assert said.churn_rate == outcomes(trained)["_churned"].mean()


@pytest.mark.slow
def test_the_first_week_is_a_month_old_so_that_its_outcomes_are_known(trained: Opened) -> None:
    said = week(trained)
    assert trained.clock() - MATURITY - WEEK <= said.since < said.until <= trained.clock() - MATURITY
    assert window(trained).labelled_rows == 140


@pytest.mark.slow
def test_weeks_follow_each_other_and_the_window_is_the_latest(trained: Opened) -> None:
    first, second = week(trained, seed=5), week(trained, seed=5)
    assert first.until < second.since
    assert second.until - first.until <= WEEK
    assert newest_prediction(trained.state) == second.until
    ids = log(trained)["_id"]
    assert len(ids) == 280
    assert ids.is_unique
    now = window(trained)
    assert (now.since, now.until) == (min(time for time in log(trained)["_time"] if time > second.until - WEEK), second.until)
    assert 140 <= now.rows < 280


@pytest.mark.slow
def test_a_later_weeks_outcomes_are_known_only_when_they_have_matured(trained: Opened) -> None:
    first, second = week(trained), week(trained)
    assert (first.matured, first.outcomes, second.outcomes) == (140, 140, 140)
    assert second.matured == len(read_outcomes(trained.state, trained.clock())) - 140
    # The default reaches back to the first week, whose outcomes have matured.
    assert window(trained).labelled_rows == second.matured + 140
    trained.clock.now = second.until + MATURITY
    assert window(trained).labelled_rows == 280


@pytest.mark.slow
def test_outcomes_are_known_for_a_share_only(trained: Opened) -> None:
    assert week(trained, labelled_share=0.0).outcomes == len(outcomes(trained)) == 0
    forget(trained)
    partly = week(trained, 700, labelled_share=0.3)
    assert 0.24 < partly.outcomes / 700 < 0.36
    assert window(trained).labelled_rows == partly.outcomes
    # Those of later days are as well known as those of earlier ones: what is known depends on nothing.
    known = log(trained)["_id"].isin(window(trained).labelled.ids).to_numpy()
    assert known.sum() == partly.outcomes
    assert abs(known[:350].mean() - known[350:].mean()) < 0.1


@pytest.mark.slow
def test_generated_production_is_never_drawn_with_the_references_seed(trained: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []

    def remember(rows: int, seed: int) -> pd.DataFrame:
        drawn.append(seed)
        return make_customers(rows, seed)

    monkeypatch.setattr(simulated_customers, "make_customers", remember)
    for seed in (0, 1, 2):
        week(trained, seed=seed)
    assert len(drawn) == len(set(drawn)) >= 3
    assert trained.settings.data.synthetic_seed not in drawn


def test_a_teams_own_data_give_held_back_rows_under_new_ids(trained: Opened) -> None:
    file = trained.workspace.settings_file
    file.write_text(file.read_text(encoding="utf-8").replace("synthetic_seed = 11", "# synthetic_seed ="), encoding="utf-8")
    opened = open_workspace(file.parent, policy_text(), trained.clock)
    assert opened.settings.data.synthetic_seed is None
    week(opened)
    split, drawn, features = load_split(opened), log(opened), list(opened.settings.data.columns.features)
    held_back = set(map(tuple, split.held_back[features].astype(str).to_numpy()))
    assert set(map(tuple, drawn[features].astype(str).to_numpy())) <= held_back
    assert not set(drawn["_id"]) & set(split.held_back["customerID"])
    opened.state.close()


def test_a_scenario_there_is_not_logs_nothing(trained: Opened) -> None:
    with pytest.raises(DataError, match="There is no scenario `doom`"):
        week(trained, scenario="doom")
    assert len(log(trained)) == 0


def test_without_a_champion_there_is_nothing_to_score_with(fresh: Opened) -> None:
    with pytest.raises(WorkspaceError, match="has no champion yet"):
        week(fresh)
