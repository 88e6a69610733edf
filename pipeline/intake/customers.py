"""Customers of a window to be scored: one row each, the newest."""

from typing import TYPE_CHECKING

from pipeline.errors import DataError
from pipeline.intake.window_rows import rows_with_ids
from pipeline.windows.window import Window, require_whole

if TYPE_CHECKING:
    import pandas as pd


def customers_of(window: Window) -> "pd.DataFrame":
    """The newest row of each customer: `_id`, then the schema's features, typed. Rows that name no customer are not among them.

    Raises:
        DataError: see `require_whole`; the rows name no customers.
    """
    require_whole(window)
    rows = rows_with_ids(window)
    if "_id" not in rows or rows["_id"].isna().all():
        raise DataError(f"{window.name} names no customers.", "Name their column as `id` under [predictions] in churnops.toml.")
    return newest_of_each(rows)[["_id", *window.columns.features]]


def newest_of_each(rows: "pd.DataFrame") -> "pd.DataFrame":
    """The last row of each `_id`, by `_time` where there is one, else by place."""
    named = rows.dropna(subset=["_id"])
    ordered = named.sort_values("_time", kind="stable") if "_time" in named else named
    return ordered.drop_duplicates("_id", keep="last").reset_index(drop=True)
