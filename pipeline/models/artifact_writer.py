"""Writing a trained model as an artifact: model, training rows, drift reference and what is known of them, in one folder."""

import shutil
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from pipeline.errors import IntegrityError
from pipeline.measures.measure import Metrics
from pipeline.models.artifact import (
    DRIFT_REFERENCE,
    IMPORTANCE,
    MANIFEST,
    METRICS,
    MODEL,
    PICKLE,
    PROFILE,
    REFERENCE,
    REFERENCE_SCORES,
    Manifest,
)
from pipeline.models.held_pickle import load_held
from pipeline.models.importance import Importance
from pipeline.profiles.profile import Profile, categorical_profile
from pipeline.sources.source import Frame
from pipeline.tables.schema import Schema

if TYPE_CHECKING:
    import pandas as pd


def write_artifact(
    folder: Path,
    model: Any,
    manifest: Manifest,
    metrics: Metrics,
    importances: tuple[Importance, ...],
    train_rows: "pd.DataFrame",
    scores: NDArray[np.float64],
    drift_rows: "pd.DataFrame | None" = None,
) -> None:
    """Write a not yet published artifact into the new folder `folder`.

    Args:
        folder: created here.
        model: fitted scikit-learn classifier, or the folder of an MLflow model, which is copied as it is.
        manifest: what it is.
        metrics: on the test set.
        importances: of the features to the model.
        train_rows: typed training rows; only features and target are kept.
        scores: out-of-fold probability of churn of each training row, shape (rows,).
        drift_rows: typed features that windows are compared with, as `manifest.drift_reference` says; None for the training rows.
    """
    from pipeline.tables.typed_parquet import write_rows

    columns = manifest.columns
    folder.mkdir()
    if isinstance(model, Path):
        shutil.copytree(model, folder / MODEL)
    else:
        _save(model, manifest, folder / MODEL)
        manifest = manifest.model_copy(update={"runs_code": not _is_held((folder / MODEL / PICKLE).read_bytes())})
    write_rows(train_rows[[*columns.features, columns.target]], folder / REFERENCE)
    np.save(folder / REFERENCE_SCORES, scores, allow_pickle=False)
    (folder / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
    (folder / METRICS).write_text(metrics.model_dump_json(indent=2) + "\n", encoding="utf-8")
    (folder / IMPORTANCE).write_bytes(TypeAdapter(tuple[Importance, ...]).dump_json(importances, indent=2) + b"\n")
    if drift_rows is not None:
        write_rows(drift_rows, folder / DRIFT_REFERENCE)
    profile = _profile(columns, train_rows, train_rows if drift_rows is None else drift_rows)
    (folder / PROFILE).write_text(profile.model_dump_json() + "\n", encoding="utf-8")


def _is_held(content: bytes) -> bool:
    """Whether the model's bytes name what `load_held` admits."""
    try:
        load_held(content)
    except IntegrityError:
        return False
    return True


def _profile(columns: Schema, train_rows: "pd.DataFrame", rows: "pd.DataFrame") -> Profile:
    """The profile of `rows`. The known categories are those of the training rows, because they settle how categories are spelt for the model;
    others in `rows` are new to it."""
    from pipeline.profiles.counting import profile_reference
    from pipeline.tables.cell_values import spelling_in

    spelling = spelling_in(train_rows, columns.categorical)
    profile = profile_reference(Frame(rows[list(columns.features)]), columns, spelling=spelling)
    categorical = tuple(
        categorical_profile(
            column.name,
            tuple(sorted(spelling[column.name].known)),
            dict(zip(column.known, column.counts, strict=True)),
            column.nulls,
        )
        for column in profile.categorical
    )
    return profile.model_copy(update={"categorical": categorical})


def _save(model: Any, manifest: Manifest, place: Path) -> None:
    import mlflow.sklearn
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, TensorSpec
    from mlflow.types import Schema as Signature

    columns = manifest.columns
    needless = {"python"} if columns.derived else {"python", "churnops"}
    inputs: list[ColSpec | TensorSpec] = [
        *(ColSpec(DataType.double, name) for name in columns.numerical),
        *(ColSpec(DataType.string, name) for name in columns.categorical),
    ]
    # Signature and requirements are given, because guessing them takes MLflow seconds.
    mlflow.sklearn.save_model(
        model,
        str(place),
        signature=ModelSignature(Signature(inputs), Signature([TensorSpec(np.dtype(np.float64), (-1, 2))])),
        pip_requirements=[f"{name}=={version(name)}" for name in sorted({"cloudpickle", *manifest.versions} - needless)],
        serialization_format=mlflow.sklearn.SERIALIZATION_FORMAT_CLOUDPICKLE,
        pyfunc_predict_fn="predict_proba",
    )
