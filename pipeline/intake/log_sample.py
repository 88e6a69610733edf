"""A few thousand rows of a log with all of its columns, for guessing what they are."""

from dataclasses import dataclass

import pandas as pd

from pipeline.errors import DataError
from pipeline.intake.team_log import OwnLog
from pipeline.sources.relation import ColumnType
from pipeline.sources.sampling import draw_sample
from pipeline.sources.source import ALL_ROWS
from pipeline.sources.source_opening import open_source
from pipeline.tables.categories import NO_SPELLING

_ROWS, _SEED = 20_000, 7


@dataclass(frozen=True)
class LogSample:
    """At most 20,000 rows: `cells` has every column of the log as text (NaN where missing), `types` what the engine says of it."""

    cells: pd.DataFrame
    types: dict[str, ColumnType]


def sample_of(log: OwnLog) -> LogSample:
    """
    Raises:
        DataError: the log cannot be read, or has no rows.
    """
    bare = log.columns.model_copy(update={"id": None, "time": None, "numerical": (), "categorical": ()})
    with open_source(log.source, bare, ALL_ROWS) as relation:
        types = {name: column.type for name, column in relation.columns.items()}
        (rows,) = relation.one(f"select count(*) from {relation.table}")
    if not rows:
        raise DataError(f"{log.name} has no rows, so its columns cannot be told.", "Name a log that has some.")
    everything = bare.model_copy(update={"categorical": tuple(types)})
    return LogSample(draw_sample(log.source, everything, ALL_ROWS, NO_SPELLING, rows, _ROWS, _SEED).features, types)
