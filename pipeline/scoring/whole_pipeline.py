"""Scoring through the model as it is, whatever it is: exact by definition, and slow for single customers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline.scoring.customer_row import Cell, frame_of, too_great
from pipeline.tables.schema import Schema

if TYPE_CHECKING:
    import pandas as pd

Numbers = NDArray[np.float64]


class WholePipeline:
    """A fitted classifier of typed frames, and what is typical of its reference: medians of numbers, the most frequent categories."""

    def __init__(self, model: Any, columns: Schema, reference: "pd.DataFrame") -> None:
        """`model`: from `columns.features` to probabilities of (stays, churns). `reference`: typed rows it was trained on, some or all."""
        self._model = model
        self._columns = columns
        self._typical: list[Cell] = [
            *(float(reference[name].median()) for name in columns.numerical),
            *(next(iter(reference[name].mode().tolist()), None) for name in columns.categorical),
        ]

    def probabilities(self, customers: Sequence[Sequence[Cell]]) -> Numbers:
        """Probability of churn of each customer, as `typed_cells` gives them, shape (customers,).

        Raises:
            DataError: a number too great to compute with.
        """
        frame = frame_of(customers, self._columns)
        try:
            with np.errstate(over="ignore"):  # a number too great for single precision is refused with an error, no need to warn of it
                return np.asarray(self._model.predict_proba(frame)[:, 1], dtype=np.float64)
        except ValueError as error:
            raise too_great() from error

    def explained(self, customers: Sequence[Sequence[Cell]]) -> tuple[Numbers, Numbers]:
        """Probabilities, shape (customers,), and the effect of each feature, shape (customers, features): the probability minus that of the
        same customer with the typical value of this one feature. Errors as `probabilities`."""
        width = len(self._typical)
        asked = [self._with_typical(cells, place) for cells in customers for place in (None, *range(width))]
        found = self.probabilities(asked).reshape(len(customers), 1 + width)
        return found[:, 0], found[:, :1] - found[:, 1:]

    def _with_typical(self, cells: Sequence[Cell], place: int | None) -> list[Cell]:
        changed = list(cells)
        if place is not None:
            changed[place] = self._typical[place]
        return changed
