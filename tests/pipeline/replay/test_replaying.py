"""Whole replays of tables whose truth is known: nothing changed, and behaviour that turned round for good."""

from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.replay.dated_table import Columns, Pace, read_dated
from pipeline.replay.lived import ReplayReport
from pipeline.replay.replaying import Replay
from pipeline.workspace.policy import Policy
from pipeline.workspace.settings import ValueSettings
from tests.pipeline.replay.dated_customers import as_file, dated_customers

PACE = Pace(timedelta(weeks=3), timedelta(weeks=2), timedelta(weeks=8))


def replayed(folder: Path, policy: Policy, turns_after: int | None, pace: Pace = PACE) -> ReplayReport:
    table = read_dated(as_file(dated_customers(23, 5, turns_after=turns_after), folder), Columns("seen", "churned"), pace)
    replay = Replay(table, pace, folder / "models", policy, ValueSettings(), "logistic_regression")
    assert list(replay.steps()) == [0, 1, 2, 3, 4, 5]
    report = replay.report()
    assert report is not None
    return report


# Some thirty trainings, five diagnoses.
@pytest.mark.slow
def test_where_nothing_changed_nothing_is_missed(tmp_path: Path, policy: Policy) -> None:
    report = replayed(tmp_path, policy, None)
    operator = report.strategies["diagnosis"]
    assert operator.deployed == 0
    assert operator.refused_wrongly == operator.unsafe == 0
    assert operator.regret < 2
    assert report.strategies["never"].cases == 0
    assert report.strategies["oracle"].net >= report.strategies["never"].net - 0.5


@pytest.mark.slow
def test_a_lasting_change_is_worth_a_training_and_the_replay_shows_it(tmp_path: Path, policy: Policy) -> None:
    easy = policy.model_copy(update={"gate": policy.gate.model_copy(update={"min_roc_auc": 0.5})})
    report = replayed(tmp_path, easy, 11)
    never, oracle = report.strategies["never"], report.strategies["oracle"]
    assert never.batches[-1].profit < 20
    assert oracle.deployed >= 1
    assert oracle.batches[-1].profit > 50
    assert never.regret > 20
    retrained = [life for name, life in report.strategies.items() if name != "oracle" and life.deployed]
    assert retrained and max(life.batches[-1].profit for life in retrained) > 50


@pytest.mark.slow
def test_nobody_trains_twice_within_the_cooldown_or_on_too_few_outcomes(tmp_path: Path, policy: Policy) -> None:
    rules = policy.training.model_copy(update={"cooldown_hours": 24 * 50, "min_labelled_rows": 300})
    report = replayed(tmp_path, policy.model_copy(update={"training": rules}), None, PACE)
    always = [batch.decided.result for batch in report.strategies["always"].batches if batch.decided]
    assert always[0] == "too_few_outcomes"
    assert [result for result in always[1:] if result == "cooldown"] == ["cooldown", "cooldown"]
    assert report.strategies["always"].cost <= 1.5 * 2 / 5
