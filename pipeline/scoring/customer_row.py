"""One customer as a mapping, typed by the rules of tables: what counts as missing in a file is missing here too."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pipeline.errors import DataError
from pipeline.shown_text import plain
from pipeline.tables.categories import Spelling
from pipeline.tables.cell_numbers import LARGEST
from pipeline.tables.schema import Schema

if TYPE_CHECKING:
    import pandas as pd

Row = Mapping[str, float | str | None]
Cell = float | str | None


def typed_cells(row: Row, columns: Schema, spelling: Spelling) -> list[Cell]:
    """The customer's features in the schema's order: numbers (missing is NaN), then categories as `spelling` has them (missing is None).

    A feature the row lacks is missing. So are infinite numbers and those greater than 1e150, as in a window's files. Other entries of
    the row do not count.

    Raises:
        DataError: no number where one belongs.
    """
    numbers: list[Cell] = [_number(name, row.get(name)) for name in columns.numerical]
    return [*numbers, *(spelling[name].spelling(_text(row.get(name))) for name in columns.categorical)]


def frame_of(customers: Sequence[Sequence[Cell]], columns: Schema) -> "pd.DataFrame":
    """Customers, each as `typed_cells` gives them, as the frame that `tables.typed` would give: categorical object (text or NaN)."""
    import pandas as pd

    frame = {}
    for place, name in enumerate(columns.features):
        values = [math.nan if cells[place] is None else cells[place] for cells in customers]
        frame[name] = pd.Series(values, dtype="float64" if name in columns.numerical else object)
    return pd.DataFrame(frame, index=range(len(customers)))


def too_great() -> DataError:
    """A number that scikit-learn takes for infinite once it is scaled."""
    return DataError("A number of this customer is too great for the model to compute with.", "Check the units, or leave it out.")


def _number(name: str, value: Cell) -> float:
    if value is None:
        return math.nan
    if isinstance(value, str):
        raise DataError(f"`{plain(name)}` is a text where a number belongs.", "Give a number, or leave it out.")
    try:
        number = float(value)
    except OverflowError:  # a whole number of hundreds of digits
        return math.nan
    return number if -LARGEST <= number <= LARGEST else math.nan


def _text(value: Cell) -> str | None:
    return value if value is None or isinstance(value, str) else str(value)
