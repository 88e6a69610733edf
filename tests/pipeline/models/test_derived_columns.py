"""A derived number is inside the model: the same in training and serving, to the last bit on the fast path, and arithmetic whatever the bytes say."""

import cloudpickle
import numpy as np
import pytest

from pipeline.errors import DataError
from pipeline.models.derived_columns import DerivedColumns
from pipeline.models.held_pickle import load_held
from pipeline.models.unfitted_model import build
from pipeline.scoring.proof import prove
from pipeline.scoring.row_encoder import encoder_of
from pipeline.tables.expression import parse_expression
from tests.pipeline.small_tables import COLUMNS, small_table

DERIVED = COLUMNS.model_copy(
    update={"derived": {"worth": parse_expression("tenure * charges / 100"), "ratio": parse_expression("charges / tenure")}}
)
ROWS, NEW = small_table(400, 1), small_table(200, 2)
QUICK = {"random_forest": {"n_estimators": 10}, "gradient_boosting": {"n_estimators": 10}, "hist_gradient_boosting": {"n_estimators": 10}}


@pytest.mark.parametrize("family", ["logistic_regression", "random_forest", "gradient_boosting", "hist_gradient_boosting"])
def test_it_is_as_good_as_a_column_of_the_table_and_scored_as_exactly(family: str) -> None:
    by_hand = COLUMNS.model_copy(update={"numerical": (*COLUMNS.numerical, "worth")})
    once = COLUMNS.model_copy(update={"derived": {"worth": DERIVED.derived["worth"]}})
    rows, new = (table.assign(worth=table["tenure"] * table["charges"] / 100) for table in (ROWS, NEW))
    inside = build(family, QUICK.get(family, {}), 7, once).fit(ROWS[list(once.features)], ROWS["churned"])
    beside = build(family, QUICK.get(family, {}), 7, by_hand).fit(rows[list(by_hand.features)], ROWS["churned"])
    found, expected = (
        model.predict_proba(table[list(columns.features)])[:, 1] for model, table, columns in ((inside, NEW, once), (beside, new, by_hand))
    )
    if family == "logistic_regression":  # trees look at columns in another order, and so break ties otherwise
        assert found == pytest.approx(expected, abs=1e-6)
    else:
        assert np.corrcoef(found, expected)[0, 1] > 0.9
    compiled, proof = prove(inside, once, ROWS, 0.5)
    assert compiled is not None, proof.why
    assert proof.rows == 400


@pytest.mark.parametrize("family", ["logistic_regression", "hist_gradient_boosting"])
def test_without_its_columns_or_divided_by_nothing_it_is_missing(family: str) -> None:
    rows, new = (table.assign(tenure=table["tenure"].round()) for table in (ROWS, NEW))
    model = build(family, QUICK.get(family, {}), 7, DERIVED).fit(rows[list(DERIVED.features)], rows["churned"])
    made = model["prepare"].named_transformers_["derived"].named_steps["derivedcolumns"].transform(new)
    assert (np.isnan(made[:, 0]) == new["charges"].isna()).all()
    assert (np.isnan(made[:, 1]) == (new["charges"].isna() | (new["tenure"] == 0))).all()
    assert (new["tenure"] == 0).any()
    compiled, proof = prove(model, DERIVED, rows, 0.5)
    assert compiled is not None, proof.why


def test_one_that_never_has_a_value_is_refused_by_name() -> None:
    never = COLUMNS.model_copy(update={"derived": {"never": parse_expression("charges / (tenure - tenure)")}})
    with pytest.raises(DataError, match=r"`charges / \(tenure - tenure\)` has no value"):
        build("logistic_regression", {}, 7, never).fit(ROWS[list(COLUMNS.features)], ROWS["churned"])


def test_its_effect_is_shared_among_the_columns_it_is_computed_from() -> None:
    model = build("logistic_regression", {}, 7, DERIVED).fit(ROWS[list(DERIVED.features)], ROWS["churned"])
    shares = encoder_of(model["prepare"], DERIVED).shares
    assert shares[-2:].tolist() == [[0.5, 0.5, 0, 0], [0.5, 0.5, 0, 0]]
    assert (shares.sum(axis=1) == 1).all()


def test_a_model_with_it_is_loaded_without_running_code_and_a_changed_one_computes_nothing_else() -> None:
    model = build("random_forest", {"n_estimators": 5}, 7, DERIVED).fit(ROWS[list(DERIVED.features)], ROWS["churned"])
    found = load_held(cloudpickle.dumps(model))
    assert (found.predict_proba(NEW) == model.predict_proba(NEW)).all()
    planted = load_held(cloudpickle.dumps(DerivedColumns(("__import__('os').getcwd()",))))
    with pytest.raises(ValueError, match="no arithmetic"):
        planted.transform(NEW)
