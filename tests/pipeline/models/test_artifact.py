"""An artifact is named by its bytes; bytes that changed are never unpickled."""

import pickle
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.atomic_files import digest_of_folder
from pipeline.errors import DataError, IntegrityError, TrainingError
from pipeline.models import artifact as artifact_module
from pipeline.models.artifact import MODEL, PICKLE, Adopted, Artifact, DriftReference, Manifest, open_artifact, publish
from pipeline.models.unfitted_model import build
from pipeline.tables.typed_parquet import fingerprint
from pipeline.training.drift_reference import RowsBefore
from pipeline.workspace.folder import Workspace
from tests.pipeline.small_artifacts import FEATURES, FITTED, TABLE, small_artifact
from tests.pipeline.small_tables import COLUMNS, small_table


class Bomb:
    """Creates a file when it is unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.target,)


@pytest.fixture(scope="module")
def staged_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_artifact(tmp_path_factory.mktemp("staged") / "artifact")


@pytest.fixture
def staged(staged_once: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(staged_once, tmp_path / "staging" / "artifact"))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


@pytest.fixture
def published(staged: Path, workspace: Workspace) -> Artifact:
    return open_artifact(workspace, publish(staged, workspace))


def test_publishing_moves_it_to_a_folder_named_by_its_digest(staged: Path, workspace: Workspace) -> None:
    digest = publish(staged, workspace)
    assert not staged.exists()
    assert sorted(path.name for path in (workspace.models / digest).iterdir()) == [
        "importance.json",
        "manifest.json",
        "metrics.json",
        "model",
        "profile.json",
        "reference.parquet",
        "reference_scores.npy",
    ]
    assert [path.name for path in workspace.models.iterdir()] == [digest]


def test_publishing_the_same_bytes_twice_changes_nothing(staged: Path, staged_once: Path, workspace: Workspace) -> None:
    digest = publish(staged, workspace)
    assert publish(Path(shutil.copytree(staged_once, staged)), workspace) == digest
    assert [path.name for path in workspace.models.iterdir()] == [digest]


def test_publishing_onto_bytes_that_were_changed_is_refused(staged: Path, staged_once: Path, workspace: Workspace) -> None:
    digest = publish(staged, workspace)
    (workspace.models / digest / "metrics.json").write_text("{}")
    with pytest.raises(IntegrityError, match="bytes differ"):
        publish(Path(shutil.copytree(staged_once, staged)), workspace)


def test_it_opens_with_a_drift_reference_beside_its_training_rows(tmp_path: Path, workspace: Workspace) -> None:
    before = rows_before_of(small_table(300, 3).assign(payment="wire"))
    artifact = open_artifact(workspace, publish(small_artifact(tmp_path / "new", before=before), workspace))
    assert artifact.manifest.drift_reference == before.told
    pd.testing.assert_frame_equal(artifact.drift_reference(), before.rows, check_dtype=False)
    pd.testing.assert_frame_equal(artifact.reference()[FEATURES], TABLE[FEATURES], check_dtype=False)
    payment = artifact.profile().categorical[1]
    # Known is what the model learnt, which settles how categories are spelt for it; what came since is new to it.
    assert (artifact.profile().rows, payment.known, payment.counts) == (300, ("bank", "card", "cheque"), (0, 0, 0))
    assert (payment.new, payment.new_counts) == (("wire",), (300,))


def test_without_one_the_training_rows_stand_in_and_nothing_else_is_written(published: Artifact) -> None:
    pd.testing.assert_frame_equal(published.drift_reference(), TABLE[FEATURES], check_dtype=False)
    assert published.profile().rows == len(TABLE)
    assert "drift_reference" not in (published.path / "manifest.json").read_text()


def test_a_drift_reference_that_was_tampered_with_is_refused(tmp_path: Path, workspace: Workspace) -> None:
    digest = publish(small_artifact(tmp_path / "new", before=rows_before_of(small_table(300, 3))), workspace)
    small_table(300, 4)[FEATURES].to_parquet(workspace.models / digest / "drift_reference.parquet", index=False)
    with pytest.raises(IntegrityError, match="bytes differ"):
        open_artifact(workspace, digest)


def rows_before_of(table: pd.DataFrame) -> RowsBefore:
    rows = table[FEATURES]
    return RowsBefore(
        rows, DriftReference(rows=len(rows), carried_over=0, since=None, until=None, data_sha256=fingerprint(rows)), len(rows)
    )


def test_it_scores_as_the_fitted_model_does(published: Artifact) -> None:
    window = small_table(30, 2)
    assert (published.scores(window) == FITTED.predict_proba(window[FEATURES])[:, 1]).all()


def test_categories_are_scored_however_they_are_spelt(tmp_path: Path, workspace: Workspace) -> None:
    codes = {"card": "0.0", "cheque": "0.63", "bank": "2.05"}  # as earlier versions spelt a column of numbers
    old = TABLE.assign(payment=TABLE["payment"].map(codes))
    artifact = open_artifact(workspace, publish(small_artifact(tmp_path / "old", old), workspace))
    assert artifact.profile().categorical[1].known == ("0.0", "0.63", "2.05")
    now = old.assign(payment=old["payment"].replace({"0.0": "0", "0.63": "0.630"}))
    assert (artifact.scores(now) == artifact.scores(old)).all()
    assert (artifact.scores(old) == artifact.model.predict_proba(old[FEATURES])[:, 1]).all()


def test_scoring_takes_columns_by_name(published: Artifact) -> None:
    window = small_table(30, 2)
    shuffled = window[list(reversed(window.columns))].assign(extra=1)
    assert (published.scores(shuffled) == published.scores(window)).all()


def test_a_missing_column_is_named(published: Artifact) -> None:
    with pytest.raises(DataError, match="lacks columns that the model takes: charges, contract"):
        published.scores(small_table(3, 2).drop(columns=["charges", "contract"]))


def test_the_reference_is_the_training_rows_without_ids(published: Artifact) -> None:
    reference = published.reference()
    assert list(reference.columns) == [*FEATURES, "churned"]
    assert fingerprint(reference) == published.manifest.data_sha256
    assert published.manifest.rows == len(reference)


def test_manifest_and_metrics_survive(published: Artifact) -> None:
    assert published.manifest.columns == COLUMNS
    assert published.manifest.hyperparameters == {"n_estimators": 10, "max_depth": 4}
    assert published.manifest.trained_at == datetime(2026, 11, 21, 9, tzinfo=UTC)
    assert {"python", "scikit-learn", "churnops"} <= set(published.manifest.versions)
    assert published.metrics.roc_auc.value > 0.5


def test_a_manifest_that_names_a_family_of_another_version_opens_and_to_train_it_is_refused(published: Artifact) -> None:
    adopted = Adopted(source="a registry", model_sha256="0" * 64, family="perceptron")
    manifest = Manifest.model_validate_json(published.manifest.model_copy(update={"adopted": adopted}).model_dump_json())
    assert manifest.model_copy(update={"adopted": None, "estimator": "perceptron"}).family == "perceptron"
    with pytest.raises(TrainingError, match="There is no estimator 'perceptron'"):
        build(manifest.family, {}, 7, COLUMNS)


def test_requirements_are_pinned(published: Artifact) -> None:
    lines = (published.path / MODEL / "requirements.txt").read_text().splitlines()
    assert any(line.startswith("scikit-learn==") for line in lines)
    assert all("==" in line for line in lines)


def test_a_deleted_artifact_says_so(published: Artifact, workspace: Workspace) -> None:
    shutil.rmtree(published.path)
    with pytest.raises(IntegrityError, match="was deleted") as caught:
        open_artifact(workspace, published.digest)
    assert "backup" in caught.value.next_step


@pytest.mark.parametrize("name", ["model/model.pkl", "model/MLmodel", "manifest.json", "metrics.json", "profile.json", "reference.parquet"])
def test_one_changed_byte_anywhere_is_refused(published: Artifact, workspace: Workspace, name: str) -> None:
    content = bytearray((published.path / name).read_bytes())
    content[len(content) // 2] ^= 1
    (published.path / name).write_bytes(content)
    with pytest.raises(IntegrityError, match="bytes differ") as caught:
        open_artifact(workspace, published.digest)
    assert "backup" in caught.value.next_step


def test_a_file_or_link_added_is_refused(published: Artifact, workspace: Workspace) -> None:
    (published.path / "extra").symlink_to("manifest.json")
    with pytest.raises(IntegrityError, match="bytes differ"):
        open_artifact(workspace, published.digest)


def test_a_pickle_put_in_place_never_runs(published: Artifact, workspace: Workspace, tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    payload = pickle.dumps(Bomb(trace))
    (published.path / MODEL / PICKLE).write_bytes(payload)
    with pytest.raises(IntegrityError):
        open_artifact(workspace, published.digest)
    # Opened while whole, changed before the first score.
    with pytest.raises(IntegrityError):
        published.scores(small_table(3, 2))
    assert not trace.exists()
    pickle.loads(payload)
    assert trace.exists(), "the payload is live, so the refusals above mean something"


def test_the_bytes_that_were_checked_are_the_bytes_that_are_loaded(
    published: Artifact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever can write there waits for the check and puts a pickle in place right after it."""
    marker, pickled = tmp_path / "ran", published.path / MODEL / PICKLE
    kept = pickled.read_bytes()

    def swapping(folder: Path, *held: Mapping[str, bytes]) -> str:
        found = digest_of_folder(folder, *held)
        pickled.write_bytes(pickle.dumps(Bomb(marker)))
        return found

    monkeypatch.setattr("pipeline.models.artifact.digest_of_folder", swapping)
    scores = published.scores(TABLE)
    assert not marker.exists()
    assert pickled.read_bytes() != kept
    assert scores.shape == (len(TABLE),)


def test_the_model_is_loaded_once_and_only_when_it_scores(published: Artifact, monkeypatch: pytest.MonkeyPatch) -> None:
    loads = []
    real = artifact_module.load_held
    monkeypatch.setattr(artifact_module, "load_held", lambda content: (loads.append(1), real(content))[1])
    published.reference()
    assert loads == []
    published.scores(small_table(3, 2))
    published.scores(small_table(3, 2))
    assert loads == [1]


def test_a_model_that_the_installed_packages_cannot_load_says_what_made_it(staged: Path, workspace: Workspace) -> None:
    (staged / MODEL / PICKLE).write_bytes(b"not a pickle")
    artifact = open_artifact(workspace, publish(staged, workspace))
    with pytest.raises(IntegrityError, match=r"cannot be loaded here \(UnpicklingError\); it was trained with python 3"):
        artifact.scores(small_table(3, 2))


@pytest.mark.parametrize("digest", ["", "../../etc", "abc", "A" * 64])
def test_a_name_that_is_no_digest_is_refused(workspace: Workspace, digest: str) -> None:
    with pytest.raises(IntegrityError, match="not the digest of a model"):
        open_artifact(workspace, digest)


def test_scores_are_probabilities(published: Artifact) -> None:
    scores = published.scores(small_table(30, 2))
    assert scores.shape == (30,)
    assert ((scores >= 0) & (scores <= 1)).all()
    assert scores.dtype == np.float64
