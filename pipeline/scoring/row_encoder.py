"""What scikit-learn's preparation of `pipeline.models.unfitted_model.build` makes of one customer, without a table around it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.scoring.customer_row import Cell
from pipeline.scoring.exactness import NotExact
from pipeline.tables.cell_numbers import GREATEST
from pipeline.tables.expression import Expression
from pipeline.tables.schema import Schema


@dataclass(frozen=True, slots=True)
class NumberRule:
    """How a number is scaled; `missing` is the scaled stand-in for one that is not there."""

    mean: float
    scale: float
    missing: float


_AS_IT_IS = NumberRule(0.0, 1.0, math.nan)


@dataclass(frozen=True, slots=True)
class DerivedRule:
    """A number computed from others: `inputs` are their names and positions in the row."""

    expression: Expression
    inputs: tuple[tuple[str, int], ...]
    scaled: NumberRule

    def encode(self, cells: Sequence[Cell]) -> float:
        """The scaled number of one customer."""
        value = self.expression.of({name: cells[place] for name, place in self.inputs})  # type: ignore[misc]
        return (value - self.scaled.mean) / self.scaled.scale if abs(value) <= GREATEST else self.scaled.missing


@dataclass(frozen=True)
class RowEncoder:
    """One customer's cells as the encoded columns the classifier was fitted on. `categories`: for each categorical feature the encoded column
    that is 1, by category; `others`: that of a category that is not there, None where it has none. `derived`: what stands in the last encoded
    columns. `shares`: how much of each encoded column's effect is each feature's, shape (width, features): all of it, and of a derived number
    as much for each feature that it is computed from."""

    numbers: tuple[NumberRule, ...]
    categories: tuple[Mapping[Cell, int], ...]
    others: tuple[int | None, ...]
    derived: tuple[DerivedRule, ...]
    shares: NDArray[np.float64]

    def encode(self, cells: Sequence[Cell]) -> NDArray[np.float64]:
        """The encoded columns, shape (width,), for cells as `typed_cells` gives them."""
        encoded = np.zeros(len(self.shares))
        count = len(self.numbers)
        encoded[:count] = [
            rule.missing if cell != cell else (cell - rule.mean) / rule.scale  # type: ignore[operator]
            for rule, cell in zip(self.numbers, cells, strict=False)
        ]
        for known, other, cell in zip(self.categories, self.others, cells[count:], strict=True):
            place = known.get(cell, other)
            if place is not None:
                encoded[place] = 1.0
        for place, rule in enumerate(self.derived, start=encoded.size - len(self.derived)):
            encoded[place] = rule.encode(cells)
        return encoded


def encoder_of(prepare: Any, columns: Schema) -> RowEncoder:
    """The encoder that does what the fitted ColumnTransformer `prepare` does.

    Raises:
        NotExact: it is another preparation than `build` makes.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    parts = ["numerical", "categorical", *(["derived"] if columns.derived else [])]
    if type(prepare) is not ColumnTransformer or [name for name, _, _ in prepare.transformers] != parts:
        raise NotExact("its rows are prepared in another way than churnops prepares them")
    numbers: tuple[NumberRule, ...] = ()
    categories: list[Mapping[Cell, int]] = []
    others: list[int | None] = []
    if columns.numerical and _passed_through(prepare.named_transformers_["numerical"]):
        numbers = (_AS_IT_IS,) * len(columns.numerical)
    elif columns.numerical:
        numbers = _scaled(*_steps(prepare.named_transformers_["numerical"], SimpleImputer, StandardScaler))
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
    derived = _derived(prepare.named_transformers_["derived"], columns) if columns.derived else ()
    shares = np.zeros((len(owners) + len(derived), len(columns.features)))
    shares[np.arange(len(owners)), owners] = 1.0
    for row, rule in zip(shares[len(owners) :], derived, strict=True):
        row[[place for _, place in rule.inputs]] = 1 / len(rule.inputs)
    return RowEncoder(numbers, tuple(categories), tuple(others), derived, shares)


def _scaled(imputer: Any, scaler: Any) -> tuple[NumberRule, ...]:
    fitted = zip(imputer.statistics_.tolist(), scaler.mean_.tolist(), scaler.scale_.tolist(), strict=True)
    return tuple(NumberRule(mean, scale, (middle - mean) / scale) for middle, mean, scale in fitted)


def _derived(made: Any, columns: Schema) -> tuple[DerivedRule, ...]:
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import StandardScaler

    from pipeline.models.derived_columns import DerivedColumns

    if len(made.steps) == 1:
        (computed,) = _steps(made, DerivedColumns)
        scaled = (_AS_IT_IS,) * len(columns.derived)
    else:
        computed, *fitted = _steps(made, DerivedColumns, SimpleImputer, StandardScaler)
        scaled = _scaled(*fitted)
    return tuple(
        DerivedRule(one, tuple((name, columns.numerical.index(name)) for name in one.columns), rule)
        for one, rule in zip(computed.parsed, scaled, strict=True)
    )


def _passed_through(made: Any) -> bool:
    from sklearn.preprocessing import FunctionTransformer

    return type(made) is FunctionTransformer and made.func is None


def _steps(made: Any, *kinds: type) -> list[Any]:
    from sklearn.pipeline import Pipeline

    steps = [step for _, step in made.steps] if type(made) is Pipeline else []
    if [type(step) for step in steps] != list(kinds):
        raise NotExact("its rows are prepared in another way than churnops prepares them")
    return steps
