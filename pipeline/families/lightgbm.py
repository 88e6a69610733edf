"""LightGBM's gradient boosting, where the extra `lightgbm` is installed."""

from collections.abc import Mapping
from typing import Any

from pipeline.families import Family, Hyperparameter


def _classifier(values: Mapping[str, Any], seed: int) -> Any:
    from lightgbm import LGBMClassifier

    # Its sums depend on the number of threads unless it is told that they must not.
    return LGBMClassifier(
        **values, min_child_samples=20, random_state=seed, deterministic=True, force_row_wise=True, n_jobs=1, verbosity=-1
    )


FAMILY = Family(
    hyperparameters={
        "n_estimators": Hyperparameter(100, whole=True, said="trees"),
        "learning_rate": Hyperparameter(0.06, whole=False, said="step"),
        "max_leaf_nodes": Hyperparameter(15, whole=True, said="leaves", native="num_leaves"),
    },
    classifier=_classifier,
    members="n_estimators",
    packages=("lightgbm",),
    native_missing=True,
    complexity=4,
    explainer="tree",
)
