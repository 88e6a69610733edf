"""MLflow mirrors runs, versions and the champion, inside the workspace and without a word."""

import subprocess
import sys
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient

from pipeline.atomic_files import digest_of_folder
from pipeline.measures.measure import Comparison
from pipeline.models.artifact import Artifact, open_artifact, publish
from pipeline.record.mlflow_mirror import champion_version, log_run, register, set_champion
from pipeline.training.gate import judge
from pipeline.workspace.folder import Workspace
from pipeline.workspace.policy import load_policy
from prompts import policy_text
from tests.checkout import ROOT
from tests.odd_folders import ODD_FOLDER
from tests.pipeline.small_artifacts import FEATURES, FITTED, small_artifact
from tests.pipeline.small_tables import small_table

# MLflow asks SQLAlchemy for something it is about to lose; our own calls silence it, the tests' look into the store does not.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")

COMPARISON = Comparison(difference=0.02, low=0.01, high=0.03, n=200)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """One store for the module: its first migration takes seconds. The name holds a space."""
    return Workspace(tmp_path_factory.mktemp("a workspace"))


@pytest.fixture(scope="module")
def artifact(workspace: Workspace) -> Artifact:
    workspace.staging.mkdir(parents=True)
    return open_artifact(workspace, publish(small_artifact(workspace.staging / "artifact"), workspace))


def logged(workspace: Workspace, artifact: Artifact, *, case_id: str | None = "case-1", floor: float = 0.6) -> str:
    gate = judge(artifact.metrics, COMPARISON, "evaluate", load_policy(policy_text(), {"gate": {"min_roc_auc": floor}}))
    return log_run(workspace, manifest=artifact.manifest, metrics=artifact.metrics, comparison=COMPARISON, gate=gate, case_id=case_id)


def store(workspace: Workspace) -> MlflowClient:

    uri = f"sqlite:///{workspace.mlflow_db}"
    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def test_a_workspace_without_a_store_has_no_champion_and_gets_no_store(tmp_path: Path) -> None:
    assert champion_version(Workspace(tmp_path)) is None
    assert list(tmp_path.iterdir()) == []


def test_a_run_carries_what_was_trained_on_what_and_how_it_was_judged(workspace: Workspace, artifact: Artifact) -> None:
    run = store(workspace).get_run(logged(workspace, artifact))
    assert run.info.status == "FINISHED"
    assert run.data.params["estimator"] == "random_forest"
    assert run.data.params["n_estimators"] == "10"
    assert run.data.metrics["roc_auc"] == artifact.metrics.roc_auc.value
    assert run.data.metrics["roc_auc_low"] == artifact.metrics.roc_auc.low
    assert run.data.metrics["roc_auc_difference"] == 0.02
    assert run.data.tags["churnops.data_sha256"] == artifact.manifest.data_sha256
    assert run.data.tags["churnops.gate"] == "passed"
    assert run.data.tags["churnops.case_id"] == "case-1"
    assert "reaches the floor of 0.6" in run.data.tags["churnops.gate_said"]


@pytest.mark.slow
def test_a_failed_gate_is_logged_and_registers_nothing(tmp_path: Path, artifact: Artifact) -> None:
    fresh = Workspace(tmp_path)
    run = store(fresh).get_run(logged(fresh, artifact, case_id=None, floor=1.0))
    assert run.data.tags["churnops.gate"] == "failed"
    assert "churnops.case_id" not in run.data.tags
    assert store(fresh).search_registered_models() == []
    assert champion_version(fresh) is None


def test_versions_count_up_and_carry_the_digest(workspace: Workspace, artifact: Artifact) -> None:
    first = register(workspace, logged(workspace, artifact), artifact)
    second = register(workspace, logged(workspace, artifact), artifact)
    assert int(second) == int(first) + 1
    assert store(workspace).get_model_version("churnops", second).tags["churnops.sha256"] == artifact.digest


def test_the_champion_moves_by_alias(workspace: Workspace, artifact: Artifact) -> None:
    first, second = (register(workspace, logged(workspace, artifact), artifact) for _ in range(2))
    set_champion(workspace, first)
    assert champion_version(workspace) == first
    set_champion(workspace, second)
    assert champion_version(workspace) == second


def test_loading_the_champion_through_mlflow_leaves_our_bytes_alone(
    workspace: Workspace, artifact: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{workspace.mlflow_db}")
    set_champion(workspace, register(workspace, logged(workspace, artifact), artifact))
    loaded = mlflow.pyfunc.load_model("models:/churnops@champion")
    window = small_table(20, 3)[FEATURES]
    assert (loaded.predict(window) == FITTED.predict_proba(window)).all()
    assert digest_of_folder(artifact.path) == artifact.digest


@pytest.mark.slow
def test_it_writes_only_into_the_workspace_and_says_nothing(
    tmp_path: Path, artifact: Artifact, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    fresh = Workspace(tmp_path / ODD_FOLDER)
    set_champion(fresh, register(fresh, logged(fresh, artifact), artifact))
    assert champion_version(fresh) == "1"
    assert list(elsewhere.iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([ODD_FOLDER, "elsewhere"]), "no folder by the escaped name"
    assert sorted(path.name for path in fresh.home.iterdir() if not path.name.startswith("mlflow.db-")) == ["mlflow.db", "mlruns"]
    assert capfd.readouterr() == ("", "")


def test_its_import_is_free() -> None:
    code = "import sys, pipeline.record.mlflow_mirror; sys.exit('mlflow' in sys.modules)"
    env = {"PYTHONPATH": str(ROOT)}
    assert subprocess.run([sys.executable, "-c", code], env=env, check=False).returncode == 0
