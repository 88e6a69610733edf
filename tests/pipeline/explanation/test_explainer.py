"""SHAP values are the Shapley values of the model before calibration, added up per column of the table."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.explanation.explainer import Explainer, open_explainer
from pipeline.explanation.raw_columns import RawColumns
from pipeline.families import families
from pipeline.models.calibration import calibrated_model, cross_fit_folds, out_of_fold
from pipeline.models.unfitted_model import build
from pipeline.scoring.row_encoder import encoder_of
from pipeline.tables.schema import Schema
from pipeline.tables.typed_parquet import read_spread, write_rows
from tests.pipeline.explanation.brute_force import shapley

COLUMNS = Schema(target="churned", positive="1", numerical=("tenure", "charge"), categorical=("contract", "paid_by"))
FEATURES = list(COLUMNS.features)
Numbers = Any


def table(rows: int, seed: int) -> pd.DataFrame:
    """Two numbers with gaps and repeats, two categories, and who churned."""
    random = np.random.default_rng(seed)
    tenure = random.integers(0, 70, rows).astype(float)
    charge = np.where(random.random(rows) < 0.1, np.nan, random.gamma(4, 17.3, rows).round(2))
    contract = random.choice(["monthly", "yearly"], rows)
    risk = -1.2 - 0.03 * (tenure - 35) + 0.01 * np.nan_to_num(charge, nan=60) + np.where(contract == "monthly", 1.0, -1.0)
    churned = (random.random(rows) < 1 / (1 + np.exp(-risk))).astype(np.int8)
    paid_by = random.choice(np.array(["card", "bank", None], dtype=object), rows)
    frame = pd.DataFrame({"tenure": tenure, "charge": charge, "contract": contract, "paid_by": paid_by, "churned": churned})
    return frame.astype({"contract": object, "paid_by": object}).fillna({"paid_by": np.nan})


TABLE = table(600, 3)


def artifact(tmp_path: Any, model: Any, family: str, adopted: object = None) -> Any:
    """As much of one as an explainer asks for."""
    file = tmp_path / "reference.parquet"
    write_rows(TABLE, file)
    manifest = SimpleNamespace(columns=COLUMNS, estimator=family, adopted=adopted, seed=7)
    return SimpleNamespace(model=model, manifest=manifest, reference_file=file)


RESPONSES: dict[str, Callable[[Any, Numbers], Numbers]] = {
    "random_forest": lambda made, encoded: made.predict_proba(encoded)[:, 1],
    "lightgbm": lambda made, encoded: made.predict(encoded, raw_score=True),
    "xgboost": lambda made, encoded: made.predict(encoded, output_margin=True),
}


@pytest.mark.slow
@pytest.mark.parametrize("family", sorted(families()))
def test_every_family_has_the_shapley_values_of_its_definition(family: str, tmp_path: Any) -> None:
    pytest.importorskip("shap", reason="the extra explain is not installed")
    for package in {"lightgbm", "xgboost"} & {family}:
        pytest.importorskip(package, reason=f"the extra {package} is not installed")
    given = {"n_estimators": 20} if families()[family].members else {}
    x, y = TABLE[FEATURES], TABLE["churned"].to_numpy()
    pipeline = build(family, given, 7, COLUMNS).fit(x, y)
    folds = cross_fit_folds(y, None, 7)
    model = calibrated_model(
        pipeline, out_of_fold(build(family, given, 7, COLUMNS), x, y, folds), y
    )  # its values are those before calibration
    asked = artifact(tmp_path, model, family)
    found = open_explainer(asked).explain(TABLE[FEATURES].iloc[[5, 17, 40]])
    prepare, classifier = pipeline["prepare"], pipeline["classify"]

    def encoded(rows: pd.DataFrame) -> Numbers:
        made = prepare.transform(rows[FEATURES])
        return np.asarray(made.toarray() if hasattr(made, "toarray") else made, dtype=np.float64)

    background = encoded(read_spread(asked.reference_file, COLUMNS, 100))
    respond = RESPONSES.get(family, lambda made, rows: made.decision_function(rows))
    shares = encoder_of(prepare, COLUMNS).shares
    assert found.base == pytest.approx(float(np.mean(respond(classifier, background))), abs=1e-6)
    for place, row in enumerate((5, 17, 40)):
        exact = shapley(lambda rows: respond(classifier, rows), encoded(TABLE.iloc[[row]])[0], background)
        by_column = exact @ shares
        assert np.abs(found.effects[place] - by_column).max() <= 1e-6
        assert found.response[place] == pytest.approx(float(respond(classifier, encoded(TABLE.iloc[[row]]))[0]), abs=1e-6)


class Own:
    """A team's own model: what matters is the tenure, and one word."""

    def predict_proba(self, rows: pd.DataFrame) -> Numbers:
        p = 0.2 + 0.005 * (70 - rows["tenure"]) + 0.1 * (rows["paid_by"] == "card")
        return np.column_stack([1 - p, p])


@pytest.mark.slow
def test_a_model_of_others_is_asked_about_customers_that_are_mixed_from_the_table(tmp_path: Any) -> None:
    pytest.importorskip("shap", reason="the extra explain is not installed")
    explainer: Explainer = open_explainer(artifact(tmp_path, Own(), "whatever", adopted=object()))
    row = TABLE[FEATURES].iloc[[5]]
    found = explainer.explain(row)
    assert explainer.sampled
    assert found.response[0] == pytest.approx(Own().predict_proba(row)[0, 1], abs=1e-9)
    assert np.abs(found.effects[0, 1:3]).max() < 1e-12  # neither the charge nor the contract is asked


def test_rows_come_back_from_their_codes_whichever_categories_they_have() -> None:
    raw, later = RawColumns(COLUMNS, TABLE.head(50)), TABLE.tail(60).assign(contract="three years").reset_index(drop=True)
    pd.testing.assert_frame_equal(raw.frame(raw.code(later)), later[FEATURES], check_dtype=False)
