"""From rows to a challenger: no customer is in both training and test set, and what fails the gate leaves a record and nothing else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import anyio
import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient

from pipeline.diagnosis.diagnosis import Mode
from pipeline.intake.reference import load_split
from pipeline.models.artifact import Artifact
from pipeline.models.calibration import cross_fit_folds, customer_groups
from pipeline.profiles.counting import profile_window
from pipeline.record.champion import find_champion, open_champion
from pipeline.record.opened_workspace import Opened
from pipeline.sources.source import ALL_ROWS, Frame
from pipeline.training.challenge import Rows, challenge, retraining_rows, same_again, trainable
from pipeline.windows.window import Labelled, Window
from pipeline.workspace.policy import load_policy
from prompts import policy_text
from tests.pipeline.small_tables import COLUMNS, small_table

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")

START = datetime(2026, 11, 1, tzinfo=UTC)
CUSTOMERS, DAYS = 60, 10


@pytest.fixture
def champion(trained: Opened) -> Artifact:
    return open_champion(trained)[1]


def daily_base(champion: Artifact, *, labelled: float = 1.0) -> Window:
    """The same customers scored every day, each leaving for good on a day of its own."""
    columns = champion.manifest.columns
    distinct = champion.reference()[list(columns.features)].drop_duplicates()
    features = distinct.iloc[: CUSTOMERS * DAYS].reset_index(drop=True)
    number, day = np.arange(len(features)) % CUSTOMERS, np.arange(len(features)) // CUSTOMERS
    here = day <= number % (DAYS + 5)
    random = np.random.default_rng(1)
    known = here & (random.random(len(features)) < labelled)
    rows = Labelled(
        features=features[known],
        churned=pd.Series(number % 3 == 0, dtype="int64")[known],
        ids=pd.Series([f"C{value}" for value in number])[known],
        times=pd.Series([START + timedelta(days=int(value)) for value in day])[known],
    )
    source = Frame(features[here])
    return Window("test", source, columns, ALL_ROWS, profile_window(source, columns, champion.profile()), rows)


def relabelled(window: Window, **changes: pd.Series | None) -> Window:
    return replace(window, known=replace(window.labelled, **changes))


def new_customers(window: Window) -> Window:
    index = window.labelled.features.index
    return relabelled(window, ids=pd.Series([f"N{number}" for number in range(len(index))], index=index))


def recent_part(rows: Rows, champion: Artifact) -> pd.DataFrame:
    return rows.train.iloc[len(champion.reference()) :]


def where(part: pd.DataFrame, window: Window) -> list[int]:
    """The window's labelled rows that a part holds, found by their features and their order."""
    features = window.labelled.features
    seen = {tuple(row): index for index, row in zip(features.index, features.astype(str).to_numpy(), strict=True)}
    return [seen[tuple(row)] for row in part[list(features.columns)].astype(str).to_numpy()]


def test_the_test_set_is_later_than_the_training_rows(champion: Artifact) -> None:
    window = new_customers(daily_base(champion))
    rows = retraining_rows(champion, window, 0.3)
    trained_on, judged = where(recent_part(rows, champion), window), where(rows.test, window)
    times = window.labelled.times
    assert times is not None
    assert times[trained_on].max() < times[judged].min()
    assert 0.2 < len(judged) / window.rows < 0.4
    assert len(trained_on) + len(judged) == window.rows


def test_no_customer_is_on_both_sides(champion: Artifact) -> None:
    window = daily_base(champion)
    known = window.labelled
    assert known.ids is not None
    assert known.times is not None
    ids = known.ids.where(known.times < START + timedelta(days=8), "late-" + known.ids)
    window = relabelled(window, ids=ids)
    rows = retraining_rows(champion, window, 0.3)
    trained_on, judged = (set(ids[where(part, window)]) for part in (recent_part(rows, champion), rows.test))
    assert judged
    assert not trained_on & judged
    assert all(id_.startswith("late-") for id_ in judged)


def test_of_a_base_scored_every_day_some_customers_judge_and_do_not_train(champion: Artifact) -> None:
    window = daily_base(champion)
    known = window.labelled
    assert known.ids is not None and known.times is not None
    rows = retraining_rows(champion, window, 0.3)
    trained_on, judged = (set(known.ids[where(part, window)]) for part in (recent_part(rows, champion), rows.test))
    assert len(judged) > 0.1 * known.ids.nunique()
    assert not trained_on & judged
    assert known.times[where(rows.test, window)].min() > known.times.median()


def test_of_a_customer_who_was_scored_often_the_newest_row_judges_and_folds_know_whose_rows_train(champion: Artifact) -> None:
    window = daily_base(champion)
    known, columns = window.labelled, champion.manifest.columns
    assert known.ids is not None and known.times is not None and columns.id is not None
    rows = retraining_rows(champion, window, 0.3)
    judged = where(rows.test, window)
    assert known.ids[judged].is_unique
    newest = known.times.groupby(known.ids).max()
    assert (known.times[judged].to_numpy() == newest[known.ids[judged]].to_numpy()).all()
    assert columns.id not in rows.test.columns
    recent = recent_part(rows, champion)
    assert recent[columns.id].tolist() == known.ids[where(recent, window)].tolist()
    groups = customer_groups(rows.train.reset_index(drop=True), columns)
    assert groups is not None
    for train, test in cross_fit_folds(rows.train[columns.target].to_numpy(), groups, 7):
        assert not set(rows.train[columns.id].iloc[train].dropna()) & set(rows.train[columns.id].iloc[test].dropna())


def test_the_champions_own_rows_train_and_never_test(champion: Artifact) -> None:
    window = new_customers(daily_base(champion))
    rows = retraining_rows(champion, window, 0.3)
    reference = champion.reference()
    pd.testing.assert_frame_equal(rows.train.iloc[: len(reference)], reference)
    assert len(rows.train) + len(rows.test) == len(reference) + window.rows
    assert list(rows.test.columns) == list(reference.columns)


def test_rows_of_the_test_set_keep_what_they_stand_for(champion: Artifact) -> None:
    window = new_customers(daily_base(champion))
    assert retraining_rows(champion, window, 0.3).test_weights is None
    index = window.labelled.features.index
    weights = pd.Series(np.linspace(1, 9, len(index)), index=index)
    rows = retraining_rows(champion, relabelled(window, weights=weights), 0.3)
    assert rows.test_weights == tuple(weights[where(rows.test, window)])


@pytest.mark.parametrize("mode", ["recent", "recalibrate"])
def test_without_the_reference_only_the_windows_earlier_outcomes_train(champion: Artifact, mode: Mode) -> None:
    window = new_customers(daily_base(champion))
    combined, alone = retraining_rows(champion, window, 0.3), retraining_rows(champion, window, 0.3, mode)
    pd.testing.assert_frame_equal(alone.test, combined.test)
    pd.testing.assert_frame_equal(alone.train, recent_part(combined, champion).reset_index(drop=True))
    assert combined.recent == alone.recent == len(alone.train)


def test_mode_newest_trains_on_the_newer_half_of_the_earlier_outcomes_alone(champion: Artifact) -> None:
    window = new_customers(daily_base(champion))
    recent, newest = (retraining_rows(champion, window, 0.3, mode) for mode in ("recent", "newest"))
    pd.testing.assert_frame_equal(newest.test, recent.test)
    assert 0 < len(newest.train) <= len(recent.train) / 2 and newest.recent == len(newest.train)
    pd.testing.assert_frame_equal(newest.train, recent.train.tail(len(newest.train)).reset_index(drop=True))


def test_a_teams_own_trainer_sees_no_feature_that_is_left_out() -> None:
    rows = small_table(5, 1).assign(left_out=1.0)
    columns = COLUMNS.without(["charges"])
    assert set(trainable(rows, columns)) == {*columns.features, "churned", *({"customer"} if columns.id else ())}


def test_training_the_champion_once_more_is_recognised(trained: Opened) -> None:
    champion, split = open_champion(trained)[1], load_split(trained)
    rows, settings = Rows(train=split.train, test=split.test), trained.settings
    assert same_again(champion, rows, settings, "random_forest", {})
    assert not same_again(champion, rows, settings, "logistic_regression", {})
    assert not same_again(champion, Rows(train=split.train.iloc[1:], test=split.test), settings, "random_forest", {})
    for change in ({"seed": 1}, {"threshold": 0.4}):
        other = settings.model_copy(update={"training": settings.training.model_copy(update=change)})
        assert not same_again(champion, rows, other, "random_forest", {})


def test_only_rows_with_a_known_outcome_count(champion: Artifact) -> None:
    window = new_customers(daily_base(champion, labelled=0.5))
    rows = retraining_rows(champion, window, 0.3)
    assert 0 < window.labelled_rows < window.rows
    recent = pd.concat([recent_part(rows, champion), rows.test])
    assert len(recent) == window.labelled_rows
    assert recent["Churn"].sum() == window.labelled_churners
    assert str(rows.train["Churn"].dtype) == str(rows.test["Churn"].dtype) == "int8"


def test_without_times_the_later_rows_judge(champion: Artifact) -> None:
    window = relabelled(new_customers(daily_base(champion)), times=None)
    rows = retraining_rows(champion, window, 0.3)
    assert max(where(recent_part(rows, champion), window)) < min(where(rows.test, window))


def test_a_training_that_passed_leaves_its_whole_story(trained: Opened) -> None:
    found = find_champion(trained.workspace, trained.ledger)
    assert found is not None
    rows = [row for row in trained.ledger.entries() if row.kind != "trusted"]
    assert [row.kind for row in rows] == ["trained", "gated", "challenged", "deployed"]
    story, gated, challenged, _ = (row.body for row in rows)
    artifact = open_champion(trained)[1]
    assert story["data"] == artifact.manifest.data_sha256
    assert (gated["passed"], gated["policy_version"], gated["roc_auc"]) == (True, trained.policy.version, artifact.metrics.roc_auc.value)
    assert (challenged["version"], challenged["digest"]) == (found.version, found.digest)
    assert story["mlflow_run"] == gated["mlflow_run"] == challenged["mlflow_run"]


@pytest.mark.slow
def test_a_candidate_below_the_floor_registers_nothing_and_leaves_no_artifact(trained: Opened) -> None:
    before, models = trained.ledger.entries(), sorted(trained.workspace.models.iterdir())
    champion, artifact = open_champion(trained)
    strict = replace(trained, policy=load_policy(policy_text(), {"gate": {"min_roc_auc": 0.999}}))
    split = load_split(trained)

    async def run() -> tuple[object, object]:
        return await challenge(
            strict,
            Rows(train=split.train.iloc[:400], test=split.test),
            case_id="case-1",
            mode="combined",
            champion=artifact,
            band=None,
            estimator="logistic_regression",
            hyperparameters={"C": 0.5},
            on_progress=None,
        )

    result, challenger = anyio.run(run)
    assert challenger is None
    assert (result.digest, result.version, result.gate.passed) == (None, None, False)
    assert (result.train_rows, result.gate_rows, result.hyperparameters) == (400, len(split.test), {"C": 0.5})
    assert result.champion_metrics == artifact.metrics
    for curve in (result.reliability, result.champion_reliability):
        assert curve is not None
        assert sum(one.rows for one in curve.bins) == len(split.test)
    assert sorted(trained.workspace.models.iterdir()) == models
    assert [path for path in trained.workspace.staging.iterdir() if path.is_dir()] == []
    assert find_champion(trained.workspace, trained.ledger) == champion
    trained_row, gated_row = trained.ledger.entries()[len(before) :]
    assert (trained_row.kind, gated_row.kind, gated_row.body["passed"]) == ("trained", "gated", False)
    assert trained_row.case_id == gated_row.case_id == "case-1"
    uri = f"sqlite:///{trained.workspace.mlflow_db}"
    store = MlflowClient(tracking_uri=uri, registry_uri=uri)
    assert [str(version.version) for version in store.search_model_versions("name = 'churnops'")] == [champion.version]
    assert store.get_run(trained_row.body["mlflow_run"]).data.tags["churnops.gate"] == "failed"
