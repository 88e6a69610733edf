"""Gradient boosting: small trees, each fitted to what those before it leave."""

from collections.abc import Mapping
from typing import Any

from pipeline.families import Family, Hyperparameter


def _classifier(values: Mapping[str, Any], seed: int) -> Any:
    from sklearn.ensemble import GradientBoostingClassifier

    return GradientBoostingClassifier(**values, min_samples_leaf=10, random_state=seed)


FAMILY = Family(
    hyperparameters={
        "n_estimators": Hyperparameter(100, whole=True, said="trees"),
        "learning_rate": Hyperparameter(0.1, whole=False, said="step"),
        "max_depth": Hyperparameter(3, whole=True, said="depth"),
    },
    classifier=_classifier,
    members="n_estimators",
    complexity=3,
    explainer="tree",
)
