"""A logistic regression."""

from collections.abc import Mapping
from typing import Any

from pipeline.families import Family, Hyperparameter


def _classifier(values: Mapping[str, Any], seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(**values, max_iter=1000, random_state=seed)


FAMILY = Family(
    hyperparameters={
        "C": Hyperparameter(1.0, whole=False, said="inverse regularisation"),
    },
    classifier=_classifier,
    complexity=1,
    explainer="linear",
)
