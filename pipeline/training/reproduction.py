"""Training a version once more from what is kept of it, to see whether the same bytes come out."""

from pydantic import BaseModel

from pipeline.errors import TrainingError
from pipeline.families import family_named
from pipeline.models.artifact import MODEL, PICKLE, Artifact, installed_versions
from pipeline.training.job import TrainingJob
from pipeline.training.parent import OnProgress, train
from pipeline.workspace.folder import Workspace


class Reproduction(BaseModel, frozen=True):
    """Whether the model file is the `same`, byte for byte; `largest_difference` between the scores of both of the training rows, and the
    packages that `moved` since, as (package, then, now)."""

    same: bool
    largest_difference: float
    moved: tuple[tuple[str, str, str], ...]


async def reproduce(
    artifact: Artifact, workspace: Workspace, confidence: float, on_progress: OnProgress, time_limit_seconds: float
) -> Reproduction:
    """Train again on the rows that lie beside the model, with its family, hyperparameters and seed. Nothing is registered.

    Raises:
        TrainingError: others fitted it, or it is a recalibration of another version.
        IntegrityError: as `Artifact.model`.
    """
    import numpy as np

    from pipeline.models.held_pickle import load_held

    made = artifact.manifest
    if made.adopted is not None:
        raise TrainingError("Others fitted this model, so it cannot be made again here.", "Ask where it came from: `churnops models show`.")
    if made.recalibration is not None:
        raise TrainingError(
            f"This version is model {made.recalibration.of[:12]} with other probabilities; its trees or weights are that one's.",
            f"Reproduce that one: `churnops models reproduce {made.recalibration.of[:12]}`.",
        )
    rows = artifact.reference()
    job = TrainingJob(
        columns=made.columns,
        estimator=made.estimator,
        hyperparameters=made.hyperparameters,
        seed=made.seed,
        threshold=made.threshold,
        confidence=confidence,
        trained_at=made.trained_at,
    )
    now = installed_versions(family_named(made.estimator).installed)
    moved = tuple((name, number, now.get(name, "not installed")) for name, number in made.versions.items() if now.get(name) != number)
    async with train(job, rows, rows, workspace, on_progress=on_progress, time_limit_seconds=time_limit_seconds) as outcome:
        again = (outcome.staged / MODEL / PICKLE).read_bytes()
        same = again == (artifact.path / MODEL / PICKLE).read_bytes()
        if same:
            return Reproduction(same=True, largest_difference=0.0, moved=moved)
        if made.loads_code:  # of a library's own; only its bytes can be compared
            return Reproduction(same=False, largest_difference=float("nan"), moved=moved)
        features = list(made.columns.features)
        scores = load_held(again).predict_proba(rows[features])[:, 1]
        return Reproduction(same=False, largest_difference=float(np.abs(scores - artifact.scores(rows)).max()), moved=moved)
