"""A model of churnops's own making, taken apart so that one customer is scored without scikit-learn and without a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline.scoring.customer_row import Cell
from pipeline.scoring.exactness import NotExact
from pipeline.scoring.linear_model import LinearModel, linear_of
from pipeline.scoring.link_functions import Isotonic, Link, OnLogOdds, Platt, logistic, probability
from pipeline.scoring.row_encoder import RowEncoder, encoder_of
from pipeline.scoring.tree_traversal import Forest, boosted_of, forest_of, histogram_boosted_of
from pipeline.tables.schema import Schema

if TYPE_CHECKING:
    import pandas as pd

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class CompiledModel:
    """An encoder, a classifier, and the links from its response to the probability of churn, in order."""

    encoder: RowEncoder
    classifier: Forest | LinearModel
    links: tuple[Link, ...]

    @property
    def tolerance(self) -> float:
        """How far its probabilities may be from scikit-learn's: trees' not at all; a dot product is summed in another order there."""
        return 0.0 if isinstance(self.classifier, Forest) else 1e-12

    def probability(self, cells: Sequence[Cell]) -> float:
        """Probability of churn of a customer as `typed_cells` gives it.

        Raises:
            DataError: a number too great to compute with.
        """
        return float(self._linked(np.array([self.classifier.response(self.encoder.encode(cells))]))[0])

    def explained(self, cells: Sequence[Cell]) -> tuple[float, Numbers]:
        """The probability, and the effect of each feature, shape (features,): the probability minus what it would be without the feature's
        part of the classifier's response. Arguments and errors as `probability`."""
        response, added = self.classifier.explained(self.encoder.encode(cells))
        parts = added @ self.encoder.shares
        found = self._linked(response - np.concatenate([[0.0], parts]))
        return float(found[0]), found[0] - found[1:]

    def _linked(self, response: Numbers) -> Numbers:
        for link in self.links:
            response = link(response)
        return response


def compile_model(model: Any, columns: Schema, centre_rows: "pd.DataFrame") -> CompiledModel:
    """Take apart what `pipeline.models.unfitted_model`, `pipeline.models.calibration` and `pipeline.models.recalibration` put together.

    Args:
        model: fitted classifier.
        columns: it was fitted on.
        centre_rows: typed rows whose average stands for the average customer.

    Raises:
        NotExact: it is anything else.
    """
    try:
        return _compiled(model, columns, centre_rows)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        # Some of the parts are private to scikit-learn, and another release may keep them elsewhere.
        raise NotExact(f"its parts are not where they are looked for ({type(error).__name__})") from error


def _compiled(model: Any, columns: Schema, centre_rows: "pd.DataFrame") -> CompiledModel:
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.ensemble import StackingClassifier
    from sklearn.pipeline import Pipeline

    after: list[Link] = []
    while type(model) is StackingClassifier:
        line = model.final_estimator_[-1]
        after.insert(0, OnLogOdds(float(line.coef_[0, 0]), float(line.intercept_[0])))
        model = model.estimators_[0].estimator
    calibrator: Link | None = None
    if type(model) is CalibratedClassifierCV:
        (calibrated,) = model.calibrated_classifiers_
        (made,) = calibrated.calibrators
        calibrator, model = _calibrator(made), calibrated.estimator
    if type(model) is not Pipeline or [name for name, _ in model.steps] != ["prepare", "classify"]:
        raise NotExact(f"it is a {type(model).__name__} that churnops did not build")
    prepare = model["prepare"]
    encoder = encoder_of(prepare, columns)
    centre = np.asarray(prepare.transform(centre_rows[list(columns.features)]).mean(axis=0)).ravel()
    classifier = classifier_of(model["classify"], centre)
    own: Link = probability if isinstance(classifier, Forest) and classifier.averaged else logistic
    return CompiledModel(encoder, classifier, (calibrator or own, *after))


def _calibrator(made: Any) -> Link:
    from sklearn.isotonic import IsotonicRegression

    if type(made) is IsotonicRegression:
        return Isotonic(made.f_, float(made.X_min_), float(made.X_max_))
    return Platt(float(made.a_), float(made.b_))


def classifier_of(made: Any, centre: Numbers) -> Forest | LinearModel:
    """The arrays of a fitted classifier. `centre`: the average encoded customer, shape (width,).

    Raises:
        NotExact: there are none that give its very answers.
    """
    from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression

    if made.classes_.tolist() != [0, 1]:
        raise NotExact("its classes are not 0 and 1")
    if type(made) is RandomForestClassifier:
        if made.n_jobs is not None:
            raise NotExact("it adds its trees up in several threads, whose order changes")
        return forest_of(made)
    if type(made) is GradientBoostingClassifier:
        return boosted_of(made, centre.size)
    if type(made) is HistGradientBoostingClassifier:
        return histogram_boosted_of(made)
    if type(made) is LogisticRegression:
        return linear_of(made, centre)
    raise NotExact(f"there is none for {type(made).__name__}")
