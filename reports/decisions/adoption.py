"""Taking in a model a team already has: found, copied, loaded and judged. Reached by a person's command alone, because loading runs code.

An import contract keeps tools and operators out.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from pipeline.intake.reference import load_split, read_reference
from pipeline.models.adopted import not_loaded
from pipeline.models.artifact import Artifact
from pipeline.models.artifact_writer import write_artifact
from pipeline.models.library_versions import check_versions
from pipeline.models.mlflow_folder import Described, ModelError, describe, quiet
from pipeline.models.pickled_file import folder_of
from pipeline.record.opened_workspace import Opened
from pipeline.tables.reading import RawTable, read_raw, typed
from pipeline.training.adopted_fit import take_over
from pipeline.training.challenge import Rows, usual_job
from pipeline.training.child import judge_made
from pipeline.training.job import ARTIFACT
from pipeline.training.parent import TrainingOutcome
from pipeline.training.scored_both_ways import require_same_scores
from pipeline.workspace.staging import staging_folder

if TYPE_CHECKING:
    from mlflow import MlflowClient

_SCHEME = "models:/"


@dataclass(frozen=True)
class Candidate:
    """A model as it was found, copied into a staging folder and not yet loaded. `source` names it for people; `table` has the rows as written;
    `said` is a sentence on its versions, or None."""

    source: str
    folder: Path
    described: Described
    rows: Rows
    table: RawTable
    accepted: str | None
    said: str | None


@contextmanager
def found_model(
    opened: Opened, model: str, *, registry: str | None, reference: Path | None, accept_version_mismatch: bool, features: str = ""
) -> Iterator[Candidate]:
    """Copy a model and read the rows that judge it; an MLflow model is not loaded yet, a file is. The copy is gone when the block ends.

    Args:
        opened: the workspace.
        model: `models:/NAME@ALIAS`, `models:/NAME/VERSION`, the folder of an MLflow model, or a file of joblib or pickle.
        registry: MLflow's URI; needed for `models:/`.
        reference: a table with outcomes, all of which are then both reference and judge; None: the workspace's, its training part the
            reference and its gate part the judge, as for a model churnops trains.
        accept_version_mismatch: take a model fitted with another major or minor version of scikit-learn.
        features: of a file, the columns it takes in its order: names between commas, or a text file with one on each line. Empty where the
            model says so itself.

    Raises:
        ModelError: it cannot be found, is no MLflow model, or a file that cannot be loaded here.
        IntegrityError: fitted with another version of scikit-learn.
        DataError: see `load_split`, `read_raw` and `typed`.
    """
    with staging_folder(opened.workspace) as staging:
        source, folder = _fetched(model, registry, staging, named_features(features))
        described = describe(folder)
        accepted = version("scikit-learn") if accept_version_mismatch else None
        said = check_versions(described.versions, accepted)
        table = read_reference(opened) if reference is None else read_raw(reference, opened.settings.data.format)
        yield Candidate(source, folder, described, _rows(opened, table, own=reference is None), table, accepted, said)


def is_file(model: str) -> bool:
    """Whether it is one file, which is loaded, and so runs its code, before anything is known of it."""
    return not model.startswith(_SCHEME) and Path(model).is_file()


def judged_model(opened: Opened, candidate: Candidate, champion: Artifact | None) -> TrainingOutcome:
    """Load the candidate, which runs its code, and judge it beside the champion; the artifact is staged, not published.

    Raises:
        ModelError, DataError, IntegrityError: see `pipeline.training.adopted_fit.take_over` and `require_same_scores`.
    """
    started, rows, job = monotonic(), candidate.rows, usual_job(opened, champion)
    made = take_over(job, candidate.folder, rows.train, candidate.source, candidate.accepted)
    require_same_scores(made, candidate.table)
    evaluation = judge_made(job, made, champion, rows.train, rows.test)
    staged = candidate.folder.parent / ARTIFACT
    write_artifact(staged, made.saved, made.manifest, evaluation.metrics, made.importances(), made.reference, made.scores)
    return TrainingOutcome(staged=staged, manifest=made.manifest, evaluation=evaluation, seconds=monotonic() - started)


def named_features(said: str) -> tuple[str, ...]:
    """Columns as a person names them: between commas, or in a text file, one on each line.

    Raises:
        ModelError: the same column twice.
    """
    if said and Path(said).is_file():
        text = Path(said).read_text(encoding="utf-8-sig", errors="replace")
        names = tuple(line.strip() for line in text.splitlines() if line.strip())
    else:
        names = tuple(name.strip() for name in said.split(",") if name.strip())
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ModelError(f"--features names a column twice: {', '.join(twice)}.", "Name each column once, in the model's order.")
    return names


def _fetched(model: str, registry: str | None, staging: Path, features: tuple[str, ...]) -> tuple[str, Path]:
    place = staging / "fetched"
    if is_file(model):
        file = Path(model).resolve()
        try:
            folder_of(file, features, place)
        except Exception as error:  # loading runs the model's own code
            raise not_loaded(error) from error
        return str(file), place
    if features:
        raise ModelError("--features is for a model in a file; an MLflow model has a signature.", "Leave it out, or give the file.")
    if not model.startswith(_SCHEME):
        folder = Path(model).resolve()
        describe(folder)  # before anything is copied
        return str(folder), Path(shutil.copytree(folder, place))
    if not registry:
        raise ModelError(f"{model} lies in a registry, and none is named.", "Name it with --registry or MLFLOW_TRACKING_URI.")
    place.mkdir()
    with quiet():
        from mlflow import MlflowClient
        from mlflow.artifacts import download_artifacts

        try:
            client = MlflowClient(tracking_uri=registry, registry_uri=registry)
            name, number = _version(client, model.removeprefix(_SCHEME))
            fetched = Path(download_artifacts(_location(client, name, number), dst_path=str(place), tracking_uri=registry))
        except Exception as error:  # whatever MLflow, its store or the network raise
            reason = (str(error).splitlines() or [""])[0][:200]
            raise ModelError(
                f"{model} cannot be fetched ({type(error).__name__}: {reason}).", "See which models the registry has."
            ) from error
    return f"{_SCHEME}{name}/{number}", fetched


def _version(client: "MlflowClient", model: str) -> tuple[str, str]:
    """The model's name and number: an alias may name another tomorrow."""
    name, at, alias = model.rpartition("@")
    if at:
        return name, str(client.get_model_version_by_alias(name, alias).version)
    name, _, number = model.rpartition("/")
    return name, number


def _location(client: "MlflowClient", name: str, number: str) -> str:
    """Where its files lie. Not left to MLflow, which would look `models:/` up in the process's own registry, whatever it is told."""
    location = str(client.get_model_version_download_uri(name, number))
    if not location.startswith(_SCHEME):
        return location
    return str(client.get_logged_model(location.removeprefix(_SCHEME)).artifact_location)


def _rows(opened: Opened, table: RawTable, *, own: bool) -> Rows:
    if own:
        split = load_split(opened)
        return Rows(train=split.train, test=split.test)
    rows = typed(table, opened.settings.data.columns, with_target=True)
    return Rows(train=rows, test=rows)
