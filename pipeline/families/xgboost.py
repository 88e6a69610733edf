"""XGBoost's gradient boosting, where the extra `xgboost` is installed."""

from collections.abc import Mapping
from typing import Any

from pipeline.families import Family, Hyperparameter


def _classifier(values: Mapping[str, Any], seed: int) -> Any:
    from xgboost import XGBClassifier

    return XGBClassifier(**values, min_child_weight=5, random_state=seed, tree_method="hist", n_jobs=1)


FAMILY = Family(
    hyperparameters={
        "n_estimators": Hyperparameter(100, whole=True, said="trees"),
        "learning_rate": Hyperparameter(0.06, whole=False, said="step"),
        "max_depth": Hyperparameter(4, whole=True, said="depth"),
    },
    classifier=_classifier,
    members="n_estimators",
    packages=("xgboost-cpu", "xgboost"),
    native_missing=True,
    complexity=4,
    explainer="tree",
)
