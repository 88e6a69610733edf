"""What windows are compared with after a deploy: the newest rows before it, as far as nothing sets them apart, each customer once."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.drift.summarise import summarise_drift
from pipeline.models.artifact import Artifact, open_artifact, publish
from pipeline.profiles.counting import profile_window
from pipeline.sources.source import ALL_ROWS, Frame, PredictionLog, Restriction
from pipeline.state.predictions import log_predictions
from pipeline.tables.schema import Schema
from pipeline.tables.typed_parquet import fingerprint
from pipeline.training.drift_reference import ENOUGH, FEWEST, RowsBefore, rows_before
from pipeline.windows.baseline import baseline_of
from pipeline.windows.window import Window
from pipeline.workspace.folder import Workspace
from pipeline.workspace.policy import load_policy
from prompts import policy_text
from tests.pipeline.small_artifacts import FEATURES, TABLE, small_artifact
from tests.pipeline.small_tables import COLUMNS, small_table
from tests.pipeline.small_windows import small_opened

POLICY = load_policy(policy_text(), {})
BY_SIZE = load_policy(policy_text(), {"drift": {"numerical": "evidently", "categorical": "evidently"}})
DATED = COLUMNS.model_copy(update={"time": "seen"})
DEPLOY = datetime(2026, 11, 21, tzinfo=UTC)
WEEK = timedelta(days=7)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace(tmp_path_factory.mktemp("workspace"))


@pytest.fixture(scope="module")
def champion(workspace: Workspace) -> Artifact:
    """Trained on 200 rows, without a drift reference of its own."""
    return published(workspace, "champion")


def published(workspace: Workspace, name: str, table: pd.DataFrame = TABLE, before: RowsBefore | None = None) -> Artifact:
    return open_artifact(workspace, publish(small_artifact(workspace.root / name, table, before), workspace))


def moved(table: pd.DataFrame) -> pd.DataFrame:
    """A base that became another one: older customers, nearly all with a yearly contract, dearer."""
    yearly = np.random.default_rng(1).random(len(table)) < 0.9
    contract = np.where(yearly, "yearly", table["contract"])
    return table.assign(tenure=table["tenure"] * 0.5 + 36, charges=table["charges"] * 1.5, contract=contract)


def scored(table: pd.DataFrame, name: str, until: datetime, length: timedelta) -> pd.DataFrame:
    """Rows spread evenly over the stretch of this `length` that ends at `until`, of customers of their own."""
    times = [until - length + length * (place + 1) / len(table) for place in range(len(table))]
    return table.assign(customer=name + table["customer"], seen=times)


def week_of(log: pd.DataFrame, champion: Artifact, columns: Schema = DATED) -> Window:
    """The last week of a log."""
    restriction = ALL_ROWS if columns.time is None else Restriction(since=DEPLOY - WEEK, until=DEPLOY)
    profile = profile_window(Frame(log), columns, champion.profile(), restriction)
    return Window("log", Frame(log), columns, restriction, profile, None)


def log_of(older: pd.DataFrame, week: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([scored(older, "old", DEPLOY - WEEK, 10 * WEEK), scored(week, "new", DEPLOY, WEEK)], ignore_index=True)


def test_older_rows_that_are_alike_are_before_it_too(champion: Artifact) -> None:
    older, week = small_table(2000, 11), small_table(400, 12)
    found = rows_before(champion, week_of(log_of(older, week), champion), POLICY)
    assert (found.told.rows, len(found.rows), found.told.carried_over, found.of_window) == (2400, 2400, 0, 400)
    pd.testing.assert_frame_equal(found.rows.tail(400).reset_index(drop=True), week[FEATURES], check_dtype=False)
    assert list(found.rows.columns) == FEATURES
    assert (found.told.until, found.told.data_sha256) == (DEPLOY, fingerprint(found.rows))
    assert found.told.since is not None and found.told.since < DEPLOY - 9 * WEEK


def test_after_a_change_the_changed_rows_are_before_it_and_not_the_old_ones(champion: Artifact) -> None:
    week = moved(small_table(400, 12))
    found = rows_before(champion, week_of(log_of(small_table(2000, 11), week), champion), POLICY)
    assert (found.told.rows, found.told.carried_over) == (400, 0)
    pd.testing.assert_frame_equal(found.rows, week[FEATURES], check_dtype=False)


def test_a_fault_that_was_fixed_is_not_before_it(champion: Artifact) -> None:
    # No distance sees it: half of the values were missing, at random.
    older = small_table(2000, 11)
    older["tenure"] = older["tenure"].where(np.random.default_rng(2).random(len(older)) < 0.5)
    found = rows_before(champion, week_of(log_of(older, small_table(400, 12)), champion), POLICY)
    assert found.rows["tenure"].isna().sum() == 0


@pytest.mark.parametrize(("change", "rows"), [(lambda table: table, 450), (moved, FEWEST)])
def test_a_log_of_few_customers_is_filled_up_from_the_champions_and_it_is_said(champion: Artifact, change: object, rows: int) -> None:
    week = scored(change(small_table(250, 12)), "new", DEPLOY, WEEK)  # type: ignore[operator]
    found = rows_before(champion, week_of(week, champion), POLICY)
    assert (found.told.rows, found.told.carried_over, found.of_window) == (rows, rows - 250, 250)
    assert len(champion.drift_reference()) == 200 < ENOUGH
    pd.testing.assert_frame_equal(found.rows.iloc[rows - 250 :].reset_index(drop=True), week[FEATURES], check_dtype=False)


def test_of_each_customer_the_newest_row_counts(champion: Artifact) -> None:
    day = small_table(400, 12)
    daily = [
        scored(day.assign(tenure=day["tenure"] + age), "", DEPLOY - timedelta(days=7 - age), timedelta(hours=1)) for age in range(1, 8)
    ]
    found = rows_before(champion, week_of(pd.concat(daily, ignore_index=True), champion), POLICY)
    own = found.rows.iloc[found.told.carried_over :]
    assert len(own) == 400
    np.testing.assert_allclose(np.sort(own["tenure"]), np.sort(day["tenure"] + 7))


def test_a_file_without_times_is_what_came_before(champion: Artifact) -> None:
    rows = small_table(1200, 12)
    found = rows_before(champion, week_of(rows, champion, COLUMNS), POLICY)
    assert (found.told.rows, found.told.carried_over, found.told.since, found.told.until) == (1200, 0, None, None)


def test_the_log_of_churnops_is_read_as_any_other(champion: Artifact, tmp_path: Path) -> None:
    log = log_of(small_table(900, 11), small_table(400, 12))
    opened = small_opened(tmp_path, clock=lambda: DEPLOY)
    ids, times = log["customer"].tolist(), log["seen"].tolist()
    log_predictions(opened.state, log, COLUMNS, ids=ids, times=times, scores=[0.5] * len(log), version="1")
    source, restriction = PredictionLog(opened.state.place), Restriction(since=DEPLOY - WEEK, until=DEPLOY)
    profile = profile_window(source, COLUMNS, champion.profile(), restriction)
    found = rows_before(champion, Window("log", source, COLUMNS, restriction, profile, None), POLICY)
    expected = rows_before(champion, week_of(log, champion), POLICY)
    assert (found.told.rows, found.told.since, found.told.until) == (1300, expected.told.since, expected.told.until)
    pd.testing.assert_frame_equal(found.rows, expected.rows)


def test_weeks_in_which_nothing_happens_after_a_retraining_are_quiet(workspace: Workspace, champion: Artifact) -> None:
    """Twelve of them, of a base that had changed; the model was trained on the few rows with an outcome."""
    week = moved(small_table(1500, 12))
    before = rows_before(champion, week_of(log_of(small_table(1500, 11), week), champion), POLICY)
    retrained = published(workspace, "retrained", week.iloc[:200], before)
    assert retrained.manifest.rows == len(retrained.reference()) == 200
    assert louder_than_monitor(retrained, POLICY) <= 1
    # What it replaces: the training rows as reference, and tests by the reference's size.
    assert louder_than_monitor(published(workspace, "as before", week.iloc[:200]), BY_SIZE) > 1


def louder_than_monitor(champion: Artifact, policy: object) -> int:
    baseline, found = baseline_of(champion), 0
    for number in range(12):
        rows = moved(small_table(1500, 100 + number))
        window = Window("week", Frame(rows), COLUMNS, ALL_ROWS, profile_window(Frame(rows), COLUMNS, baseline.profile), None)
        found += summarise_drift(baseline, window, policy).band != "monitor"  # type: ignore[arg-type]
    return found


def test_each_model_keeps_its_own_so_that_a_rollback_brings_it_back(workspace: Workspace, champion: Artifact) -> None:
    log = log_of(small_table(2000, 11), moved(small_table(400, 12)))
    after = published(workspace, "after", before=rows_before(champion, week_of(log, champion), POLICY))
    assert baseline_of(after).profile.rows == 400
    assert baseline_of(open_artifact(workspace, champion.digest)).profile == champion.profile()
    assert champion.profile().rows == 200


def test_the_rows_lie_in_the_workspace(workspace: Workspace, champion: Artifact) -> None:
    assert champion.drift_reference_file == champion.reference_file
    assert Path(baseline_of(champion).source.path) == champion.reference_file  # type: ignore[union-attr]
