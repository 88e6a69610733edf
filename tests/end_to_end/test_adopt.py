"""A model the team already has, from its folder or registry to a champion that is watched, recalibrated, replaced and brought back."""

import json
import pickle
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest
from mlflow.models import infer_signature
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from pipeline.intake.reference import load_split
from pipeline.models.artifact import open_artifact
from pipeline.record.champion import require_champion
from pipeline.record.opened_workspace import Opened
from tests.end_to_end.command_line import CommandLine
from tests.pipeline.own_models import fitted, save_pyfunc, save_sklearn, second_column
from tests.reports.decisions.test_approval_terminal import at_a_terminal

CHURNOPS = [sys.executable, "-m", "churnops"]


@pytest.fixture
def own(fresh: Opened) -> object:
    """A team's model of the workspace's customers, not yet saved."""
    return fitted(load_split(fresh).train, fresh.settings.data.columns)


@pytest.fixture
def here(churnops: CommandLine, fresh: Opened) -> CommandLine:
    churnops.folder = fresh.workspace.root
    return churnops


def kinds(opened: Opened) -> list[str]:
    return [entry.kind for entry in opened.ledger.entries()]


def at_terminal(here: CommandLine, typed: str, *words: str) -> str:
    ended = at_a_terminal([*CHURNOPS, *words, "--reason", "As agreed.", "--workspace", str(here.folder)], {"to confirm": typed})
    assert ended.code == 0, ended.shown
    return ended.shown


@pytest.mark.slow
def test_an_adopted_model_is_watched_recalibrated_and_brought_back(here: CommandLine, fresh: Opened, own: object, tmp_path: Path) -> None:
    train, features = load_split(fresh).train, list(fresh.settings.data.columns.features)
    untold = here("adopt", str(save_pyfunc(second_column, tmp_path / "untold", own)))
    assert (untold.code, "churnops reads `SeniorCitizen` as another type" in untold.err.replace("\n", " ")) == (1, True)
    folder = save_pyfunc(second_column, tmp_path / "own", own, infer_signature(train[features]))
    adopted = here("adopt", str(folder), "--json")
    assert adopted.code == 0, adopted.err
    assert f"Loading {folder}, which runs the code in it" in " ".join(adopted.err.split())
    assert kinds(fresh) == ["trusted", "trained", "gated", "challenged", "deployed"]
    first = require_champion(fresh.workspace, fresh.ledger)
    assert here("simulate", "--scenario", "high_churn", "--rows", "3000", "--labels", "0.8", "--seed", "3").code == 0
    drift = here("drift", "--json")
    assert drift.code == 0, drift.err

    said = here("triage", "--json")
    assert said.code == 0, said.err
    outcome = said.json
    assert (outcome["action"], outcome["status"]) == ("recalibrate", "pending_approval")
    case, challenger = outcome["case_id"], outcome["challenger"]
    at_terminal(here, f"deploy {challenger['version']}", "reports", "approve", case, "--reviewer", "Ada")
    second = require_champion(fresh.workspace, fresh.ledger)
    assert second.digest == challenger["digest"]

    made, before = open_artifact(fresh.workspace, second.digest), open_artifact(fresh.workspace, first.digest)
    assert made.manifest.adopted == before.manifest.adopted
    found = made.manifest.recalibration
    assert found is not None
    rows = load_split(fresh).test
    odds = np.log(before.scores(rows) / (1 - before.scores(rows)))
    assert np.allclose(made.scores(rows), 1 / (1 + np.exp(-(found.slope * odds + found.intercept))))

    at_terminal(here, f"roll back to {first.version}", "rollback", "--reviewer", "Ada")
    assert require_champion(fresh.workspace, fresh.ledger).digest == first.digest
    assert here("reports", "verify").code == 0

    model = fresh.workspace.models / first.digest / "model" / "python_model.pkl"
    model.write_bytes(model.read_bytes() + b"\0")
    refused = here("drift")
    assert refused.code == 1
    assert "the bytes differ" in refused.err


@pytest.mark.slow
def test_a_second_adoption_waits_for_approval_and_says_what_its_figures_rest_on(
    churnops: CommandLine, trained: Opened, tmp_path: Path
) -> None:
    churnops.folder = trained.workspace.root
    pointer = trained.workspace.champion_pointer.read_bytes()
    folder = save_sklearn(fitted(load_split(trained).train, trained.settings.data.columns), tmp_path / "own")
    said = churnops("adopt", str(folder), "--json")
    assert said.code == 0, said.err
    case = said.json["case"]
    assert (case["status"], case["started_by"], case["mode"]) == ("pending_approval", "adopt", "adopted")
    assert trained.workspace.champion_pointer.read_bytes() == pointer
    report = Path(case["report"]["path"]).read_text()
    assert "where it was trained on these rows, both flatter it" in report
    assert "LogisticRegression (adopted), passed the gate" in report
    assert "Others fitted it, and loading it runs the code they put in it; " in report
    assert "to train on" not in report
    result = trained.cases.trainings(case["case_id"])[-1].result
    assert result is not None
    assert result.whether_unseen() == "on which the candidate may have been trained, because others fitted it"
    artifact = open_artifact(trained.workspace, case["challenger"]["digest"])
    assert (artifact.reference_scores() == artifact.scores(artifact.reference())).all()
    assert artifact.manifest.adopted is not None
    assert artifact.manifest.adopted.source == str(folder)
    assert artifact.manifest.estimator == "LogisticRegression"


@pytest.mark.slow
def test_it_comes_from_a_registry_by_its_alias_and_is_remembered_by_its_number(
    here: CommandLine, fresh: Opened, own: object, tmp_path: Path
) -> None:
    from mlflow import MlflowClient

    registry = f"sqlite:///{tmp_path / 'registry.db'}"
    client = MlflowClient(tracking_uri=registry, registry_uri=registry)
    client.create_registered_model("telco")
    client.create_model_version("telco", str(save_sklearn(own, tmp_path / "own")))
    client.set_registered_model_alias("telco", "live", "1")
    unnamed = here("adopt", "models:/telco@live")
    assert (unnamed.code, "MLFLOW_TRACKING_URI" in unnamed.err) == (1, True)
    absent = here("adopt", "models:/telco@gone", "--registry", registry)
    assert (absent.code, "cannot be fetched" in absent.err) == (1, True)
    said = here("adopt", "models:/telco@live", "--registry", registry, "--reference", str(fresh.reference_file), "--json")
    assert said.code == 0, said.err
    manifest = open_artifact(fresh.workspace, said.json["result"]["digest"]).manifest
    assert manifest.adopted is not None
    assert manifest.adopted.source.startswith("models:/telco/1")
    assert said.json["result"]["gate_rows"] == manifest.rows == 2500, "all rows of a table that was given"


@pytest.mark.slow
def test_what_cannot_be_adopted_is_refused_in_one_sentence(
    here: CommandLine, fresh: Opened, own: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = save_sklearn(own, tmp_path / "good")
    old = save_sklearn(own, tmp_path / "old", "1.2.0")
    labels = save_pyfunc(lambda model, x: model.predict(x), tmp_path / "labels", own)
    wide = save_pyfunc(lambda _, x: np.full((len(x), 3), 1 / 3), tmp_path / "wide")
    chance = save_pyfunc(lambda _, x: np.linspace(0.2, 0.3, len(x)), tmp_path / "chance")

    def refused(*words: str) -> str:
        said = here("adopt", *words)
        assert said.code == 1, said.out
        assert "Traceback" not in said.err
        return said.err.replace("\n", " ")

    assert "not an MLflow model" in refused(str(tmp_path / "nowhere"))
    assert "gives classes" in refused(str(labels))
    assert "shape (" in refused(str(wide))
    assert "Install scikit-learn==1.2.0" in refused(str(old))
    assert "no better than chance" in refused(str(chance))
    monkeypatch.setenv("CHURNOPS_POLICY__GATE__MIN_ROC_AUC", "0.99")
    assert "gate.min_roc_auc = 0.8" in refused(str(good))
    monkeypatch.delenv("CHURNOPS_POLICY__GATE__MIN_ROC_AUC")
    assert not fresh.workspace.champion_pointer.exists()
    assert not list(fresh.workspace.models.glob("*"))
    assert [path for path in fresh.workspace.staging.iterdir() if path.is_dir()] == []

    said = here("adopt", str(old), "--accept-version-mismatch", "--json")
    assert said.code == 0, said.err
    manifest = json.loads((fresh.workspace.models / said.json["result"]["digest"] / "manifest.json").read_text())
    assert manifest["versions"]["scikit-learn"] == "1.2.0"
    assert here("simulate", "--rows", "300").code == 0, "what a person accepted holds for every later load"
    again = here("adopt", str(old), "--accept-version-mismatch")
    assert (again.code, "is this very model" in again.err) == (1, True)


class Trap:
    """Loading it leaves a file behind."""

    def __init__(self, sprung: Path) -> None:
        self.sprung = sprung

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.sprung,))


@pytest.mark.slow
def test_a_file_is_loaded_only_for_a_person_who_trusts_it(here: CommandLine, fresh: Opened, tmp_path: Path) -> None:
    trap = tmp_path / "trap.pkl"
    trap.write_bytes(pickle.dumps(Trap(tmp_path / "sprung")))
    refused = here("adopt", str(trap))
    assert (refused.code, "say so with --trust" in refused.err.replace("\n", " ")) == (1, True)
    declined = at_a_terminal([*CHURNOPS, "adopt", str(trap), "--workspace", str(here.folder)], {"Load it?": "n"})
    assert (declined.code, "Nothing was loaded." in declined.shown) == (1, True)
    assert not (tmp_path / "sprung").exists()
    trusted = here("adopt", str(trap), "--trust")
    assert (tmp_path / "sprung").exists()
    assert (trusted.code, "no predict_proba" in trusted.err.replace("\n", " ")) == (1, True)
    assert not fresh.workspace.champion_pointer.exists()


@pytest.mark.slow
def test_a_file_with_its_list_of_columns_becomes_the_champion(here: CommandLine, fresh: Opened, tmp_path: Path) -> None:
    rows, columns = load_split(fresh).train, fresh.settings.data.columns
    names = list(columns.numerical)
    model = make_pipeline(SimpleImputer(), LogisticRegression()).fit(rows[names].to_numpy(), rows[columns.target])
    joblib.dump(model, tmp_path / "own.joblib", compress=3)
    untold = here("adopt", str(tmp_path / "own.joblib"), "--trust")
    assert (untold.code, "Name them with --features" in untold.err.replace("\n", " ")) == (1, True)
    twice = here("adopt", str(tmp_path / "own.joblib"), "--trust", "--features", f"{names[0]},{names[0]}")
    assert (twice.code, "names a column twice" in twice.err) == (1, True)
    (tmp_path / "columns.txt").write_text("\n".join(names) + "\n")
    said = here("adopt", str(tmp_path / "own.joblib"), "--trust", "--features", str(tmp_path / "columns.txt"), "--json")
    assert said.code == 0, said.err
    assert "that others fitted" in said.err
    assert "training rows" not in said.err
    artifact = open_artifact(fresh.workspace, said.json["result"]["digest"])
    test = load_split(fresh).test
    assert (artifact.scores(test) == model.predict_proba(test[names].to_numpy())[:, 1]).all()
    again = here("adopt", str(tmp_path / "own.joblib"), "--trust", "--features", ",".join(names))
    assert (again.code, "is this very model" in again.err) == (1, True)


OWN_TRAINER = """
import argparse, json, os, warnings
from pathlib import Path
warnings.simplefilter("ignore")
os.environ["DO_NOT_TRACK"] = "1"
import mlflow.sklearn, pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
parser = argparse.ArgumentParser()
for name in ("train", "gate", "out", "seed", "estimator"):
    parser.add_argument(f"--{name}")
asked = parser.parse_args()
rows = pd.read_parquet(asked.train)
features = ["tenure", "MonthlyCharges"]
model = make_pipeline(SimpleImputer(), LogisticRegression()).fit(rows[features], rows["Churn"])
mlflow.sklearn.save_model(model, f"{asked.out}/model", serialization_format="cloudpickle", pip_requirements=["scikit-learn"])
Path(asked.out, "metrics.json").write_text(json.dumps({"roc_auc": 1.0}))
Path("asked.txt").write_text(str(asked.estimator))
"""


@pytest.mark.slow
def test_train_runs_the_teams_own_trainer_and_asks_it_for_the_estimator_that_was_named(
    here: CommandLine, fresh: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here.folder / "own.py").write_text(OWN_TRAINER)
    monkeypatch.setenv("CHURNOPS_TRAINING__COMMAND", f"{sys.executable} own.py")
    monkeypatch.setenv("CHURNOPS_POLICY__GATE__MIN_ROC_AUC", "0.6")
    said = here("train", "--json")
    assert said.code == 0, said.err
    assert (here.folder / "asked.txt").read_text() == "None"
    artifact = open_artifact(fresh.workspace, said.json["result"]["digest"])
    assert artifact.manifest.adopted is not None
    assert artifact.manifest.adopted.claimed == {"roc_auc": 1.0}
    assert 0.6 < artifact.metrics.roc_auc.value < 1
    assert require_champion(fresh.workspace, fresh.ledger).digest == artifact.digest
    again = here("train", "--estimator", "logistic_regression", "--json")
    assert again.code == 0, again.err
    assert (here.folder / "asked.txt").read_text() == "logistic_regression"
    assert "which that trainer was given" in Path(again.json["case"]["report"]["path"]).read_text()
    monkeypatch.setenv("CHURNOPS_TRAINING__COMMAND", "python 'own.py")
    broken = here("train")
    assert (broken.code, "cannot be split into words" in broken.err) == (1, True)
