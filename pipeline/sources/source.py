"""Where the rows of a window lie, and which of them are meant. Profiles are counted there; rows stay where they are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from pipeline.tables.file_format import TO_FIND_OUT, FileFormat
from pipeline.tables.remote_files import LocalCopy

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.state.engine import StatePlace


@dataclass(frozen=True)
class Files:
    """Files of one kind (`file_format.kind_of`): one, a folder with all below it (or a Delta table), or a pattern with `*` and `**`. `format` is
    how text is written; what it leaves empty is found out (`delimited.stage`). `copy` keeps the temporary copy of remote files, if it is one."""

    path: str
    format: FileFormat = TO_FIND_OUT
    copy: LocalCopy | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Frame:
    """A table in memory."""

    frame: "pd.DataFrame"


@dataclass(frozen=True)
class DatabaseTable:
    """A table or view in PostgreSQL, MariaDB, MySQL or SQLite, by its SQLAlchemy URL. `table` may name its schema: `sales.customers`.

    `timezone` is that of times written without one. SQLite compares times to the millisecond, and knows no zone but UTC.
    """

    url: str = field(repr=False)  # it may hold a password
    table: str
    timezone: str = "UTC"


@dataclass(frozen=True)
class PredictionLog:
    """The log of predictions that churnops keeps in its state database; only those of one model `version` where it is given."""

    place: "StatePlace" = field(repr=False)  # a URL may hold a password
    version: str | None = None


@dataclass(frozen=True)
class SparkTable:
    """A table or view of the running Spark session (or of a new one), or what may stand for one in its SQL: parquet.`folder`."""

    table: str


@dataclass(frozen=True)
class ColumnMapping:
    """What other rows call the features, and what they say there. `names`: from their name of a column to the feature. `values`: of a
    feature, from their text of a cell ("" for a missing one) to the reference's; texts that are not among them stay as they are."""

    names: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]]

    def __bool__(self) -> bool:
        return bool(self.names or self.values)

    def column_of(self, feature: str) -> str:
        """The rows' own name of a feature."""
        return next((name for name, mapped in self.names.items() if mapped == feature), feature)


@dataclass(frozen=True)
class MappedSource:
    """A source under column names and values of its own, read as the reference has them. Where `or_as_trained` and it has none of the
    mapped columns, it is read as it is: somebody prepared it under the names of the training."""

    source: Files | Frame | DatabaseTable | SparkTable
    mapping: ColumnMapping
    or_as_trained: bool = False


Source = Files | Frame | DatabaseTable | PredictionLog | SparkTable | MappedSource


@dataclass(frozen=True)
class Exclusion:
    """Rows that are left out: `since` <= scoring time < `until`, and of those the ones with a value in a column where `where` names both."""

    since: datetime
    until: datetime
    where: tuple[str, str] | None = None


@dataclass(frozen=True)
class Restriction:
    """Which rows are meant: `since` < scoring time <= `until`; `segment` and the model's `version`, each a column and the value it must
    have. None: no such limit. Rows without a scoring time are never among those `left_out`."""

    since: datetime | None = None
    until: datetime | None = None
    segment: tuple[str, str] | None = None
    version: tuple[str, str] | None = None
    left_out: tuple[Exclusion, ...] = ()


ALL_ROWS = Restriction()
