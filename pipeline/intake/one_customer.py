"""One customer to look at: the newest row of an id in a window, or the one row of a file."""

from pathlib import Path
from typing import cast

from pipeline.errors import DataError
from pipeline.intake.customers import customers_of
from pipeline.record.opened_workspace import Opened
from pipeline.scoring.customer_row import Row
from pipeline.shown_text import quoted
from pipeline.tables.reading import read_raw, typed
from pipeline.tables.schema import Schema
from pipeline.windows.window import Window


def customer_with_id(window: Window, wanted: str) -> Row:
    """The newest row of the customer in the window.

    Raises:
        DataError: it is not in it; see `customers_of`.
    """
    rows = customers_of(window)
    found = rows[rows["_id"] == wanted]
    if found.empty:
        raise DataError(
            f"Customer {quoted(wanted)} is not in {window.name}'s recent window.",
            "Look in another one: `--window 90d`, or `--current FILE`.",
        )
    return _row(found.tail(1), window.columns.features)


def customer_in_file(opened: Opened, columns: Schema, path: Path) -> Row:
    """The customer of a file that holds one row, with these columns of the reference.

    Raises:
        DataError: it cannot be read, lacks a column, or holds more rows or none.
    """
    rows = typed(read_raw(path, opened.settings.data.format), columns, with_target=False)
    if len(rows) != 1:
        raise DataError(f"{path.name} has {len(rows):,} rows.", "Give a file with one customer, or name one: `--current FILE --id ID`.")
    return _row(rows, columns.features)


def _row(rows: "object", features: tuple[str, ...]) -> Row:
    import pandas as pd

    assert isinstance(rows, pd.DataFrame)
    told = rows[list(features)].astype(object)
    return cast(Row, told.where(told.notna(), None).to_dict("records")[0])
