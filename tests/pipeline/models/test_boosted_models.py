"""A model of LightGBM, XGBoost or CatBoost scores as it did in its team's hands, whichever way it was saved and however many rows are asked."""

import pickle
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest

from pipeline.models.adopted import load_adopted
from pipeline.models.mlflow_folder import ModelError, quiet
from pipeline.models.pickled_file import folder_of
from tests.pipeline.small_tables import COLUMNS, small_table

pytestmark = pytest.mark.slow  # the libraries are extras; tests/pipeline/models/test_adopted.py holds the same for scikit-learn

TEXTS = list(COLUMNS.categorical)
# Two dozen customers, the first of a kind that no training had, the second with nothing known but the contract.
NEW = small_table(24, 2).drop(columns=["customer", "churned"])
NEW.loc[0, "payment"] = "barter"
NEW.loc[1, ["tenure", "charges", "payment"]] = np.nan


def training() -> pd.DataFrame:
    rows = small_table(400, 1)
    return rows.assign(charges=rows["charges"].round(1))


def with_categories(frame: pd.DataFrame) -> pd.DataFrame:
    """As a team would: text as categories, with the codes of the training."""
    known = {name: sorted(training()[name].dropna().unique()) for name in TEXTS}
    texts = {name: frame[name].where(frame[name].isin(values)) for name, values in known.items()}
    return frame.assign(**{name: pd.Categorical(texts[name], categories=values) for name, values in known.items()})


def as_text(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(**{name: frame[name].astype(object).where(frame[name].notna(), "nan") for name in TEXTS})


@cache
def made(library: str) -> tuple[Any, Any, np.ndarray]:
    """The fitted wrapper, the bare model inside, and the probabilities of `NEW` as its team gets them."""
    pytest.importorskip(library, reason=f"the extra {library} is not installed")
    rows = training()
    x, y = rows[list(COLUMNS.features)], rows["churned"]
    if library == "catboost":
        from catboost import CatBoost, CatBoostClassifier

        settings = {"iterations": 20, "cat_features": TEXTS, "verbose": False, "allow_writing_files": False}
        model = CatBoostClassifier(**settings).fit(as_text(x), y)
        return model, CatBoost({**settings, "loss_function": "Logloss"}).fit(as_text(x), y), model.predict_proba(as_text(NEW))[:, 1]
    if library == "lightgbm":
        from lightgbm import LGBMClassifier

        model = LGBMClassifier(n_estimators=20, min_child_samples=5, verbose=-1).fit(with_categories(x), y)
        return model, model.booster_, model.predict_proba(with_categories(NEW))[:, 1]
    from xgboost import XGBClassifier

    model = XGBClassifier(n_estimators=20, enable_categorical=True).fit(with_categories(x), y)
    return model, model.get_booster(), model.predict_proba(with_categories(NEW))[:, 1]


def own_flavour(library: str, model: Any, folder: Path) -> None:
    from importlib import import_module

    with quiet():
        import_module(f"mlflow.{library}").save_model(model, str(folder), pip_requirements=[library])


def sklearn_flavour(library: str, model: Any, folder: Path) -> None:
    with quiet():
        import mlflow.sklearn

        mlflow.sklearn.save_model(model, str(folder), serialization_format="cloudpickle", pip_requirements=[library])


def joblib_file(library: str, model: Any, folder: Path) -> None:
    joblib.dump(model, folder.with_suffix(".joblib"))
    folder_of(folder.with_suffix(".joblib"), (), folder)


def pickle_file(library: str, model: Any, folder: Path) -> None:
    folder.with_suffix(".pkl").write_bytes(pickle.dumps(model))
    folder_of(folder.with_suffix(".pkl"), (), folder)


LIBRARIES = pytest.mark.parametrize("library", ["lightgbm", "xgboost", "catboost"])


@LIBRARIES
@pytest.mark.parametrize("save", [own_flavour, sklearn_flavour, joblib_file, pickle_file])
def test_it_scores_as_before_alone_and_among_others(library: str, save: Callable[..., None], tmp_path: Path) -> None:
    model, _, expected = made(library)
    save(library, model, tmp_path / "own")
    adopted = load_adopted(tmp_path / "own", COLUMNS)
    assert (adopted.predict_proba(NEW)[:, 1] == expected).all()
    assert [adopted.predict_proba(NEW.iloc[[row]])[0, 1] for row in range(4)] == expected[:4].tolist()
    # Text of either of pandas' kinds, and a typed frame that has no `str` at all.
    as_str = NEW.assign(**{name: NEW[name].astype("str") for name in TEXTS})
    assert (adopted.predict_proba(as_str)[:, 1] == expected).all()


@LIBRARIES
def test_so_does_the_bare_model_inside(library: str, tmp_path: Path) -> None:
    _, bare, expected = made(library)
    own_flavour(library, bare, tmp_path / "own")
    assert np.allclose(load_adopted(tmp_path / "own", COLUMNS).predict_proba(NEW)[:, 1], expected, atol=1e-7)


@LIBRARIES
def test_numbers_that_were_categories_to_the_model_are_again(library: str, tmp_path: Path) -> None:
    made(library)
    rows = training().assign(tenure=lambda frame: (frame["tenure"] // 24).astype(int))
    new = NEW.assign(tenure=[0.0, 1.0, 2.0, 7.0] * 6)
    x, y = rows[["charges", "tenure"]], rows["churned"]
    if library == "catboost":
        from catboost import CatBoostClassifier

        model = CatBoostClassifier(iterations=20, cat_features=["tenure"], verbose=False, allow_writing_files=False).fit(x, y)
        expected = model.predict_proba(new[["charges", "tenure"]].astype({"tenure": int}))[:, 1]
    else:
        from importlib import import_module

        settings = {"lightgbm": {"verbose": -1, "min_child_samples": 5}, "xgboost": {"enable_categorical": True}}[library]
        kind = getattr(import_module(library), {"lightgbm": "LGBMClassifier", "xgboost": "XGBClassifier"}[library])
        # XGBoost's team wrote them as text, LightGBM's as numbers.
        spelling: type = str if library == "xgboost" else int
        known = sorted(map(spelling, x["tenure"].unique()))
        seen = pd.Categorical(x["tenure"].map(spelling), categories=known)
        asked = pd.Categorical([spelling(cell) if cell < 3 else None for cell in new["tenure"].astype(int)], categories=known)
        model = kind(n_estimators=20, **settings).fit(x.assign(tenure=seen), y)
        expected = model.predict_proba(new[["charges", "tenure"]].assign(tenure=asked))[:, 1]
    own_flavour(library, model, tmp_path / "own")
    assert (load_adopted(tmp_path / "own", COLUMNS).predict_proba(new)[:, 1] == expected).all()


@LIBRARIES
def test_one_fitted_on_an_array_takes_the_columns_it_is_told(library: str, tmp_path: Path) -> None:
    made(library)
    from importlib import import_module

    kind = {"lightgbm": "LGBMClassifier", "xgboost": "XGBClassifier", "catboost": "CatBoostClassifier"}[library]
    settings = {"lightgbm": {"verbose": -1}, "xgboost": {}, "catboost": {"verbose": False, "allow_writing_files": False}}[library]
    model = getattr(import_module(library), kind)(n_estimators=5, **settings)
    rows = training()
    model.fit(rows[["charges", "tenure"]].to_numpy(), rows["churned"])
    joblib.dump(model, tmp_path / "own.joblib")
    folder_of(tmp_path / "own.joblib", (), tmp_path / "untold")
    with pytest.raises(ModelError, match="does not say which columns"):
        load_adopted(tmp_path / "untold", COLUMNS)
    folder_of(tmp_path / "own.joblib", ("charges", "tenure"), tmp_path / "told")
    expected = model.predict_proba(NEW[["charges", "tenure"]].to_numpy())[:, 1]
    assert (load_adopted(tmp_path / "told", COLUMNS).predict_proba(NEW)[:, 1] == expected).all()


def test_a_blank_in_a_column_survives_lightgbm_which_writes_an_underscore(tmp_path: Path) -> None:
    lightgbm = pytest.importorskip("lightgbm", reason="the extra lightgbm is not installed")
    columns = COLUMNS.model_copy(update={"numerical": ("tenure in months", "charges"), "categorical": ()})
    rows, new = (frame.rename(columns={"tenure": "tenure in months"}) for frame in (training(), NEW))
    model = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1).fit(rows[list(columns.features)], rows["churned"])
    own_flavour("lightgbm", model, tmp_path / "own")
    expected = model.predict_proba(new[list(columns.features)])[:, 1]
    assert (load_adopted(tmp_path / "own", columns).predict_proba(new)[:, 1] == expected).all()


def test_codes_whose_categories_nobody_wrote_down_are_refused(tmp_path: Path) -> None:
    xgboost = pytest.importorskip("xgboost", reason="the extra xgboost is not installed")
    rows = training()
    codes = np.column_stack([with_categories(rows)["contract"].cat.codes, rows["tenure"]])
    table = xgboost.DMatrix(codes, rows["churned"], feature_names=["contract", "tenure"], feature_types=["c", "float"])
    own_flavour("xgboost", xgboost.train({"objective": "binary:logistic"}, table, 3), tmp_path / "own")
    with pytest.raises(ModelError, match="does not say which category each of its codes stands for"):
        load_adopted(tmp_path / "own", COLUMNS)


def test_mlflows_usual_format_for_scikit_learn_is_read(tmp_path: Path) -> None:
    pytest.importorskip("skops", reason="skops is not installed")
    import mlflow.sklearn

    from tests.pipeline.own_models import fitted

    model = fitted(training(), COLUMNS)
    with quiet():
        mlflow.sklearn.save_model(model, str(tmp_path / "own"), pip_requirements=["scikit-learn"], skops_trusted_types=["numpy.dtype"])
    assert (tmp_path / "own" / "model.skops").is_file(), "the format is still MLflow's default"
    expected = model.predict_proba(NEW[list(COLUMNS.features)])[:, 1]
    assert (load_adopted(tmp_path / "own", COLUMNS).predict_proba(NEW)[:, 1] == expected).all()
