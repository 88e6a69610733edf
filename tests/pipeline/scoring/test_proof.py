"""The fast path gives scikit-learn's very answers, whatever a customer's row holds, or it does not serve."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.pipeline import make_pipeline

from pipeline.errors import DataError
from pipeline.models.unfitted_model import MOST_CATEGORIES, build
from pipeline.scoring import compiled_model
from pipeline.scoring.compiled_model import CompiledModel
from pipeline.scoring.customer_row import typed_cells
from pipeline.scoring.proof import PROOF_ROWS, not_ours, prove
from pipeline.scoring.tree_traversal import Forest, forest_of
from pipeline.tables.cell_values import spelling_in
from pipeline.tables.schema import Schema
from tests.pipeline.scoring.fitted_models import BOOSTED, FEATURES, FORESTS, LINEAR, REFERENCE, SPELLING, model_of
from tests.pipeline.small_tables import COLUMNS, small_table

KINDS = (*FORESTS, *BOOSTED, *LINEAR)
COMPILED: dict[str, CompiledModel] = {}
NUMBERS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.floats(-100, 200),
    st.sampled_from([math.nan, math.inf, -math.inf, 1e39, 1e151, 10**400, -0.0, 5e-324]),
)
WORDS = st.one_of(
    st.none(),
    st.sampled_from(["monthly", " yearly ", "card", "cheque", "bank", "missing", "nan", "NULL", ""]),
    st.text(),
    st.booleans(),
    st.integers(),
    st.floats(),
)
ROWS = st.fixed_dictionaries({}, optional={"tenure": NUMBERS, "charges": NUMBERS, "contract": WORDS, "payment": WORDS, "other": WORDS})


def compiled(kind: str) -> CompiledModel:
    if kind not in COMPILED:
        made, _ = prove(model_of(kind), COLUMNS, REFERENCE, 0.5)
        assert made is not None
        COMPILED[kind] = made
    return COMPILED[kind]


def as_a_table_reads_it(row: dict[str, Any]) -> pd.DataFrame:
    """The row as a typed frame, by rules written down here a second time."""
    missing = ["", "nan", "NULL", "None", "NaN", "null", "NA", "N/A", "n/a", "<NA>", "#N/A", "-nan", "-NaN", "#NA", "#N/A N/A"]
    missing += ["-1.#IND", "-1.#QNAN", "1.#IND", "1.#QNAN"]
    frame = {}
    for name in COLUMNS.numerical:
        value = math.nan if row.get(name) is None else row[name]
        readable = abs(value) <= 1e150  # False for NaN
        frame[name] = pd.Series([float(value) if readable else math.nan], dtype="float64")
    for name in COLUMNS.categorical:
        text = "" if row.get(name) is None else str(row[name]).strip()
        frame[name] = pd.Series([math.nan if text in missing else text], dtype=object)
    return pd.DataFrame(frame)


def same(kind: str, row: dict[str, Any]) -> None:
    """Both ways give the same, or both refuse."""
    try:
        with np.errstate(over="ignore"):
            exact = float(model_of(kind).predict_proba(as_a_table_reads_it(row))[0, 1])
    except ValueError:
        with pytest.raises(DataError, match="too great"):
            compiled(kind).probability(typed_cells(row, COLUMNS, SPELLING))
        return
    fast = compiled(kind).probability(typed_cells(row, COLUMNS, SPELLING))
    assert fast == exact if kind not in LINEAR else abs(fast - exact) <= 1e-12


@settings(deadline=None, max_examples=40)
@given(row=ROWS)
@pytest.mark.parametrize("kind", ["forest, calibrated", "linear, calibrated, recalibrated"])
def test_any_row_scores_as_scikit_learn_scores_it(kind: str, row: dict[str, Any]) -> None:
    same(kind, row)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "row",
    [
        {},
        {"tenure": math.nan, "charges": math.inf, "contract": None, "payment": "a new one"},
        {"tenure": 12, "charges": True, "contract": "monthly", "payment": "missing"},
        {"tenure": 1e60, "charges": 65.0, "contract": "monthly", "payment": "card"},
        {"tenure": 3.0, "charges": 70.35, "contract": " yearly", "payment": "cheque", "unknown": "ignored"},
    ],
)
def test_every_kind_of_model_scores_odd_rows_as_scikit_learn_does(kind: str, row: dict[str, Any]) -> None:
    same(kind, row)


@pytest.mark.parametrize("kind", KINDS)
def test_the_proof_counts_a_thousand_rows_and_what_is_not_in_them(kind: str) -> None:
    made, proof = prove(model_of(kind), COLUMNS, REFERENCE, 0.5)
    assert made is not None
    assert (proof.path, proof.why) == ("fast", None)
    assert (proof.rows, proof.edges) == (PROOF_ROWS, 2 + 2 * 2)
    assert (proof.label_flips, proof.tier_flips) == (0, 0)
    assert proof.max_difference is not None
    assert proof.max_difference == 0 if kind in FORESTS else proof.max_difference <= 1e-12
    assert f"on 1,000 stored rows and {proof.edges} made of them" in proof.said()


@pytest.mark.parametrize("kind", FORESTS)
def test_forests_are_bit_equal_on_rows_they_never_saw(kind: str) -> None:
    window = small_table(1000, 99)
    exact = model_of(kind).predict_proba(window[FEATURES])[:, 1]
    rows = window[FEATURES].astype(object).where(window[FEATURES].notna(), None).to_dict("records")
    assert [compiled(kind).probability(typed_cells(row, COLUMNS, SPELLING)) for row in rows] == exact.tolist()


@pytest.mark.parametrize("estimator", ["logistic_regression", "random_forest"])
def test_rare_categories_are_folded_exactly(estimator: str) -> None:
    rng = np.random.default_rng(5)
    columns = COLUMNS.model_copy(update={"categorical": (*COLUMNS.categorical, "city")})
    names = [f"city {number}" for number in rng.zipf(1.4, len(REFERENCE)) % 300]
    rows = REFERENCE.assign(city=[np.nan if rng.random() < 0.02 else name for name in names])
    assert rows["city"].nunique() > 2 * MOST_CATEGORIES
    size = {"n_estimators": 10} if estimator == "random_forest" else {}
    model = build(estimator, size, 7, columns).fit(rows[list(columns.features)], rows["churned"].to_numpy())
    made, proof = prove(model, columns, rows, 0.5)
    assert made is not None and proof.path == "fast"
    assert len(made.encoder.shares) < MOST_CATEGORIES + len(FEATURES) * 4  # one column for all rare cities
    odd = rows.sample(300, random_state=1)[list(columns.features)]
    odd["city"] = [["never seen", np.nan, "city 299", "city 1"][place % 4] for place in range(300)]
    exact = model.predict_proba(odd)[:, 1]
    cells = (typed_cells(row, columns, spelling_in(rows, columns.categorical)) for row in odd.to_dict("records"))
    assert np.allclose([made.probability(row) for row in cells], exact, rtol=0, atol=1e-12)


def test_of_a_small_reference_all_rows_count() -> None:
    _, proof = prove(model_of("forest"), COLUMNS, REFERENCE.head(40), 0.5)
    assert proof.rows == 40


def changed_leaf(by: float) -> Callable[[Any], Forest]:
    def wrong(classifier: Any) -> Forest:
        forest = forest_of(classifier)
        value = forest.value.copy()
        value[forest.children[::2] == np.arange(value.size)] += by
        return replace(forest, value=value)

    return wrong


def test_a_fast_path_that_differs_does_not_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled_model, "forest_of", changed_leaf(1e-15))
    made, proof = prove(model_of("forest"), COLUMNS, REFERENCE, 0.5)
    assert (made, proof.path) == (None, "scikit-learn")
    assert proof.max_difference is not None
    assert 0 < proof.max_difference < 1e-13
    assert "differs from it by up to" in proof.said()


def test_flips_of_label_and_tier_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled_model, "forest_of", changed_leaf(0.2))
    _, proof = prove(model_of("forest"), COLUMNS, REFERENCE, 0.5)
    p = model_of("forest").predict_proba(REFERENCE[FEATURES])[:, 1]
    assert 0 < proof.label_flips < proof.tier_flips
    assert proof.label_flips == pytest.approx(1006 * ((p < 0.5) & (p >= 0.3)).mean(), rel=0.15)


def test_what_churnops_did_not_build_is_left_to_scikit_learn() -> None:
    x, y = REFERENCE[FEATURES], REFERENCE["churned"]
    threads = build("random_forest", {"n_estimators": 3}, 1, COLUMNS).set_params(classify__n_jobs=2).fit(x, y)
    other = build("random_forest", {"n_estimators": 3}, 1, COLUMNS)
    other.steps[-1] = ("classify", ExtraTreesClassifier(3, random_state=1))
    for model, why in (
        (threads, "several threads"),
        (other.fit(x, y), "there is none for ExtraTreesClassifier"),
        (make_pipeline(*(step for _, step in threads.steps)), "a Pipeline that churnops did not build"),
    ):
        made, proof = prove(model, COLUMNS, REFERENCE, 0.5)
        assert made is None
        assert (proof.path, proof.rows, proof.max_difference) == ("scikit-learn", 0, None)
        assert why in proof.said()
    assert not_ours().said() == "scikit-learn scores single customers, because others fitted the model."


@pytest.mark.parametrize(("numerical", "categorical"), [(("tenure",), ()), ((), ("contract",)), (("tenure", "empty"), ("payment",))])
def test_columns_of_one_kind_and_columns_without_values(numerical: tuple[str, ...], categorical: tuple[str, ...]) -> None:
    columns = Schema(target="churned", positive="yes", numerical=numerical, categorical=categorical)
    table = REFERENCE.assign(empty=np.nan)
    model = build("random_forest", {"n_estimators": 5}, 1, columns).fit(table[list(columns.features)], table["churned"])
    _, proof = prove(model, columns, table, 0.5)
    assert (proof.path, proof.max_difference) == ("fast", 0.0)
