"""What churnops finds out about a model that others fitted, so that it can stand where one of its own would."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.models.adopted import load_adopted
from pipeline.models.artifact import MODEL, Adopted, Artifact, Manifest, installed_versions
from pipeline.models.asked_model import library_of
from pipeline.models.calibration import cross_fit_folds, try_recalibration
from pipeline.models.importance import measure_importance
from pipeline.models.library_versions import check_versions
from pipeline.models.mlflow_folder import Described, ModelError, describe, quiet
from pipeline.tables.typed_parquet import fingerprint
from pipeline.training.job import Made, TrainingJob

if TYPE_CHECKING:
    import pandas as pd


def take_over(
    job: TrainingJob,
    folder: Path,
    reference: "pd.DataFrame",
    source: str,
    accepted: str | None = None,
    claimed: dict[str, float] | None = None,
) -> Made:
    """Load the MLflow model in `folder`, score the reference with it, and weigh its features.

    Its scores of the reference are its own, not out of fold: where it was trained on these rows they flatter it, and so does the trial of
    calibration made on them, which is never kept.

    Args:
        job: columns, seed, threshold and estimator count.
        folder: of the model; its bytes become the artifact's.
        reference: typed rows that windows are compared with; customers may repeat.
        source: where the model came from, for people.
        accepted: scikit-learn's installed version, where a person accepted that the model was fitted with another.
        claimed: what its own trainer measured; recorded, never used.

    Raises:
        IntegrityError: fitted with another version of scikit-learn, which nobody accepted.
        ModelError: see `describe`, `load_adopted` and `AdoptedClassifier.predict_proba`; or it gives classes instead of probabilities.
        DataError: fewer than five rows of an outcome.
    """
    described = describe(folder)
    check_versions(described.versions, accepted)
    model = load_adopted(folder, job.columns)
    features, target = list(job.columns.features), job.columns.target
    x, y = reference[features], reference[target].to_numpy()
    scores = model.predict_proba(x)[:, 1]
    if np.isin(scores, (0, 1)).all():
        raise ModelError(
            "The model gives classes where probabilities of churn are needed: every score is 0 or 1.",
            'Save it with `pyfunc_predict_fn="predict_proba"`, or let its `predict` give probabilities.',
        )
    # Folds by row: customers that repeat only make the trial's z too sure of itself, and nothing is decided by it.
    trial = try_recalibration(scores, y, cross_fit_folds(y, None, job.seed)).model_copy(update={"kept": False})
    manifest = Manifest(
        columns=job.columns.without(job.columns.derived),  # what it computes inside is its own
        estimator=_name(model.model, described),
        hyperparameters={},
        seed=job.seed,
        threshold=job.threshold,
        calibration=trial,
        data_sha256=fingerprint(reference[[*features, target]]),
        rows=len(reference),
        churners=int(y.sum()),
        versions={**described.versions, "churnops": installed_versions()["churnops"]},
        trained_at=job.trained_at,
        adopted=Adopted(
            source=source, model_sha256=described.digest, family=job.estimator, accepted_scikit_learn=accepted, claimed=claimed or {}
        ),
    )
    return Made(folder, model, manifest, reference, scores, lambda: measure_importance(model, x, y, job.seed))


def recalibrated_folder(champion: Artifact, slope: float, intercept: float, place: Path) -> Path:
    """An adopted champion with a line through its log-odds, as a new MLflow model in the folder `place`."""
    from pipeline.models import recalibrated_script

    script = str(recalibrated_script.__file__)
    recorded = champion.manifest.versions.get("scikit-learn")
    with quiet():
        import mlflow.pyfunc

        mlflow.pyfunc.save_model(
            str(place),
            python_model=script,
            artifacts={recalibrated_script.CHAMPION: str(champion.path / MODEL)},
            model_config={"columns": champion.manifest.columns.model_dump(mode="json"), "slope": slope, "intercept": intercept},
            pip_requirements=["churnops", *([f"scikit-learn=={recorded}"] if recorded else [])],
        )
    return place


def _name(model: object, described: Described) -> str:
    """What to call it: the class of the classifier, of a pipeline the last step's."""
    if described.flavour == "pyfunc":
        return "pyfunc model"
    last = model.steps[-1][1] if hasattr(model, "steps") else model
    name = type(last).__name__
    return f"{name} of {library_of(last)}" if name == "Booster" else name
