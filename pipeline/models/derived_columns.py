"""Numbers that a model computes from a customer's features by itself, and so in training as in serving: its first step."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from pipeline.errors import DataError
from pipeline.tables.cell_numbers import GREATEST
from pipeline.tables.expression import Expression, parse_expression

if TYPE_CHECKING:
    import pandas as pd

Numbers = NDArray[np.float64]


class DerivedColumns(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """From a typed frame to one column for each of the `expressions`, texts as a setting spells them.

    Its name and place are in the bytes of models, where nothing but the texts is kept: they are read and checked whenever they are used.
    """

    def __init__(self, expressions: Sequence[str]) -> None:
        self.expressions = expressions

    def fit(self, x: "pd.DataFrame", y: object = None) -> "DerivedColumns":
        """Nothing is fitted.

        Raises:
            DataError: one has no value in any of them.
        """
        for place in np.flatnonzero(np.isnan(self.transform(x)).all(axis=0)).tolist():
            raise DataError(
                f"The derived number `{self.expressions[place]}` has no value in any row to train on.", "Correct it under [data.derived]."
            )
        self.n_features_in_ = x.shape[1]
        return self

    def transform(self, x: "pd.DataFrame") -> Numbers:
        """Shape (rows, expressions); missing where a feature is, where a division is by nothing, and beyond what a model computes with."""
        values = np.column_stack([one.over(x) for one in self.parsed])
        return np.where(np.abs(values) <= GREATEST, values, np.nan)

    @property
    def parsed(self) -> tuple[Expression, ...]:
        """The expressions, checked."""
        return tuple(parse_expression(text) for text in self.expressions)
