"""The types in which a model that others fitted takes its columns. A typed table knows numbers and texts alone, a model's own encoder may know
`1` or `True` where the table says `"1"` or `"True"`, and would take the text for a category that it never saw."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

OwnType = Literal["text", "bool", "int32", "int64", "float32", "float64"]

# MLflow's names of the types in a signature; what is not here stays as it comes.
_SIGNED: dict[str, OwnType] = {
    "string": "text",
    "boolean": "bool",
    "integer": "int32",
    "long": "int64",
    "float": "float32",
    "double": "float64",
}
_TRUTHS = {"true": 1.0, "false": 0.0}
# Where scikit-learn's classifiers keep what they were built around.
_INSIDE = ("best_estimator_", "estimator_", "estimator", "_preprocessor")
_SEVERAL_INSIDE = ("calibrated_classifiers_", "estimators_")


def signed_types(inputs: Mapping[str, str | None]) -> dict[str, OwnType]:
    """Of an MLflow signature, column by column."""
    return {name: _SIGNED[kind] for name, kind in inputs.items() if kind in _SIGNED}


def encoded_types(model: Any) -> dict[str, OwnType]:
    """Of the encoders inside a fitted scikit-learn model, from the categories they saw; columns without an encoder are not in it."""
    return dict(_encoded(model, tuple(map(str, getattr(model, "feature_names_in_", ())))))


def in_own_types(frame: pd.DataFrame, types: Mapping[str, OwnType | None]) -> pd.DataFrame:
    """The frame with these columns in the model's types; missing stays missing, and a text that is no number is missing where numbers belong.

    A column of whole numbers with a gap is float64, as everywhere in pandas.
    """
    return frame.assign(**{name: _as(frame[name], kind) for name, kind in types.items() if kind is not None and name in frame.columns})


def numbers_in(column: pd.Series) -> pd.Series:
    """Values as float64, true as 1 and false as 0, also where they are written; what is no number is missing."""
    if is_numeric_dtype(column):
        return column.astype("Float64").astype("float64") if column.hasnans else column.astype("float64")
    cells = column.astype(object)
    # pandas makes numbers of neither `"True"` nor an object column that has True and a gap.
    return pd.to_numeric(cells.map(lambda cell: _TRUTHS.get(str(cell).lower(), cell), na_action="ignore"), errors="coerce").astype(
        "float64"
    )


def texts_in(column: pd.Series) -> pd.Series:
    """Values as text, a whole number without its fraction; missing stays missing."""

    def written(cell: Any) -> str:
        return f"{cell:.0f}" if isinstance(cell, float) and cell.is_integer() else str(cell)

    return column.astype(object).map(written, na_action="ignore")


def truths_in(column: pd.Series) -> pd.Series:
    """Values as bool, of dtype object with NaN where one is missing or neither 1 nor 0."""
    numbers = numbers_in(column)
    if numbers.isin((0.0, 1.0)).all():
        return numbers.astype(bool)
    return numbers.map({1.0: True, 0.0: False}).astype(object).where(numbers.isin((0.0, 1.0)), np.nan)


def _as(column: pd.Series, kind: OwnType) -> pd.Series:
    if kind == "text":
        return texts_in(column) if is_numeric_dtype(column) or is_bool_dtype(column) else column
    if kind == "bool":
        return truths_in(column)
    numbers = numbers_in(column)
    return numbers.astype(kind) if kind.startswith("float") or bool((numbers % 1 == 0).all()) else numbers


def _encoded(model: Any, names: Sequence[str]) -> Iterator[tuple[str, OwnType]]:
    """`names`: of the columns that reach `model`, in its order."""
    categories = getattr(model, "categories_", None)
    if categories is not None and len(categories) == len(names):
        yield from ((name, kind) for name, known in zip(names, categories, strict=True) if (kind := _kind_of(known)))
    elif hasattr(model, "transformers_"):
        here = np.asarray(names, dtype=object)
        for _, step, columns in model.transformers_:
            texts = not isinstance(columns, slice) and all(isinstance(one, str) for one in columns)
            yield from _encoded(step, tuple(columns) if texts else tuple(here[columns]) if len(here) else ())
    elif hasattr(model, "steps"):
        for _, step in model.steps:  # one behind the encoder sees other columns, by number or by count
            found = tuple(_encoded(step, names))
            if found:
                yield from found
                break
    else:
        inside = [getattr(model, name) for name in _INSIDE if getattr(model, name, None) is not None]
        several = (each for name in _SEVERAL_INSIDE for each in np.ravel(np.asarray(getattr(model, name, ()), dtype=object)))
        for each in (*inside, *several):
            yield from _encoded(each, names)


def _kind_of(categories: Any) -> OwnType | None:
    known = np.asarray(categories)
    if known.dtype.kind in "US":
        return "text"
    if known.dtype.kind in "biuf":
        return {"b": "bool", "i": "int64", "u": "int64", "f": "float64"}[known.dtype.kind]  # type: ignore[return-value]
    present = [cell for cell in known.tolist() if not pd.isna(cell)]
    if present and all(isinstance(cell, str) for cell in present):
        return "text"
    if present and all(isinstance(cell, bool) for cell in present):
        return "bool"
    return None
