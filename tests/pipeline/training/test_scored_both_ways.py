"""A model that others fitted scores here as it does with the types it was fitted on, whatever those are; or it is refused."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder

from pipeline.models.adopted import load_adopted
from pipeline.models.mlflow_folder import ModelError, quiet
from pipeline.models.pickled_file import folder_of
from pipeline.tables.reading import RawTable, read_raw, typed
from pipeline.tables.schema import Schema
from pipeline.training.adopted_fit import take_over
from pipeline.training.job import Made
from pipeline.training.scored_both_ways import require_same_scores
from tests.pipeline.small_tables import small_job

COLUMNS = Schema(target="churned", positive="1", numerical=("tenure",), categorical=("senior",))
CODES = np.random.default_rng(5).integers(0, 2, 300)

# The column that is a category to churnops, as a team's table has it.
DTYPES: dict[str, Callable[[], Any]] = {
    "int64": lambda: CODES,
    "int8": lambda: CODES.astype("int8"),
    "float64": lambda: CODES.astype(float),
    "bool": lambda: CODES.astype(bool),
    "text": lambda: np.where(CODES, "yes", "no"),
    "category of text": lambda: pd.Categorical(np.where(CODES, "yes", "no")),
    "category of int": lambda: pd.Categorical(CODES),
    "category of bool": lambda: pd.Categorical(CODES.astype(bool)),
    "Int64": lambda: pd.array(CODES, dtype="Int64"),
    "Int64 with gaps": lambda: pd.array([None, *CODES[1:].tolist()], dtype="Int64"),
    "boolean": lambda: pd.array(CODES.astype(bool), dtype="boolean"),
    "boolean with gaps": lambda: pd.array([None, *CODES[1:].astype(bool).tolist()], dtype="boolean"),
    "int64[pyarrow]": lambda: pd.array(CODES.tolist(), dtype="int64[pyarrow]"),
    "bool[pyarrow]": lambda: pd.array(CODES.astype(bool).tolist(), dtype="bool[pyarrow]"),
    "string[pyarrow]": lambda: pd.array(np.where(CODES, "yes", "no").tolist(), dtype="string[pyarrow]"),
}

# What a library's own `fit` takes no column of, so that no team has such a model.
REFUSED = {
    "lightgbm": {"text", "int64[pyarrow]", "bool[pyarrow]", "string[pyarrow]"},
    "xgboost": {"text", "category of bool", "string[pyarrow]"},
    "catboost": {"boolean with gaps", "category of bool"},  # the latter without a signature, see below
}


def table(dtype: str) -> pd.DataFrame:
    random = np.random.default_rng(1)
    tenure = random.uniform(0, 72, len(CODES))
    churned = (random.random(len(CODES)) < 1 / (1 + np.exp(0.05 * tenure - 2.5 * CODES))).astype("int8")
    return pd.DataFrame({"tenure": tenure, "senior": DTYPES[dtype](), "churned": churned})


def one_hot(x: pd.DataFrame, y: pd.Series) -> Any:
    encoder = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["senior"]), remainder="passthrough")
    return make_pipeline(encoder, LogisticRegression()).fit(x, y)


def ordinal(x: pd.DataFrame, y: pd.Series) -> Any:
    unknown = {"handle_unknown": "use_encoded_value", "unknown_value": -1, "encoded_missing_value": -2}
    encoder = make_column_transformer((make_pipeline(OrdinalEncoder(**unknown)), [1]), remainder="passthrough")
    return make_pipeline(encoder, HistGradientBoostingClassifier(max_iter=10)).fit(x, y)


def histogram(x: pd.DataFrame, y: pd.Series) -> Any:
    return HistGradientBoostingClassifier(max_iter=10, categorical_features=["senior"]).fit(x, y)


def lightgbm(x: pd.DataFrame, y: pd.Series) -> Any:
    return import_module("lightgbm").LGBMClassifier(n_estimators=10, verbose=-1).fit(x, y)


def xgboost(x: pd.DataFrame, y: pd.Series) -> Any:
    return import_module("xgboost").XGBClassifier(n_estimators=10, enable_categorical=True).fit(x, y)


def catboost(x: pd.DataFrame, y: pd.Series) -> Any:
    texts = [] if x["senior"].dtype.kind in "biuf" else ["senior"]
    model = import_module("catboost").CatBoostClassifier(iterations=10, cat_features=texts, verbose=False, allow_writing_files=False)
    return model.fit(x, y)


def made(model: Any, frame: pd.DataFrame, folder: Path) -> tuple[Made, RawTable]:
    """The model adopted from a file, which has no signature, beside its table in Parquet."""
    frame.to_parquet(folder / "table.parquet")
    raw = read_raw(folder / "table.parquet")
    joblib.dump(model, folder / "own.joblib")
    folder_of(folder / "own.joblib", (), folder / "own")
    return take_over(small_job(columns=COLUMNS), folder / "own", typed(raw, COLUMNS, with_target=True), "own"), raw


def scores_as_its_team(fit: Callable[..., Any], dtype: str, folder: Path) -> None:
    frame = table(dtype)
    x = frame[["tenure", "senior"]]
    model = fit(x, frame["churned"])
    expected = model.predict_proba(x)[:, 1]
    spread = pd.Series(expected).groupby(CODES).mean()
    assert abs(spread[1] - spread[0]) > 0.1, "the column decides much, so that a wrong type shows"
    adopted, raw = made(model, frame, folder)
    assert np.abs(adopted.scores - expected).max() <= 1e-9
    require_same_scores(adopted, raw)


@pytest.mark.parametrize("dtype", DTYPES)
def test_scikit_learns_encoders_get_the_types_they_saw(dtype: str, tmp_path: Path) -> None:
    scores_as_its_team(one_hot, dtype, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("fit", [ordinal, histogram])
def test_encoders_within_steps_and_within_classifiers_too(fit: Callable[..., Any], dtype: str, tmp_path: Path) -> None:
    scores_as_its_team(fit, dtype, tmp_path)


@pytest.mark.slow  # the libraries are extras
@pytest.mark.parametrize(
    ("fit", "dtype"), [(fit, dtype) for fit in (lightgbm, xgboost, catboost) for dtype in DTYPES if dtype not in REFUSED[fit.__name__]]
)
def test_so_do_the_boosting_libraries(fit: Callable[..., Any], dtype: str, tmp_path: Path) -> None:
    pytest.importorskip(fit.__name__, reason=f"the extra {fit.__name__} is not installed")
    scores_as_its_team(fit, dtype, tmp_path)


@pytest.mark.slow
def test_catboost_does_not_say_whether_it_saw_true_or_a_text_so_the_signature_does(tmp_path: Path) -> None:
    pytest.importorskip("catboost", reason="the extra catboost is not installed")
    from mlflow.models import infer_signature

    frame = table("category of bool")
    x = frame[["tenure", "senior"]]
    model = catboost(x, frame["churned"])
    adopted, raw = made(model, frame, tmp_path)
    with pytest.raises(ModelError, match="churnops reads `senior`"):
        require_same_scores(adopted, raw)
    with quiet():
        import mlflow.catboost

        mlflow.catboost.save_model(model, str(tmp_path / "signed"), signature=infer_signature(x.astype({"senior": bool})))
    signed = take_over(small_job(columns=COLUMNS), tmp_path / "signed", typed(raw, COLUMNS, with_target=True), "own")
    assert np.abs(signed.scores - model.predict_proba(x)[:, 1]).max() <= 1e-9
    require_same_scores(signed, raw)


@pytest.mark.parametrize("dtype", ["int64", "bool", "float64", "text", "category of int"])
def test_a_signature_tells_the_types_where_nothing_else_does(dtype: str, tmp_path: Path) -> None:
    """The attack: a signature of `long` for a column that is a category here; it was fed text, and scores were silently wrong."""
    from mlflow.models import infer_signature

    frame = table(dtype)
    x = frame[["tenure", "senior"]]
    model = one_hot(x, frame["churned"])
    x.to_parquet(tmp_path / "x.parquet")
    with quiet():
        import mlflow.sklearn

        mlflow.sklearn.save_model(
            model,
            str(tmp_path / "own"),
            signature=infer_signature(x.astype({"senior": int}) if dtype == "category of int" else x),
            serialization_format="cloudpickle",
            pip_requirements=["scikit-learn"],
            pyfunc_predict_fn="predict_proba",
        )
    described = tmp_path / "own" / "MLmodel"
    rows = typed(read_raw(tmp_path / "x.parquet"), COLUMNS, with_target=False)
    expected = model.predict_proba(x)[:, 1]
    assert np.abs(load_adopted(tmp_path / "own", COLUMNS).predict_proba(rows)[:, 1] - expected).max() <= 1e-9
    # The same as a pyfunc, of which nothing but the signature is known.
    described.write_text(described.read_text().replace("\n  sklearn:", "\n  unknown:"))
    assert np.abs(load_adopted(tmp_path / "own", COLUMNS).predict_proba(rows)[:, 1] - expected).max() <= 1e-9


def counted(x: pd.DataFrame) -> np.ndarray:
    """What a team's own code may do: 1 where the cell is the number 1, and no word where it is the text."""
    return np.column_stack([x["tenure"], x["senior"].map(lambda cell: 1.0 if cell == 1 else 0.0)])


def test_a_model_whose_types_nobody_wrote_down_is_refused_with_the_column(tmp_path: Path) -> None:
    frame = table("int64")
    model = make_pipeline(FunctionTransformer(counted), LogisticRegression()).fit(frame[["tenure", "senior"]], frame["churned"])
    adopted, raw = made(model, frame, tmp_path)
    with pytest.raises(
        ModelError, match=r"of 300 rows of table.parquet would be scored otherwise .* by up to 0\.\d+: churnops reads `senior`"
    ):
        require_same_scores(adopted, raw)


def test_values_that_are_cleaned_here_and_were_not_there_are_refused(tmp_path: Path) -> None:
    frame = table("text").assign(senior=lambda rows: " " + rows["senior"])
    model = one_hot(frame[["tenure", "senior"]], frame["churned"])
    frame.to_csv(tmp_path / "table.csv", index=False)
    raw = read_raw(tmp_path / "table.csv")
    joblib.dump(model, tmp_path / "own.joblib")
    folder_of(tmp_path / "own.joblib", (), tmp_path / "own")
    adopted = take_over(small_job(columns=COLUMNS), tmp_path / "own", typed(raw, COLUMNS, with_target=True), "own")
    with pytest.raises(ModelError, match="churnops reads `senior`"):
        require_same_scores(adopted, raw)


def test_a_model_that_cannot_take_the_files_own_types_is_refused(tmp_path: Path) -> None:
    frame = table("int64")
    model = make_pipeline(FunctionTransformer(lengths), LogisticRegression())
    model.fit(frame.astype({"senior": str})[["tenure", "senior"]], frame["churned"])
    adopted, raw = made(model, frame, tmp_path)
    with pytest.raises(ModelError, match=r"cannot be compared: in the types of table.parquet it fails.*infer_signature"):
        require_same_scores(adopted, raw)


def lengths(x: pd.DataFrame) -> np.ndarray:
    return np.column_stack([x["tenure"], [len(cell) for cell in x["senior"]]])


def test_a_number_that_pandas_takes_for_text_is_no_reason_to_refuse(tmp_path: Path) -> None:
    frame = table("text")
    model = one_hot(frame[["tenure", "senior"]], frame["churned"])
    written = frame.assign(tenure=frame["tenure"].map("€{:.15f}".format))
    written.to_csv(tmp_path / "table.csv", index=False)
    raw = read_raw(tmp_path / "table.csv")
    joblib.dump(model, tmp_path / "own.joblib")
    folder_of(tmp_path / "own.joblib", (), tmp_path / "own")
    require_same_scores(take_over(small_job(columns=COLUMNS), tmp_path / "own", typed(raw, COLUMNS, with_target=True), "own"), raw)
