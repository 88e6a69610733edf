"""Every mode a diagnosis can ask for can be carried out through the tools, and its challenger is approved like any other."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.models.artifact import open_artifact
from pipeline.record.approvers import confirmed
from pipeline.record.cases import Decision
from pipeline.record.opened_workspace import Opened
from pipeline.worlds.simulation import simulate
from reports.decisions.approval import approve, draft_approval
from tests.conftest import Clock, Simulated, copied
from tests.tools.desk import desk, diagnosis_of

pytestmark = pytest.mark.anyio


@pytest.fixture
def risen(simulated: Simulated, tmp_path: Path) -> Iterator[Opened]:
    """An opened workspace whose churners became far more common, the test's own."""
    with copied(simulated("high_churn", 1500, 0.6, 3), tmp_path / "risen") as opened:
        yield opened


@pytest.mark.slow
async def test_a_recalibrated_champion_waits_for_a_person_as_what_it_is(risen: Opened) -> None:
    async with desk(risen) as client:
        case_id = (await client.ok("get_drift_summary"))["case_id"]
        risen.cases.move(case_id, ("open",), diagnosis=diagnosis_of("prior_shift"))
        reply = await client.ok("run_training", case_id=case_id, mode="recalibrate")
        assert reply["gate"]["passed"], reply["gate"]
        assert [check["rule"] for check in reply["gate"]["checks"]] == ["gate.min_roc_auc", "gate.max_auc_drop", "gate.recalibration_z"]
        assert "close it with action recalibrate" in await client.refused(
            "save_remediation_report", case_id=case_id, action="retrain", summary="s", reasoning="r"
        )
        closed = await client.close(case_id, "recalibrate")
    case = risen.cases.get(case_id)
    assert (closed["status"], case.mode) == ("pending_approval", "recalibrate")
    assert case.challenger is not None
    champion, challenger = (open_artifact(risen.workspace, model.digest) for model in (case.champion, case.challenger))
    made = challenger.manifest.recalibration
    assert made is not None
    assert made.of == champion.digest
    assert made.intercept > 0.4  # 2.5 times the odds
    assert challenger.manifest.estimator == champion.manifest.estimator
    assert challenger.manifest.threshold == pytest.approx(50 / (0.3 * 500))  # what an offer costs over what it may bring
    assert challenger.manifest.drift_reference is not None  # windows are compared with what it was recalibrated on
    assert [training.arguments for training in risen.cases.trainings(case_id)] == [{"mode": "recalibrate"}]


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.6, 0.0], ids=["with outcomes", "without"])
async def test_the_level_that_a_champion_was_recalibrated_to_is_no_news(risen: Opened, share: float) -> None:
    """It keeps its training rows, whose outcomes are those of before."""
    assert isinstance(risen.clock, Clock)
    async with desk(risen) as client:
        case_id = (await client.ok("get_drift_summary"))["case_id"]
        risen.cases.move(case_id, ("open",), diagnosis=diagnosis_of("prior_shift"))
        await client.ok("run_training", case_id=case_id, mode="recalibrate")
        await client.close(case_id, "recalibrate")
    draft = draft_approval(risen, case_id, Decision(reviewer="Ada", reason="The level moved.", at=risen.clock()))
    approve(risen, draft, confirmed(draft))
    simulate(risen, "high_churn", 1500, labelled_share=share, seed=4)
    risen.clock.advance(hours=24 * 45)
    async with desk(risen) as client:
        case_id = (await client.ok("get_drift_summary"))["case_id"]
        assert (await client.ok("diagnose", case_id=case_id))["diagnosis"]["action"] == "monitor"


@pytest.mark.slow
async def test_a_retraining_is_kept_only_where_it_beats_the_recalibrated_champion(risen: Opened) -> None:
    async with desk(risen) as client:
        case_id = (await client.ok("get_drift_summary"))["case_id"]
        risen.cases.move(case_id, ("open",), diagnosis=diagnosis_of("prior_shift"))
        reply = await client.ok("run_training", case_id=case_id, estimator="logistic_regression")
    result = risen.cases.trainings(case_id)[0].result
    assert result is not None
    assert result.margins_recalibrated is not None
    found, (check,) = (
        result.margins_recalibrated.log_loss,
        [one for one in reply["gate"]["checks"] if one["rule"] == "gate.max_log_loss_rise"],
    )
    assert check["passed"] is (found.low <= 0 or found.difference <= risen.policy.gate.max_log_loss_rise)


@pytest.mark.slow
async def test_a_model_of_recent_outcomes_alone_has_them_as_its_reference(drifted: Opened) -> None:
    async with desk(drifted) as client:
        case_id = (await client.ok("get_drift_summary"))["case_id"]
        drifted.cases.move(case_id, ("open",), diagnosis=diagnosis_of("concept_drift"))
        reply = await client.ok("run_training", case_id=case_id, mode="recent", estimator="logistic_regression")
        assert reply["gate"]["passed"], reply["gate"]
        await client.close(case_id, "retrain")
    case = drifted.cases.get(case_id)
    assert case.mode == "recent"
    assert case.challenger is not None
    artifact = open_artifact(drifted.workspace, case.challenger.digest)
    assert case.window is not None
    before = artifact.manifest.drift_reference
    assert before is not None
    assert len(artifact.drift_reference()) == artifact.profile().rows == before.rows
    assert case.window.rows >= before.rows - before.carried_over >= case.window.labelled_rows
    assert len(artifact.reference()) == reply["train_rows"] == case.window.labelled_rows - reply["held_out_rows"]


@pytest.mark.slow
async def test_a_reweighted_reference_trains_a_challenger_and_the_report_says_what_it_is_worth(
    simulated: Simulated, tmp_path: Path
) -> None:
    with copied(simulated("important_tilt", 1500, 0.6, 3), tmp_path / "tilted") as opened:
        async with desk(opened) as client:
            case_id = (await client.ok("get_drift_summary"))["case_id"]
            opened.cases.move(case_id, ("open",), diagnosis=diagnosis_of("covariate_harmful"))
            await client.ok("run_training", case_id=case_id, mode="reweighted")
            (training,) = opened.cases.trainings(case_id)
            assert training.result is not None
            told = training.result.reweighting
            assert told is not None
            assert 0 < told.drawn < told.reference_rows
            recent = training.result.train_rows - told.drawn
            assert recent > 0
            action = "retrain" if training.result.gate.passed else "monitor"
            await client.close(case_id, action)
        report = (opened.workspace.reports / f"{case_id}.md").read_text("utf-8")
        assert told.said in report
