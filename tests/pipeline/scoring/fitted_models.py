"""One small model of every kind a champion can be, fitted once."""

from functools import cache
from typing import Any

from pipeline.models.calibration import calibrated_model, cross_fit_folds, out_of_fold
from pipeline.models.recalibration import recalibrate
from pipeline.models.unfitted_model import build
from pipeline.tables.cell_values import spelling_in
from tests.pipeline.small_tables import COLUMNS, small_table

REFERENCE = small_table(1500, 1)
FEATURES = list(COLUMNS.features)
SPELLING = spelling_in(REFERENCE, COLUMNS.categorical)
FORESTS = (
    "forest",
    "forest, isotonic, recalibrated",
    "forest, calibrated",
    "forest, recalibrated",
    "forest, calibrated, recalibrated twice",
)
BOOSTED = ("boosted, isotonic", "boosted, calibrated", "histogram, calibrated, recalibrated")
LINEAR = ("linear", "linear, calibrated", "linear, calibrated, recalibrated")
_ESTIMATORS: dict[str, tuple[str, dict[str, float]]] = {
    "forest": ("random_forest", {"n_estimators": 25, "max_depth": 6}),
    "boosted": ("gradient_boosting", {"n_estimators": 25}),
    "histogram": ("hist_gradient_boosting", {"n_estimators": 25}),
    "linear": ("logistic_regression", {}),
}


@cache
def model_of(kind: str) -> Any:
    """The model by its name: the family, then what was done to its probabilities."""
    family, *steps = kind.split(", ")
    x, y = REFERENCE[FEATURES], REFERENCE["churned"].to_numpy()
    model = build(*_ESTIMATORS[family], 7, COLUMNS).fit(x, y)
    if "isotonic" in steps:
        model = calibrated_model(model, out_of_fold(model, x, y, cross_fit_folds(y, None, 7)), y, "isotonic")
    if "calibrated" in steps:
        model = calibrated_model(model, out_of_fold(model, x, y, cross_fit_folds(y, None, 7)), y)
    times = 2 if steps and steps[-1].endswith("twice") else int(bool(steps) and steps[-1] == "recalibrated")
    for seed in range(times):
        later = small_table(800, 10 + seed)
        model = recalibrate(model, later[FEATURES], later["churned"].to_numpy()).model
    return model
