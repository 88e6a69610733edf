"""The rows of a window in memory, for what counts cannot tell."""

from typing import TYPE_CHECKING

from pipeline.errors import DataError
from pipeline.profiles.profile import spelling_of
from pipeline.rulings.exclusions import without_excluded
from pipeline.sources.source import Files, Frame, MappedSource, PredictionLog, Restriction
from pipeline.tables.categories import Spelling
from pipeline.windows.window import Window

if TYPE_CHECKING:
    import pandas as pd


def window_rows(window: Window) -> "pd.DataFrame":
    """All rows of the window with the schema's features, typed: for what cannot be told from counts.

    Raises:
        DataError: the source cannot be read row by row.
    """
    lying = window.source.source if isinstance(window.source, MappedSource) else window.source
    if not isinstance(lying, PredictionLog | Files | Frame):
        raise DataError(f"The rows of {window.name} stay where they are.", "Take a window from a file for this.")
    return rows_with_ids(window)[list(window.columns.features)]


def rows_with_ids(window: Window) -> "pd.DataFrame":
    """As `window_rows`, after the columns `_id` and `_time` (UTC) where the source has them, wherever the rows lie.

    Raises:
        DataError: the source cannot be read any more.
    """
    spelling = spelling_of(window.profile)
    if isinstance(window.source, PredictionLog) and window.since is not None and window.until is not None:
        from pipeline.state.database import open_state
        from pipeline.state.predictions import read_predictions

        state = open_state(window.source.place)
        try:
            since = window.restriction.since or window.since
            logged = read_predictions(state, window.columns, since, window.until)
            return kept_rows(logged, window.restriction, spelling)
        finally:
            state.close()
    from pipeline.sources.rows import rows_of

    return rows_of(window.source, window.columns, window.restriction, spelling)


def kept_rows(logged: "pd.DataFrame", restriction: Restriction, spelling: Spelling) -> "pd.DataFrame":
    """Those of some logged predictions that `restriction` means, but for its span and version, their categories spelt by `spelling`."""
    from pipeline.tables.cell_values import spelt

    frame = without_excluded(spelt(logged, spelling), logged["_time"], restriction.left_out, spelling)
    if restriction.segment is None:
        return frame
    column, value = restriction.segment
    return frame[frame[column] == value]
