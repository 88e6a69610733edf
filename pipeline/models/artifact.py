"""A trained model as a folder named by its own sha256: nothing in it is loaded before its bytes have been checked."""

import pickle
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter

from pipeline.atomic_files import digest_of_folder, move_whole
from pipeline.errors import DataError, IntegrityError
from pipeline.measures.measure import CalibrationTrial, Metrics
from pipeline.models.held_pickle import load_held
from pipeline.models.importance import Importance
from pipeline.models.library_versions import check_versions
from pipeline.models.shared_models import bring_model
from pipeline.profiles.profile import Profile, spelling_of
from pipeline.stored_record import StoredRecord
from pipeline.tables.schema import Schema
from pipeline.workspace.folder import Workspace
from pipeline.workspace.team_repository import TeamRepository

if TYPE_CHECKING:
    import pandas as pd

MODEL = "model"
PICKLE = "model.pkl"
REFERENCE = "reference.parquet"
DRIFT_REFERENCE = "drift_reference.parquet"
MANIFEST = "manifest.json"
METRICS = "metrics.json"
PROFILE = "profile.json"
IMPORTANCE = "importance.json"
REFERENCE_SCORES = "reference_scores.npy"
USUAL_PACKAGES = frozenset({"python", "scikit-learn", "numpy", "pandas", "churnops"})


class Recalibration(StoredRecord):
    """How a model was recalibrated: `slope` and `intercept` of the log-odds of the model with digest `of`, fitted on `rows`
    later rows, whose fingerprint is `data_sha256`."""

    of: str
    slope: float
    intercept: float
    rows: int
    churners: int
    data_sha256: str


class Adopted(StoredRecord):
    """Where a model that others fitted came from, and the sha256 of its folder as it came. `family`: what churnops would train in its place.
    `accepted_scikit_learn`: the installed version under which a person accepted that it was fitted with another. `claimed`: what its own
    trainer measured, which decides nothing."""

    source: str
    model_sha256: str
    family: str
    accepted_scikit_learn: str | None = None
    claimed: dict[str, float] = Field({})


class DriftReference(StoredRecord):
    """What windows are compared with where that is not the training rows: `rows` that came before the model was trained, their first and
    last scoring time (UTC, None where they have none), and their fingerprint. `carried_over`: how many of them are of the drift reference of
    the champion it was to replace, because the log had too few."""

    rows: int
    carried_over: int
    since: datetime | None
    until: datetime | None
    data_sha256: str

    @property
    def said(self) -> str:
        """For people, as sentences."""
        scored = f" scored from {self.since:%Y-%m-%d} to {self.until:%Y-%m-%d}" if self.since and self.until else ""
        few = f" The log has too few: {self.carried_over:,} of them are carried over from the champion's reference." * bool(
            self.carried_over
        )
        return f"Once it is deployed, windows are compared with {self.rows:,} customers{scored}.{few}"


class Manifest(StoredRecord):
    """What the model is and what it was made from. `rows`, `churners` and `data_sha256` are of the training rows without ids
    (the fingerprint of `reference.parquet`); `versions` are of Python and the packages that fitted it.

    Of a recalibrated model they are of the rows its ranks were fitted on; `recalibration` says what its probabilities were fitted on.

    Of an `adopted` model they are of the rows given as its reference, `estimator` is what its class is called, `trained_at` is when it was
    adopted, and `versions` are those on record with it.

    Without a `drift_reference` windows are compared with the training rows. `runs_code`: whether a model of churnops' own needs more than
    scikit-learn's estimators, so that loading it runs code; None where it was trained before that was on record. `repository`: the team's, when it
    was trained; None where it was trained before that was on record, or not by churnops."""

    columns: Schema
    estimator: str
    hyperparameters: dict[str, int | float]
    seed: int
    threshold: float
    calibration: CalibrationTrial
    data_sha256: str
    rows: int
    churners: int
    versions: dict[str, str]
    trained_at: datetime
    recalibration: Recalibration | None = None
    adopted: Adopted | None = None
    drift_reference: DriftReference | None = Field(None, exclude_if=lambda told: told is None)
    runs_code: bool | None = Field(None, exclude_if=lambda told: told is None)
    repository: TeamRepository | None = Field(None, exclude_if=lambda told: told is None)

    @property
    def loads_code(self) -> bool:
        """Whether loading the model runs whatever is in it: one that others fitted, or of a family that scikit-learn does not have."""
        if self.adopted is not None:
            return True
        return self.runs_code if self.runs_code is not None else not set(self.versions) <= USUAL_PACKAGES

    @property
    def family(self) -> str:
        """The family of models that would succeed it: its own, or the workspace's where others fitted it."""
        return self.adopted.family if self.adopted else self.estimator


@dataclass(frozen=True)
class Artifact:
    """One published model whose bytes matched its digest when it was opened. `metrics` are on its test set. `for_review`: it lies in a copy
    for review, and loading it would run what others wrote."""

    digest: str
    path: Path
    manifest: Manifest
    metrics: Metrics
    for_review: bool = False

    @property
    def reference_file(self) -> Path:
        """Where the typed training rows lie, as Parquet."""
        return self.path / REFERENCE

    def reference(self) -> "pd.DataFrame":
        """The typed training rows: features, then the target; no ids."""
        from pipeline.tables.typed_parquet import read_rows

        return read_rows(self.reference_file, self.manifest.columns)

    @property
    def drift_reference_file(self) -> Path:
        """Where the typed rows lie that windows are compared with, as Parquet."""
        return self.path / DRIFT_REFERENCE if self.manifest.drift_reference else self.reference_file

    def drift_reference(self) -> "pd.DataFrame":
        """The typed rows that windows are compared with: features alone, labelled or not."""
        from pipeline.tables.typed_parquet import read_rows

        return read_rows(self.drift_reference_file, self.manifest.columns)[list(self.manifest.columns.features)]

    def reference_scores(self) -> NDArray[np.float64]:
        """Probability of churn for each reference row as a model that had not seen it gives it (out of fold), shape (rows,). Of an adopted
        model its own scores, which flatter it where it was trained on these rows."""
        return np.asarray(np.load(self.path / REFERENCE_SCORES, allow_pickle=False), dtype=np.float64)

    def profile(self) -> Profile:
        """Profile of the drift reference: what windows are compared with. Its known categories are those of the training rows."""
        return Profile.model_validate_json((self.path / PROFILE).read_bytes())

    def importances(self) -> tuple[Importance, ...]:
        """Feature importance, one for each feature."""
        return TypeAdapter(tuple[Importance, ...]).validate_json((self.path / IMPORTANCE).read_bytes())

    def scores(self, frame: "pd.DataFrame") -> NDArray[np.float64]:
        """Probability of churn for each row of a typed frame, shape (n,), whoever spelt its categories. The first call loads the model.

        Raises:
            DataError: a feature's column is missing.
            IntegrityError: the bytes changed since the artifact was opened, or cannot be loaded by the installed packages.
        """
        from pipeline.tables.cell_values import spelt

        features = self.manifest.columns.features
        missing = [name for name in features if name not in frame.columns]
        if missing:
            raise DataError(f"The table lacks columns that the model takes: {', '.join(missing)}.", "Give a table that has them.")
        return np.asarray(self.model.predict_proba(spelt(frame[list(features)], spelling_of(self.profile())))[:, 1], dtype=np.float64)

    @cached_property
    def model(self) -> Any:
        """The fitted classifier.

        Raises:
            IntegrityError: the bytes changed since the artifact was opened, cannot be loaded by the installed packages, were fitted
                with another scikit-learn, or lie in a copy for review.
            ModelError: it was adopted, and cannot be loaded.
        """
        if self.for_review:
            raise IntegrityError("This workspace is a copy for review: its models are not loaded.", "Score where the case came from.")
        # Unpickling runs what the bytes say: those that are checked here, and not those that lie there a moment later.
        files = [file for file in (self.path / MODEL).rglob("*") if file.is_file() and not file.is_symlink()]
        held = {file.relative_to(self.path).as_posix(): file.read_bytes() for file in files}
        _check(self.path, self.digest, held)
        adopted = self.manifest.adopted
        check_versions(self.manifest.versions, adopted.accepted_scikit_learn if adopted else None)
        if adopted is not None:
            from pipeline.models.adopted import load_adopted

            with TemporaryDirectory(prefix="churnops-model-") as own:
                for name, content in held.items():
                    place = Path(own, name)
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(content)
                return load_adopted(Path(own, MODEL), self.manifest.columns)
        content = held[f"{MODEL}/{PICKLE}"]
        try:
            return pickle.loads(content) if self.manifest.loads_code else load_held(content)
        except IntegrityError:
            raise
        except Exception as error:
            trained = ", ".join(f"{name} {number}" for name, number in self.manifest.versions.items())
            raise IntegrityError(
                f"The model {self.digest[:12]} cannot be loaded here ({type(error).__name__}); it was trained with {trained}.",
                "Install those versions, or train again with `churnops train`.",
            ) from error


def installed_versions(packages: tuple[str, ...] = ()) -> dict[str, str]:
    """Versions of Python and of the packages that decide what a fit gives: the usual ones, and a family's own `packages`."""
    import platform

    found = {"python": platform.python_version()}
    for name in ("scikit-learn", "numpy", "pandas", *packages, "churnops"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def publish(staged: Path, workspace: Workspace) -> str:
    """Move a staged artifact to its place among the workspace's models; returns its digest.

    Publishing the same bytes again changes nothing.

    Raises:
        IntegrityError: bytes other than these already lie under their digest.
        WorkspaceError: the object store that hosts share does not take it.
    """
    digest = digest_of_folder(staged)
    place = workspace.models / digest
    if place.exists():
        _check(place, digest)
        return digest
    if workspace.shared is not None:  # first, so that no record ever names what others cannot bring
        workspace.shared.put(f"models/{digest}", staged)
    move_whole(staged, place)
    return digest


def open_artifact(workspace: Workspace, digest: str) -> Artifact:
    """The published artifact, after its bytes have been checked; the model itself is not loaded yet.

    Raises:
        IntegrityError: it was deleted, or its bytes are not those its digest names.
    """
    # The name comes from a pointer file or a table; it must not lead out of the folder of models.
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise IntegrityError(f"`{digest}` is not the digest of a model.", "See the registered models with `churnops reports list`.")
    path = workspace.models / digest
    bring_model(workspace, digest)
    _check(path, digest)
    return Artifact(
        digest=digest,
        path=path,
        manifest=Manifest.model_validate_json((path / MANIFEST).read_bytes()),
        metrics=Metrics.model_validate_json((path / METRICS).read_bytes()),
        for_review=workspace.review_mark.exists(),
    )


def _check(path: Path, digest: str, held: Mapping[str, bytes] = MappingProxyType({})) -> None:
    if not path.is_dir():
        raise IntegrityError(f"The model {digest[:12]} was deleted: {path} is not there.", "Restore that folder from a backup.")
    try:
        found = digest_of_folder(path, held)
    except ValueError:
        found = ""
    if found != digest:
        raise IntegrityError(
            f"The model {digest[:12]} was changed: the bytes differ from those its digest names, so nothing of it was loaded.",
            "Restore that folder from a backup.",
        )
