"""The child: what it trains on, what it writes, and when it ends."""

import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit
from sklearn.metrics import log_loss

from pipeline.errors import DataError, IntegrityError, TrainingError
from pipeline.measures.evaluation import Evaluation
from pipeline.models.artifact import MANIFEST, MODEL, PICKLE, DriftReference, Manifest, open_artifact, publish
from pipeline.models.recalibration import recalibrate
from pipeline.tables.typed_parquet import fingerprint, write_rows
from pipeline.training.child import ORPHANED, run
from pipeline.training.job import ARTIFACT, DRIFT_ROWS, JOB, REFERENCE_ROWS, RESULT, TEST_ROWS, TRAIN_ROWS, Progress, TrainingJob
from pipeline.training.parent import TrainingOutcome
from pipeline.workspace.folder import Workspace
from pipeline.workspace.value_settings import CustomerValueSettings
from tests.checkout import ROOT
from tests.pipeline.small_artifacts import FEATURES
from tests.pipeline.small_tables import COLUMNS, small_job, small_table

TRAIN, TEST = small_table(300, 1), small_table(150, 2)


def hand_over(folder: Path, job: TrainingJob, train: pd.DataFrame, test: pd.DataFrame) -> Path:
    folder.mkdir(parents=True)
    write_rows(train, folder / TRAIN_ROWS)
    write_rows(test, folder / TEST_ROWS)
    (folder / JOB).write_text(job.model_dump_json())
    return folder


def trained(
    root: Path, name: str, job: TrainingJob, train: pd.DataFrame = TRAIN, test: pd.DataFrame = TEST
) -> tuple[TrainingOutcome, str, list[Progress]]:
    """Train in this process; what was judged, the published digest, and what was said on the way."""
    folder, said = hand_over(root / ".churnops" / "staging" / name, job, train, test), io.StringIO()
    run(job, folder, Workspace(root), said)
    staged = folder / ARTIFACT
    manifest = Manifest.model_validate_json((staged / MANIFEST).read_bytes())
    judged = TrainingOutcome(staged, manifest, Evaluation.model_validate_json((folder / RESULT).read_bytes()), seconds=0.0)
    progress = [Progress.model_validate_json(line) for line in said.getvalue().splitlines()]
    return judged, publish(staged, Workspace(root)), progress


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A workspace in which the usual job was trained and published, and the digest. Copy it, never write to it."""
    root = tmp_path_factory.mktemp("first")
    return root, trained(root, "first", small_job())[1]


@pytest.fixture
def champion(first: tuple[Path, str], tmp_path: Path) -> str:
    """The digest of that model, published in the test's own folder too."""
    root, digest = first
    shutil.copytree(root, tmp_path, dirs_exist_ok=True)
    return digest


def child(folder: Path, root: Path, cwd: Path, **env: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-P", "-m", "pipeline.training.child", str(folder / JOB), str(root)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, cwd=cwd, env={**os.environ, "PYTHONPATH": str(ROOT), **env})


@pytest.mark.slow
def test_it_leaves_an_artifact_and_what_it_found(tmp_path: Path) -> None:
    judged, digest, progress = trained(tmp_path, "one", small_job())
    artifact = open_artifact(Workspace(tmp_path), digest)
    assert artifact.metrics == judged.evaluation.metrics
    assert (judged.evaluation.metrics.n, judged.manifest.rows) == (150, 300)
    assert judged.manifest.churners == TRAIN["churned"].sum()
    assert judged.evaluation.champion_metrics is None
    assert judged.evaluation.comparison is None
    assert [step.stage for step in progress] == ["loading", "calibrating", "fitting", "judging", "weighing", "saving", "done"]
    assert [step.fraction for step in progress] == sorted(step.fraction for step in progress)


@pytest.mark.slow
def test_what_came_before_goes_into_the_artifact_of_a_retrained_and_of_a_recalibrated_model(tmp_path: Path) -> None:
    before = small_table(120, 8)[FEATURES]
    told = DriftReference(rows=120, carried_over=0, since=None, until=None, data_sha256=fingerprint(before))
    place, workspace, digest = tmp_path / ".churnops" / "staging", Workspace(tmp_path), None
    for name, changes in (("retrained", {}), ("recalibrated", {"recalibrates": True}), ("without", {"recalibrates": True})):
        job = small_job(champion=digest, drift_reference=None if name == "without" else told, **changes)
        folder = hand_over(place / name, job, TRAIN, TEST)
        write_rows(before, folder / DRIFT_ROWS)
        run(job, folder, workspace, io.StringIO())
        digest = publish(folder / ARTIFACT, workspace)
        artifact = open_artifact(workspace, digest)
        assert artifact.manifest.drift_reference == job.drift_reference
        assert artifact.profile().rows == len(artifact.drift_reference()) == (300 if name == "without" else 120)
        assert len(artifact.reference()) == 300


@pytest.mark.slow
def test_the_test_set_chooses_neither_model_nor_calibration(tmp_path: Path) -> None:
    flipped = TEST.assign(churned=1 - TEST["churned"])
    one, first, _ = trained(tmp_path, "one", small_job())
    other, second, _ = trained(tmp_path, "two", small_job(), test=flipped)
    workspace, window = Workspace(tmp_path), small_table(50, 3)
    assert (open_artifact(workspace, first).scores(window) == open_artifact(workspace, second).scores(window)).all()
    assert one.manifest.calibration == other.manifest.calibration
    assert one.evaluation.metrics.roc_auc.value == pytest.approx(1 - other.evaluation.metrics.roc_auc.value)


@pytest.mark.slow
def test_the_champion_is_judged_on_the_same_rows_by_its_own_threshold(tmp_path: Path) -> None:
    weak, champion, _ = trained(tmp_path, "weak", small_job(hyperparameters={"n_estimators": 1, "max_depth": 1}, threshold=0.3))
    judged, _, _ = trained(tmp_path, "strong", small_job(champion=champion))
    assert judged.evaluation.champion_metrics == weak.evaluation.metrics
    assert judged.evaluation.champion_metrics is not None
    assert judged.evaluation.champion_metrics.threshold == 0.3
    assert judged.evaluation.comparison is not None
    assert judged.evaluation.comparison.n == 150
    assert judged.evaluation.comparison.difference == pytest.approx(
        judged.evaluation.metrics.roc_auc.value - weak.evaluation.metrics.roc_auc.value
    )


def test_both_are_judged_by_what_the_rows_stand_for(tmp_path: Path, champion: str) -> None:
    weights = tuple(1.0 + 9.0 * (row % 10 == 0) for row in range(len(TEST)))
    judged, _, _ = trained(tmp_path, "weighed", small_job(champion=champion, test_weights=weights))
    alone, _, _ = trained(tmp_path, "alone", small_job(champion=champion))
    for name in ("metrics", "champion_metrics"):
        one, other = getattr(judged.evaluation, name).roc_auc, getattr(alone.evaluation, name).roc_auc
        assert one.high - one.low > other.high - other.low
    assert judged.evaluation.comparison is not None and judged.evaluation.comparison.difference == 0, "it is the same model"


def test_what_a_candidate_forgot_and_whom_it_treats_otherwise_is_measured(tmp_path: Path, champion: str) -> None:
    """It is trained on outcomes that are turned round among the customers of one contract."""
    turned = {
        name: rows.assign(churned=rows["churned"].where(rows["contract"] != "monthly", 1 - rows["churned"]))
        for name, rows in (("train", TRAIN), ("test", TEST))
    }
    value = CustomerValueSettings.model_validate({"margin": "charges * 6", "currency": "EUR"})
    job = small_job(champion=champion, value=value, fairness=("contract",))
    folder = hand_over(tmp_path / ".churnops" / "staging" / "turned", job, turned["train"], turned["test"])
    write_rows(TEST, folder / REFERENCE_ROWS)
    run(job, folder, Workspace(tmp_path), io.StringIO())
    found = Evaluation.model_validate_json((folder / RESULT).read_bytes())
    assert found.on_reference is not None and found.on_reference.high < 0
    assert found.comparison is not None and found.comparison.low > 0, "on the rows of today it is the better one"
    assert found.profit is not None and found.profit.champion is not None and found.profit.difference is not None
    assert found.profit.difference.difference == pytest.approx(found.profit.candidate.value - found.profit.champion.value)
    assert found.pr_auc is not None and found.pr_auc.difference == pytest.approx(
        found.metrics.pr_auc.value - (found.champion_metrics or found.metrics).pr_auc.value
    )
    assert found.fairness is not None and {group.value for group in found.fairness.groups} == set(TEST["contract"])


def test_a_tampered_champion_is_refused(tmp_path: Path, champion: str) -> None:
    (tmp_path / ".churnops" / "models" / champion / MODEL / PICKLE).write_bytes(b"other")
    with pytest.raises(IntegrityError, match="bytes differ"):
        trained(tmp_path, "two", small_job(champion=champion))


@pytest.mark.slow
def test_helpful_calibration_is_part_of_the_model(tmp_path: Path) -> None:
    # One leaf deep, a forest is far too timid.
    timid = small_job(hyperparameters={"n_estimators": 20, "max_depth": 1})
    judged, digest, _ = trained(tmp_path, "one", timid, train=small_table(1500, 1), test=small_table(1500, 2))
    assert judged.manifest.calibration.kept
    assert judged.evaluation.metrics.log_loss.value < judged.manifest.calibration.log_loss_raw - 0.01
    assert open_artifact(Workspace(tmp_path), digest).scores(TEST).shape == (150,)


@pytest.mark.slow
def test_copies_of_a_customer_weigh_as_one_in_the_calibration_trial(tmp_path: Path) -> None:
    copied = pd.concat([small_table(300, 1)] * 3, ignore_index=True)
    job = small_job(hyperparameters={"n_estimators": 20, "max_depth": 1})
    by_customer, _, _ = trained(tmp_path, "one", job, train=copied)
    by_row, _, _ = trained(tmp_path, "two", job, train=copied.drop(columns="customer"))
    assert abs(by_row.manifest.calibration.z) > 1.4 * abs(by_customer.manifest.calibration.z)


@pytest.mark.slow
def test_the_same_job_gives_the_same_scores(tmp_path: Path, first: tuple[Path, str]) -> None:
    root, digest = first
    one, other = open_artifact(Workspace(root), digest), open_artifact(Workspace(tmp_path), trained(tmp_path, "two", small_job())[1])
    assert (one.scores(TEST) == other.scores(TEST)).all()
    assert one.manifest == other.manifest


@pytest.mark.slow
def test_a_retrained_model_meets_the_recalibrated_champion_too(tmp_path: Path, champion: str) -> None:
    recent = small_table(200, 4).assign(churned=lambda rows: rows["churned"].where(rows.index % 4 > 0, 1))
    rows = pd.concat([TRAIN, recent], ignore_index=True)
    with_rival, _, _ = trained(tmp_path, "two", small_job(champion=champion, recent_rows=200), train=rows)
    without, _, _ = trained(tmp_path, "three", small_job(champion=champion), train=rows)
    assert with_rival.evaluation.margins == without.evaluation.margins
    assert without.evaluation.margins_recalibrated is None
    artifact = open_artifact(Workspace(tmp_path), champion)
    rival = recalibrate(artifact.model, recent[FEATURES], recent["churned"].to_numpy())
    p = rival.model.predict_proba(TEST[FEATURES])[:, 1]
    own = with_rival.evaluation.metrics.log_loss.value
    assert with_rival.evaluation.margins_recalibrated is not None
    assert with_rival.evaluation.margins_recalibrated.log_loss.difference == pytest.approx(own - log_loss(TEST["churned"], p))


@pytest.mark.slow
def test_recent_rows_of_one_outcome_are_no_rival(tmp_path: Path, champion: str) -> None:
    rows = pd.concat([TRAIN, small_table(30, 4).assign(churned=0)], ignore_index=True)
    judged, _, _ = trained(tmp_path, "two", small_job(champion=champion, recent_rows=30), train=rows)
    assert judged.evaluation.margins is not None
    assert judged.evaluation.margins_recalibrated is None


def test_recalibrating_keeps_the_ranks_the_reference_and_what_the_model_leans_on(tmp_path: Path, champion: str) -> None:
    recent = small_table(600, 5).assign(churned=lambda rows: rows["churned"].where(rows.index % 3 > 0, 1))
    job = small_job(champion=champion, recent_rows=600, recalibrates=True, threshold=0.3)
    judged, after, progress = trained(tmp_path, "two", job, train=recent)
    before, artifact = (open_artifact(Workspace(tmp_path), digest) for digest in (champion, after))
    made = artifact.manifest.recalibration
    assert made is not None
    assert (made.of, made.rows, made.churners) == (champion, 600, int(recent["churned"].sum()))
    assert (
        artifact.manifest.model_copy(
            update={name: getattr(before.manifest, name) for name in ("threshold", "calibration", "recalibration")}
        )
        == before.manifest
    )
    assert (artifact.manifest.threshold, judged.evaluation.metrics.threshold) == (0.3, 0.3)
    assert artifact.manifest.calibration.log_loss_calibrated < artifact.manifest.calibration.log_loss_raw
    pd.testing.assert_frame_equal(artifact.reference(), before.reference())
    assert fingerprint(artifact.reference()) == artifact.manifest.data_sha256
    assert artifact.profile() == before.profile()
    assert artifact.importances() == before.importances()
    assert judged.evaluation.comparison is not None
    assert judged.evaluation.comparison.difference == pytest.approx(0, abs=1e-9)
    assert judged.evaluation.margins_recalibrated is None
    assert [step.stage for step in progress][-1] == "done"


def test_reference_scores_of_a_recalibrated_model_are_the_champions_passed_through(tmp_path: Path, champion: str) -> None:
    recent = small_table(600, 5).assign(churned=lambda rows: rows["churned"].where(rows.index % 3 > 0, 1))
    _, after, _ = trained(tmp_path, "two", small_job(champion=champion, recalibrates=True, recent_rows=600), train=recent)
    before, artifact = (open_artifact(Workspace(tmp_path), digest) for digest in (champion, after))
    made = artifact.manifest.recalibration
    assert made is not None
    odds = logit(np.clip(before.reference_scores(), 1e-6, 1 - 1e-6))
    assert artifact.reference_scores() == pytest.approx(1 / (1 + np.exp(-made.slope * odds - made.intercept)))
    assert artifact.reference_scores().mean() > before.reference_scores().mean()


def test_too_few_churners_is_one_sentence(tmp_path: Path) -> None:
    train = TRAIN.assign(churned=(TRAIN.index < 3).astype("int8"))
    with pytest.raises(DataError, match="Of the 300 training rows 3 churned"):
        trained(tmp_path, "one", small_job(), train=train)


def test_an_unknown_hyperparameter_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no hyperparameter depth"):
        trained(tmp_path, "one", small_job(hyperparameters={"depth": 3}))


@pytest.mark.slow
def test_as_a_process_it_speaks_json_and_writes_nothing_outside_its_folder(tmp_path: Path) -> None:
    root, cwd, home = tmp_path / "workspace", tmp_path / "cwd", tmp_path / "home"
    cwd.mkdir()
    home.mkdir()
    folder = hand_over(root / "job", small_job(), TRAIN, TEST)
    process = child(folder, root, cwd, HOME=str(home), MLFLOW_DISABLE_TELEMETRY="true")
    assert process.stdout is not None
    lines = process.stdout.read().splitlines()
    process.communicate()
    assert process.returncode == 0
    assert Progress.model_validate_json(lines[-1]) == Progress(stage="done", fraction=1.0, said="Trained and judged")
    assert all(Progress.model_validate_json(line) for line in lines)
    assert sorted(path.name for path in folder.iterdir()) == sorted([ARTIFACT, TEST_ROWS, JOB, RESULT, TRAIN_ROWS])
    assert [list(place.iterdir()) for place in (root, cwd, home)] == [[folder], [], []]


def test_what_a_library_prints_does_not_mix_with_progress(tmp_path: Path) -> None:
    folder = hand_over(tmp_path / "job", small_job(), TRAIN, TEST)
    chatty = "import pipeline.training.child as trainer; trainer.run = lambda *given: print('chatter'); trainer.main()"
    command = [sys.executable, "-c", chatty, str(folder / JOB), str(tmp_path)]
    ended = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert ended.stdout is not None
    assert ended.stderr is not None
    assert ended.stdout.read() == b""
    assert ended.stderr.read() == b"chatter\n"
    ended.communicate()


def test_as_a_process_it_ends_when_its_parent_lets_go(tmp_path: Path) -> None:
    folder = hand_over(tmp_path / "job", small_job(hyperparameters={"n_estimators": 100_000}), TRAIN, TEST)
    process = child(folder, tmp_path, tmp_path)
    assert process.stdout is not None
    assert process.stdin is not None
    process.stdout.readline()
    process.stdin.close()
    assert process.wait(timeout=20) == ORPHANED
    process.stdout.close()
    assert not (folder / RESULT).exists()


@pytest.mark.slow
def test_as_a_process_it_says_one_sentence_when_it_fails(tmp_path: Path) -> None:
    folder = hand_over(tmp_path / "job", small_job(), TRAIN.assign(churned=TRAIN["churned"] * 0), TEST)
    process = child(folder, tmp_path, tmp_path)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read()
    said = process.stderr.read().decode().splitlines()
    process.communicate()
    assert process.returncode == 1
    assert said == ["Of the 300 training rows 0 churned; at least 5 of each outcome are needed. Give more rows with outcomes."]


@pytest.mark.slow
def test_the_schema_may_be_without_an_id(tmp_path: Path) -> None:
    job = small_job(columns=COLUMNS.model_copy(update={"id": None}))
    assert trained(tmp_path, "one", job, train=TRAIN.drop(columns="customer"))[0].manifest.rows == 300
