"""Typed rows as numbers alone, for whatever asks a model about changed customers: categories by their place among those known."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.tables.schema import Schema

if TYPE_CHECKING:
    import pandas as pd

Numbers = NDArray[np.float64]


class RawColumns:
    """The features of a table. A category that `known` does not have gets a place of its own as it is met, so codes mean the same for one object."""

    def __init__(self, columns: Schema, known: "pd.DataFrame") -> None:
        self._columns = columns
        self._categories: dict[str, dict[object, int]] = {name: {} for name in columns.categorical}
        self.code(known)

    def is_number(self, place: int) -> bool:
        """Whether the feature at this place is numerical."""
        return place < len(self._columns.numerical)

    def code(self, rows: "pd.DataFrame") -> Numbers:
        """Shape (rows, features), in the schema's order; missing is NaN."""
        found = [rows[name].to_numpy(dtype=np.float64) for name in self._columns.numerical]
        for name, places in self._categories.items():
            cells = rows[name].where(rows[name].notna(), None).tolist()
            found.append(np.array([np.nan if cell is None else places.setdefault(cell, len(places)) for cell in cells], dtype=np.float64))
        return np.column_stack(found)

    def frame(self, codes: Numbers) -> "pd.DataFrame":
        """The typed rows that these codes are of."""
        import pandas as pd

        count = len(self._columns.numerical)
        made: dict[str, object] = {name: codes[:, place] for place, name in enumerate(self._columns.numerical)}
        for place, (name, places) in enumerate(self._categories.items(), start=count):
            words = np.array([*places, np.nan], dtype=object)
            at = np.where(np.isnan(codes[:, place]), len(places), codes[:, place]).astype(np.intp)
            made[name] = pd.Series(words[at], dtype=object)
        return pd.DataFrame(made)
