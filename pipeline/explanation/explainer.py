"""SHAP values of a model on its own columns: those of a column's encoded parts are added up, that of a derived number is
shared alike among the columns that it is computed from.

They are of the model before calibration, which only bends the scale; interventional, against at most 100 rows of the training data.

Source: Lundberg and Lee (2017), "A unified approach to interpreting model predictions"; Lundberg et al. (2020) for trees.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.errors import ExtraMissing
from pipeline.explanation.attributions import Attributions, Numbers, Unit
from pipeline.explanation.coded_trees import coded
from pipeline.explanation.raw_columns import RawColumns
from pipeline.families import families
from pipeline.models.artifact import Artifact
from pipeline.scoring.compiled_model import classifier_of
from pipeline.scoring.exactness import NotExact
from pipeline.scoring.row_encoder import encoder_of
from pipeline.scoring.tree_traversal import Forest
from pipeline.tables.schema import Schema
from pipeline.tables.typed_parquet import read_spread

if TYPE_CHECKING:
    import pandas as pd

BACKGROUND_ROWS = 100  # shap's own advice; time grows with them, and between 100 and 1,000 only the third digit moves
_SAMPLED_BACKGROUND = 50  # where every effect is a matter of asking the model
_PERMUTATIONS = 5
_AT_ONCE = 20  # customers

Inside = Callable[[Numbers], tuple[float, Numbers]]  # encoded rows to base and effects of encoded columns


@dataclass(frozen=True)
class Explainer:
    """Finds SHAP values of one model; several threads may ask it. `method` is for people."""

    method: str
    unit: Unit
    sampled: bool
    explain: "Callable[[pd.DataFrame], Attributions]"


def require_shap() -> None:
    """Raises:
    ExtraMissing: the extra is not installed.
    """
    if find_spec("shap") is None:
        raise ExtraMissing("Explanations need shap, which is not installed.", "Install the extra: `pip install 'churnops[explain]'`.")


def open_explainer(artifact: Artifact) -> Explainer:
    """The explainer of a published model, by its family; loads the model and shap, which takes seconds.

    Raises:
        ExtraMissing: as `require_shap`.
        IntegrityError, ModelError: as `Artifact.model`.
    """
    require_shap()
    manifest, columns, model = artifact.manifest, artifact.manifest.columns, artifact.model
    background = read_spread(artifact.reference_file, columns, BACKGROUND_ROWS)
    family = None if manifest.adopted else families().get(manifest.estimator)
    if family is None or family.explainer == "permutation":
        return _sampled(model, columns, background, manifest.seed)
    return _of_pipeline(_innermost(model), columns, background, linear=family.explainer == "linear")


def _innermost(model: Any) -> Any:
    """The pipeline inside a model of churnops' own, without its calibration."""
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.ensemble import StackingClassifier

    while type(model) is StackingClassifier:
        model = model.estimators_[0].estimator
    return model.calibrated_classifiers_[0].estimator if type(model) is CalibratedClassifierCV else model


def _of_pipeline(pipeline: Any, columns: Schema, background: "pd.DataFrame", *, linear: bool) -> Explainer:
    prepare, classifier, features = pipeline["prepare"], pipeline["classify"], list(columns.features)
    shares = encoder_of(prepare, columns).shares

    def encode(rows: "pd.DataFrame") -> Numbers:
        made = prepare.transform(rows[features])
        return np.asarray(made.toarray() if hasattr(made, "toarray") else made, dtype=np.float64)

    known = encode(background)
    inside = _linear(classifier, known) if linear else _trees(classifier, known)

    def explain(rows: "pd.DataFrame") -> Attributions:
        base, effects = inside(encode(rows))
        return Attributions(base, effects @ shares)

    averaged = hasattr(classifier, "estimators_") and not hasattr(classifier, "learning_rate")
    kind = "weights" if linear else "trees"
    return Explainer(f"SHAP from the {kind}, against {len(known)} training rows", "probability" if averaged else "log-odds", False, explain)


def _linear(classifier: Any, background: Numbers) -> Inside:
    import shap

    weights = (classifier.coef_[0], float(classifier.intercept_[0]))
    explainer = shap.LinearExplainer(weights, shap.maskers.Independent(background, max_samples=len(background)))
    return lambda encoded: (float(explainer.expected_value), np.asarray(explainer.shap_values(encoded)))


def _trees(classifier: Any, background: Numbers) -> Inside:
    import shap

    width = background.shape[1]
    try:
        made = classifier_of(classifier, background.mean(axis=0))
    except NotExact:
        made = None
    trees = coded(made, width) if isinstance(made, Forest) else None
    code = trees.code if trees else np.asarray
    explainer = shap.TreeExplainer(trees.for_shap() if trees else classifier, code(background), feature_perturbation="interventional")
    base = float(np.ravel(explainer.expected_value)[-1])

    def inside(encoded: Numbers) -> tuple[float, Numbers]:
        codes = code(encoded)
        # In pieces: a call that takes ten seconds draws a progress bar over whatever the terminal shows.
        pieces = [
            explainer.shap_values(codes[start : start + _AT_ONCE], check_additivity=False) for start in range(0, len(codes), _AT_ONCE)
        ]
        found = np.concatenate([np.asarray(piece, dtype=np.float64) for piece in pieces])
        return base, found[..., -1] if found.ndim == 3 else found

    return inside


def _sampled(model: Any, columns: Schema, background: "pd.DataFrame", seed: int) -> Explainer:
    import shap

    raw = RawColumns(columns, background)
    known = raw.code(background)[:: max(1, len(background) // _SAMPLED_BACKGROUND)]

    def probability(codes: Numbers) -> Numbers:
        return np.asarray(model.predict_proba(raw.frame(codes))[:, 1], dtype=np.float64)

    base = float(probability(known).mean())

    def explain(rows: "pd.DataFrame") -> Attributions:
        masker = shap.maskers.Independent(known, max_samples=len(known))
        explainer = shap.PermutationExplainer(probability, masker, seed=seed)
        found = explainer(raw.code(rows), max_evals=_PERMUTATIONS * (2 * len(columns.features) + 1), silent=True)
        return Attributions(base, np.asarray(found.values, dtype=np.float64))

    return Explainer(f"SHAP by {_PERMUTATIONS} sampled permutations, against {len(known)} training rows", "probability", True, explain)
