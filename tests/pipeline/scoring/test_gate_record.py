"""What a training leaves on record of how its model would serve, and of whom it would call at risk."""

from pathlib import Path

import pandas as pd
import pytest

from pipeline.canonical_json import digest_of
from pipeline.measures.evaluation import Evaluation
from pipeline.measures.metrics import reliability
from pipeline.measures.risk_tiers import TIERS, tier_flow, tier_of
from pipeline.models.artifact import open_artifact
from pipeline.record.cases import TrainingResult
from pipeline.scoring.proof import prove
from pipeline.training.job import TrainingJob
from pipeline.workspace.folder import Workspace
from reports.verdict import Verdict
from tests.pipeline.scoring.fitted_models import model_of
from tests.pipeline.small_tables import COLUMNS, small_job, small_table
from tests.pipeline.training.test_child import TEST, TRAIN, trained
from tests.reports.record import a_case, a_challenger, report, trainings_of
from tests.tools.desk import training_result


def _evaluated(root: Path, name: str, job: TrainingJob, **rows: pd.DataFrame) -> tuple[Evaluation, str]:
    outcome, digest, _ = trained(root, name, job, **rows)
    return outcome.evaluation, digest


@pytest.mark.slow
def test_every_model_of_a_champions_line_is_proven_and_compared_by_tier(tmp_path: Path) -> None:
    first, champion = _evaluated(tmp_path, "one", small_job())
    second, digest = _evaluated(tmp_path, "two", small_job(champion=champion, hyperparameters={"n_estimators": 5, "max_depth": 2}))
    again = small_job(champion=champion, recalibrates=True, recent_rows=600)
    third, _ = _evaluated(tmp_path, "three", again, train=small_table(600, 5))
    for judged in (first, second, third):
        assert judged.serving is not None
        assert (judged.serving.path, judged.serving.max_difference) == ("fast", 0.0)
        assert (judged.serving.rows, judged.serving.edges) == (len(TRAIN), 6)
    assert first.tier_flow is None
    before, after = (open_artifact(Workspace(tmp_path), model).scores(TEST).tolist() for model in (champion, digest))
    assert second.tier_flow == tier_flow(before, after)
    assert first.champion_reliability is None
    outcome = TEST[COLUMNS.target]
    assert (second.champion_reliability, second.reliability) == (reliability(outcome, before), reliability(outcome, after))
    assert third.champion_reliability == second.champion_reliability
    assert second.tier_flow is not None
    assert [second.tier_flow.after(tier) for tier in TIERS] == [[tier_of(p) for p in after].count(tier) for tier in TIERS]
    assert third.tier_flow is not None
    assert third.tier_flow.customers == len(TEST)


def test_records_of_earlier_versions_still_load_with_the_digest_they_had() -> None:
    old = training_result(passed=True)
    stored = old.model_dump_json()
    assert "serving" not in stored
    assert "tier_flow" not in stored
    assert "reliability" not in stored
    assert digest_of(TrainingResult.model_validate_json(stored)) == digest_of(old)


def test_records_keep_proof_flow_and_reliability() -> None:
    result = of_today()
    assert TrainingResult.model_validate_json(result.model_dump_json()) == result
    assert digest_of(result) != digest_of(training_result(passed=True))


def test_the_report_says_how_the_challenger_would_serve_and_who_changes_tier() -> None:
    case, verdict = a_case(challenger=a_challenger()), Verdict("pending_approval", "retrain", "combined", "rulebook", "finished")
    trainings = trainings_of(passed=True)
    today = (trainings[0].model_copy(update={"result": of_today()}), *trainings[1:])
    text = report(case, verdict, trainings=today)
    assert (
        "\n- Serving: The fast path scores single customers as scikit-learn does, bit for bit, on 300 stored rows and 6 made of them"
        in text
    )
    assert "on the rows held out: Of 3 customers, these change their risk tier: 1 from medium to high." in text
    before = report(case, verdict, trainings=trainings)
    assert "Serving:" not in before
    assert "Risk tiers" not in before


def of_today() -> TrainingResult:
    _, proof = prove(model_of("forest"), COLUMNS, TRAIN, 0.5)
    curve = reliability([0, 1] * 30, [place / 60 for place in range(60)])
    today = {
        "serving": proof,
        "tier_flow": tier_flow([0.1, 0.5, 0.5], [0.2, 0.8, 0.6]),
        "reliability": curve,
        "champion_reliability": curve,
    }
    return training_result(passed=True).model_copy(update=today)
