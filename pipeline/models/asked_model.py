"""How a fitted model of scikit-learn, LightGBM, XGBoost or CatBoost is asked: which columns it takes, and as what.

The boosting libraries refuse text: they want categories, as numbered when they were fitted. All three keep those numbers with the model, so
they are read there, and no other table decides which category a code stands for.
"""

import re
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pipeline.models.mlflow_folder import ModelError
from pipeline.models.own_types import numbers_in, texts_in, truths_in

_MISSING_TEXT = "nan"  # CatBoost takes no missing category; this is what its own advice, `astype(str)`, makes of one
_UNNAMED = re.compile(r"(Column_)?\d+")  # what LightGBM and CatBoost call columns they were given without names


@dataclass(frozen=True)
class AskedModel:
    """`takes`: the columns it was fitted on, in its order; empty where it does not say. `probabilities`: its answer to a frame of those
    columns. `classes`: its labels, where they are texts."""

    takes: tuple[str, ...]
    probabilities: Callable[[pd.DataFrame], Any]
    classes: tuple[str, ...]


def asked(model: Any) -> AskedModel:
    """How to ask a fitted classifier, whatever it was loaded from.

    Raises:
        ModelError: it gives no probabilities, or does not say which category a code stands for.
    """
    ways: dict[str, Callable[[Any], tuple[Sequence[str], Callable[[pd.DataFrame], Any]]]] = {
        "lightgbm": _lightgbm,
        "xgboost": _xgboost,
        "catboost": _catboost,
    }
    own = ways.get(library_of(model))
    takes, probabilities = (own or _scikit_learn)(model)
    named = () if own and all(map(_UNNAMED.fullmatch, takes)) else tuple(takes)
    labels = getattr(model, "classes_", ())
    return AskedModel(named, probabilities, tuple(labels) if all(isinstance(label, str) for label in labels) else ())


def library_of(model: Any) -> str:
    """The package whose class the model is."""
    return type(model).__module__.partition(".")[0]


def _scikit_learn(model: Any) -> tuple[Sequence[str], Callable[[pd.DataFrame], Any]]:
    if not hasattr(model, "predict_proba"):
        raise ModelError(f"The model gives no probabilities: {type(model).__name__} has no predict_proba.", "Adopt a classifier that has.")
    return [str(name) for name in getattr(model, "feature_names_in_", ())], model.predict_proba


def _lightgbm(model: Any) -> tuple[Sequence[str], Callable[[pd.DataFrame], Any]]:
    booster = getattr(model, "booster_", model)
    names = booster.feature_name()
    places = booster.params.get("categorical_column") or booster.params.get("categorical_feature") or ()
    lists = booster.pandas_categorical or ()
    if lists and len(lists) != len(places):
        raise _unnumbered("LightGBM")
    numbered = {names[place]: found for place, found in zip(places, lists, strict=False)}
    ask = model.predict_proba if hasattr(model, "predict_proba") else model.predict
    # Positions count for LightGBM, not names, in which it writes _ for a blank.
    return names, lambda frame: ask(_with_categories(frame.set_axis(names, axis=1), numbered))


def _xgboost(model: Any) -> tuple[Sequence[str], Callable[[pd.DataFrame], Any]]:
    from xgboost import DMatrix

    booster = model.get_booster() if hasattr(model, "get_booster") else model
    names = booster.feature_names or []
    found = booster.get_categories(export_to_arrow=True).to_arrow() if "c" in (booster.feature_types or ()) else []
    numbered = {name: values.to_pylist() for name, values in found or () if values is not None}
    if (booster.feature_types or []).count("c") != len(numbered):
        raise _unnumbered("XGBoost")
    if hasattr(model, "predict_proba"):
        ask = model.set_params(enable_categorical=True).predict_proba
    else:

        def ask(frame: pd.DataFrame) -> Any:
            return booster.predict(DMatrix(frame, enable_categorical=True))

    return names, lambda frame: ask(_with_categories(frame, numbered) if names else frame.to_numpy())


def _catboost(model: Any) -> tuple[Sequence[str], Callable[[pd.DataFrame], Any]]:
    names = model.feature_names_
    categories = [names[place] for place in model.get_cat_feature_indices()]
    texts_of_rows = {names[place] for place in model.get_text_feature_indices()}

    def ask(frame: pd.DataFrame) -> Any:
        given = frame.set_axis(names, axis=1)
        texts = {name: texts_in(_counted(given[name])).fillna(_MISSING_TEXT) for name in categories}
        return model.predict(_with_numbers(given, {*texts, *texts_of_rows}).assign(**texts), prediction_type="Probability")

    return names, ask


def _counted(column: pd.Series) -> pd.Series:
    """True as 1 and false as 0, which is how CatBoost spells them."""
    return column.astype(object).map(lambda cell: int(cell) if isinstance(cell, bool | np.bool_) else cell, na_action="ignore")


def _with_categories(frame: pd.DataFrame, numbered: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """The frame with these columns as categories, numbered in this order, and all others as numbers; what is not among the categories is
    missing, as an unknown category."""
    given = {name: _alike(frame[name], values) for name, values in numbered.items()}
    known = {name: column.where(column.isin(numbered[name])) for name, column in given.items()}
    categories = {name: pd.Categorical(column, categories=numbered[name]) for name, column in known.items()}
    return _with_numbers(frame, set(numbered)).assign(**categories)


def _with_numbers(frame: pd.DataFrame, others: Set[str]) -> pd.DataFrame:
    """The frame with all but the `others` as numbers, of which these libraries know no second kind."""
    return frame.assign(**{name: numbers_in(frame[name]) for name in frame.columns if name not in others})


def _alike(column: pd.Series, categories: Sequence[Any]) -> pd.Series:
    """The column's values as the kind that the categories are: text, true and false, or numbers."""
    if all(isinstance(category, str) for category in categories):
        return texts_in(column)
    if all(isinstance(category, bool) for category in categories):
        return truths_in(column).astype(object)
    return numbers_in(column)


def _unnumbered(library: str) -> ModelError:
    return ModelError(
        f"The {library} model takes categories, and does not say which category each of its codes stands for.",
        f"Fit it again with the present {library} on a DataFrame whose categories are pandas' `category`, or put an encoder before it in "
        "scikit-learn's Pipeline.",
    )
