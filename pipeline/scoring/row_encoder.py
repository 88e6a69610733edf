"""What scikit-learn's preparation of `pipeline.models.unfitted_model.build` makes of one customer, without a table around it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.scoring.customer_row import Cell
from pipeline.scoring.exactness import NotExact
from pipeline.tables.schema import Schema


@dataclass(frozen=True, slots=True)
class NumberRule:
    """How a number is scaled; `missing` is the scaled stand-in for one that is not there."""

    mean: float
    scale: float
    missing: float


@dataclass(frozen=True)
class RowEncoder:
    """One customer's cells as the encoded columns the classifier was fitted on. `categories`: for each categorical feature the encoded column
    that is 1, by category; `others`: that of a category that is not there, None where it has none. `owners`: position of the feature behind
    each encoded column, shape (width,)."""

    numbers: tuple[NumberRule, ...]
    categories: tuple[Mapping[Cell, int], ...]
    others: tuple[int | None, ...]
    owners: NDArray[np.intp]

    def encode(self, cells: Sequence[Cell]) -> NDArray[np.float64]:
        """The encoded columns, shape (width,), for cells as `typed_cells` gives them."""
        encoded = np.zeros(self.owners.size)
        count = len(self.numbers)
        encoded[:count] = [
            rule.missing if cell != cell else (cell - rule.mean) / rule.scale  # type: ignore[operator]
            for rule, cell in zip(self.numbers, cells, strict=False)
        ]
        for known, other, cell in zip(self.categories, self.others, cells[count:], strict=True):
            place = known.get(cell, other)
            if place is not None:
                encoded[place] = 1.0
        return encoded


def encoder_of(prepare: Any, columns: Schema) -> RowEncoder:
    """The encoder that does what the fitted ColumnTransformer `prepare` does.

    Raises:
        NotExact: it is another preparation than `build` makes.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    if type(prepare) is not ColumnTransformer or [name for name, _, _ in prepare.transformers] != ["numerical", "categorical"]:
        raise NotExact("its rows are prepared in another way than churnops prepares them")
    numbers: list[NumberRule] = []
    categories: list[Mapping[Cell, int]] = []
    others: list[int | None] = []
    if columns.numerical and _passed_through(prepare.named_transformers_["numerical"]):
        numbers = [NumberRule(0.0, 1.0, math.nan)] * len(columns.numerical)
    elif columns.numerical:
        imputer, scaler = _steps(prepare.named_transformers_["numerical"], SimpleImputer, StandardScaler)
        for middle, mean, scale in zip(imputer.statistics_.tolist(), scaler.mean_.tolist(), scaler.scale_.tolist(), strict=True):
            numbers.append(NumberRule(mean, scale, (middle - mean) / scale))
    owners = list(range(len(numbers)))
    if columns.categorical:
        imputer, one_hot = _steps(prepare.named_transformers_["categorical"], SimpleImputer, OneHotEncoder)
        folds = one_hot.max_categories is not None or one_hot.min_frequency is not None
        for known, folded in zip(
            one_hot.categories_, one_hot.infrequent_categories_ if folds else [None] * len(columns.categorical), strict=True
        ):
            own = [str(name) for name in known if folded is None or name not in {*folded}]
            places: dict[Cell, int] = {name: len(owners) + place for place, name in enumerate(own)}
            other = None if folded is None else len(owners) + len(own)
            missing = places.get(imputer.fill_value, other)
            if missing is not None:
                places[None] = missing
            categories.append(places)
            others.append(other)
            owners += [len(numbers) + len(categories) - 1] * (len(own) + (folded is not None))
    if len(numbers) != len(columns.numerical) or len(categories) != len(columns.categorical):
        raise NotExact("it takes other columns than the workspace has")
    return RowEncoder(tuple(numbers), tuple(categories), tuple(others), np.array(owners, dtype=np.intp))


def _passed_through(made: Any) -> bool:
    from sklearn.preprocessing import FunctionTransformer

    return type(made) is FunctionTransformer and made.func is None


def _steps(made: Any, *kinds: type) -> list[Any]:
    from sklearn.pipeline import Pipeline

    steps = [step for _, step in made.steps] if type(made) is Pipeline else []
    if [type(step) for step in steps] != list(kinds):
        raise NotExact("its rows are prepared in another way than churnops prepares them")
    return steps
