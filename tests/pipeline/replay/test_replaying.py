"""Whole replays of tables whose truth is known: nothing changed, and behaviour that turned round for good."""

from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.replay.dated_table import Columns, Pace, read_dated
from pipeline.replay.lived import ReplayReport
from pipeline.replay.replaying import Replay
from pipeline.workspace.policy import Policy
from pipeline.workspace.value_settings import ValueSettings
from tests.pipeline.replay.dated_customers import as_file, dated_customers

PACE = Pace(timedelta(weeks=3), timedelta(weeks=2), timedelta(weeks=8))


def replayed(folder: Path, policy: Policy, turns_after: int | None) -> ReplayReport:
    table = read_dated(as_file(dated_customers(23, 5, turns_after=turns_after), folder), Columns("seen", "churned"), PACE)
    replay = Replay(table, PACE, folder / "models", policy, ValueSettings(), "logistic_regression")
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
    report = replayed(tmp_path, policy, 11)
    never, always, oracle = (report.strategies[name] for name in ("never", "always", "oracle"))
    assert never.batches[0].profit > 50
    assert never.batches[-1].profit < 0
    assert oracle.deployed >= 1
    assert oracle.batches[-1].profit > 50
    assert never.regret > 20
    tried = [batch.decided for batch in always.batches if batch.decided]
    assert tried[0].result == "too_few_outcomes"
    assert all(one.result in ("gate_failed", "deployed") and bool(one.failed) == (one.result == "gate_failed") for one in tried[1:])
