"""A bounded sample of the rows that one model scored while it served."""

from datetime import datetime
from typing import TYPE_CHECKING

from pipeline.state.database import State
from pipeline.tables.schema import Schema

if TYPE_CHECKING:
    import pandas as pd

_SEED = 7


def served_sample(state: State, schema: Schema, since: datetime, until: datetime, version: str, most: int) -> "pd.DataFrame | None":
    """About `most` of the rows that this version scored in `since < time <= until`, all of them where they are no more; as `read_served`. None
    where it scored none."""
    from sqlalchemy import text

    from pipeline.sources.sampling import chosen_by
    from pipeline.state.predictions import read_served, served_rows

    rows = served_rows(state, since, until, version)
    if not rows:
        return None
    chosen = chosen_by("seq", rows, most, _SEED)
    return read_served(state, schema, since, until, version, text(chosen) if chosen else None)
