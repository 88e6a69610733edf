"""What becomes of a decision: its cost, and what keeps a training from being done or deployed."""

from dataclasses import replace
from datetime import timedelta

import pytest

from pipeline.benchmark.instance import Answer
from pipeline.benchmark.truth import COST
from pipeline.measures.measure import GateCheck, GateResult
from pipeline.models.artifact import Artifact
from pipeline.replay.dated_table import DatedTable, Pace
from pipeline.replay.hindsight import Hindsight
from pipeline.replay.life import Life, Terms
from pipeline.replay.lived import Decided
from pipeline.replay.look import Look, see
from pipeline.replay.training_desk import TrainedModel, TrainingDesk
from pipeline.workspace.policy import Policy
from pipeline.workspace.value_settings import ValueSettings

RETRAIN = Answer(cause="concept_drift", action="retrain", mode="recent")
FAILED = GateResult(passed=False, checks=(GateCheck(rule="gate.min_roc_auc", passed=False, said="Below."),))


@pytest.fixture
def look(table: DatedTable, pace: Pace, champion: Artifact, policy: Policy) -> Look:
    return see(table, table.batches[1], pace, champion, None, policy)


@pytest.fixture
def terms(table: DatedTable, policy: Policy, champion: Artifact, monkeypatch: pytest.MonkeyPatch) -> Terms:
    """Every training makes the champion once more, which does not pass the gate."""
    monkeypatch.setattr(TrainingDesk, "train", lambda desk, look, remedy: TrainedModel(champion, FAILED))
    desk = object.__new__(TrainingDesk)
    return Terms(desk, Hindsight(table.batches, desk, ValueSettings(), policy.training), policy.training, ValueSettings())


def decided(life: Life, table: DatedTable, look: Look) -> Decided:
    life.go_through(table.batches[look.number - 1], look)
    found = life.lived[-1].decided
    assert found is not None
    return found


def test_what_failed_the_gate_is_not_deployed_and_costs_nothing(table: DatedTable, look: Look, champion: Artifact, terms: Terms) -> None:
    life = Life(lambda _: RETRAIN, champion, terms)
    found = decided(life, table, look)
    assert (found.result, found.cost, found.failed) == ("gate_failed", 0.0, ("gate.min_roc_auc",))
    assert life.trained_until is None


def test_no_gate_holds_the_oracle(table: DatedTable, look: Look, champion: Artifact, terms: Terms) -> None:
    life = Life(lambda _: RETRAIN, champion, terms, gated=False)
    found = decided(life, table, look)
    assert (found.result, found.cost, found.gain) == ("deployed", COST["retrain_recent"], 0.0)
    assert life.trained_until == look.known_until


def test_a_cooldown_keeps_from_the_next_training(table: DatedTable, look: Look, champion: Artifact, terms: Terms) -> None:
    life = Life(lambda _: RETRAIN, champion, replace(terms, rules=terms.rules.model_copy(update={"cooldown_hours": 24 * 15})))
    assert decided(life, table, look).result == "gate_failed"
    assert decided(life, table, replace(look, number=3, now=look.now + timedelta(weeks=2))).result == "cooldown"
    assert decided(life, table, replace(look, number=4, now=look.now + timedelta(weeks=4))).result == "gate_failed"


def test_too_few_outcomes_keep_from_a_training(table: DatedTable, look: Look, champion: Artifact, terms: Terms) -> None:
    life = Life(lambda _: RETRAIN, champion, replace(terms, rules=terms.rules.model_copy(update={"min_labelled_rows": 5_000})))
    assert decided(life, table, look).result == "too_few_outcomes"


@pytest.mark.parametrize("action", ["monitor", "fix_data", "collect_labels"])
def test_what_trains_nothing_changes_nothing_and_costs_what_the_benchmark_says(
    action: str, table: DatedTable, look: Look, champion: Artifact, terms: Terms
) -> None:
    answer = Answer.model_validate({"cause": "data_fault", "action": action})
    life = Life(lambda _: answer, champion, terms)
    found = decided(life, table, look)
    assert (found.result, found.cost) == ("nothing", COST[answer.remedy])
    # Training the same model again brings nothing, so nothing was refused wrongly.
    assert found.missed is None
    assert life.champion is champion


def test_a_refused_training_that_would_have_paid_is_told(
    table: DatedTable, look: Look, champion: Artifact, terms: Terms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Hindsight, "gain", lambda hindsight, look, model: 5.0)
    refused = decided(Life(lambda _: Answer(cause="data_fault", action="fix_data"), champion, terms), table, look)
    assert refused.missed == 5.0 - COST["recalibrate"]
    watched = decided(Life(lambda _: Answer(cause="none", action="monitor"), champion, terms), table, look)
    assert watched.missed is None


def test_a_model_that_loses_more_than_it_costs_is_unsafe() -> None:
    one = Decided(answer=RETRAIN, result="deployed", cost=1.5, gain=-1.6)
    assert one.harmful
    assert not one.model_copy(update={"gain": -1.4}).harmful
    assert not one.model_copy(update={"gain": None}).harmful
