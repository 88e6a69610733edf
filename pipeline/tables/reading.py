"""Customer tables from the files teams have: first every cell as text, then the typed columns a schema names."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pandas as pd

from pipeline.errors import DataError
from pipeline.tables.categories import Categories
from pipeline.tables.cell_numbers import LARGEST, Decimal
from pipeline.tables.cell_values import HOW_TO_WRITE_TIMES, categories_in, clean_text, ids_in, parse_numbers, parse_times, unread_times
from pipeline.tables.connection import connected
from pipeline.tables.delimited import require_unique, stage
from pipeline.tables.file_format import ENDINGS, TO_FIND_OUT, FileFormat, kind_of
from pipeline.tables.json_records import read_json
from pipeline.tables.schema import Schema
from pipeline.tables.workbook import read_workbook


@dataclass(frozen=True)
class RawTable:
    """A table as written: every cell of `frame` is a stripped text or None (dtype object). `format` says how the file is written,
    `unread_sheets` names those of a workbook that are not in `frame`."""

    frame: pd.DataFrame
    format: FileFormat
    path: Path
    unread_sheets: tuple[str, ...] = ()

    @property
    def decimal(self) -> Decimal:
        """The decimal mark of the table's numbers."""
        return self.format.decimal or "."


def read_raw(path: Path, fmt: FileFormat = TO_FIND_OUT) -> RawTable:
    """Read a table, see `file_format.kind_of`. What `fmt` leaves empty is found out; its time zone is passed on.

    The decimal mark of a text file goes by its cells: "12,5" speaks for the comma, "12.5" for the dot, and "1,234" alone is thousands
    unless the delimiter is `;`. JSON, Excel and Parquet carry numbers of their own, so there the dot holds whatever `fmt` says.

    Raises:
        DataError: no such file, another kind of file, no rows, or not what its ending says.
    """
    if not path.exists():
        raise DataError(f"There is no file {path}.", "Check the path.")
    if path.is_dir():
        raise DataError(f"{path} is a folder.", "Name one file in it.")
    if not path.is_file():
        raise DataError(f"{path} is a pipe or a device, no file.", "Write the rows into a file.")
    try:
        return _read(path, fmt)
    except OSError as error:
        raise DataError(f"{path.name} cannot be read: {error.strerror or error}.", "Give your user read access to it.") from error


def raw_of(frame: pd.DataFrame, name: str | Path, fmt: FileFormat = TO_FIND_OUT) -> RawTable:
    """A table that lies in memory, as if it had been read from a file called `name`.

    Raises:
        DataError: no rows, or two columns of one name.
    """
    path = Path(name)
    if frame.empty:
        raise DataError(f"{path.name} has no rows.", "Export the rows as well.")
    require_unique(frame.columns, path.name)
    return RawTable(pd.DataFrame({column: clean_text(frame[column]) for column in frame}), fmt, path)


def _read(path: Path, fmt: FileFormat) -> RawTable:
    kind, own = kind_of(path.name), FileFormat(decimal=".", timezone=fmt.timezone)
    if kind == "delimited":
        return _read_delimited(path, fmt)
    if kind == "json":
        frame, encoding = read_json(path, fmt.encoding)
        return raw_of(frame, path, own.model_copy(update={"encoding": encoding}))
    if kind == "excel":
        frame, unread = read_workbook(path)
        return replace(raw_of(frame, path, own), unread_sheets=unread)
    if kind == "parquet":
        return raw_of(_read_parquet(path), path, own)
    raise DataError(f"{path.name} is no table that churnops reads, by its ending.", f"Supported are {ENDINGS}.")


def _read_delimited(path: Path, fmt: FileFormat) -> RawTable:
    with connected(path.name, fmt.timezone) as (connection, folder):
        staged = stage(connection, [path], folder, fmt)
        return raw_of(_read_parquet(staged.file).set_axis(staged.names, axis=1), path, staged.format)


def _read_parquet(path: Path) -> pd.DataFrame:
    import pyarrow as pa  # type: ignore[import-untyped]
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    try:
        table = pq.ParquetFile(path).read()
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path.name} is not a readable Parquet file.", "Export it again.") from error
    nested = [field.name for field in table.schema if pa.types.is_nested(field.type)]
    if nested:
        raise DataError(f"{path.name}: column `{nested[0]}` holds lists or structs.", "Flatten it, or leave it out.")
    # Without the metadata of pandas an index is a column like any other; with objects, integers with gaps stay integers.
    frame = cast(pd.DataFrame, table.to_pandas(ignore_metadata=True, integer_object_nulls=True))
    frame.columns = frame.columns.str.strip()
    return frame


def typed(raw: RawTable, schema: Schema, *, with_target: bool) -> pd.DataFrame:
    """The columns `schema` names, in the order id (text), time (datetime64[us, UTC]), numerical (float64), categorical (object: text or
    NaN), target (int8, 1 is churn; only `with_target`). Infinite numbers are missing. As the table is a reference, it settles how its
    categories are spelt.

    A table `with_target` is one to train on and must have every column; rows without an outcome are left out. A window may lack id and time.

    Raises:
        DataError: a column is missing or holds what its role does not allow. No sentence quotes a cell: it may leave the machine.
    """
    frame = raw.frame
    needed = [*schema.features, *((schema.id, schema.time, schema.target) if with_target else ())]
    lacking = [name for name in needed if name is not None and name not in frame]
    if lacking:
        names = ", ".join(f"`{name}`" for name in lacking)
        raise DataError(f"{raw.path.name} lacks {names}.", "Add the missing columns to the export; `data` in churnops.toml names them all.")
    columns: dict[str, pd.Series] = {}
    if schema.id is not None and schema.id in frame:
        columns[schema.id] = ids_in(frame[schema.id], raw.decimal)
    if schema.time is not None and schema.time in frame:
        columns[schema.time] = times_in(raw, schema.time)
    for name in schema.numerical:
        columns[name] = _numbers(raw, name)
    for name in schema.categorical:
        columns[name] = categories_in(frame[name], None, raw.decimal)
    if not with_target:
        return pd.DataFrame(columns, index=frame.index)
    columns[schema.target] = outcomes = _outcomes(raw, schema)
    labelled = pd.DataFrame(columns, index=frame.index)[outcomes.notna()].reset_index(drop=True)
    return labelled.astype({schema.target: "int8"})


def _numbers(raw: RawTable, name: str) -> pd.Series:
    text = raw.frame[name]
    numbers = parse_numbers(text, raw.decimal)
    _require_all(raw, name, numbers.isna() & text.notna(), "are not numbers", f"Correct the export, or make `{name}` categorical.")
    return numbers.where(numbers.abs() <= LARGEST)


def times_in(raw: RawTable, name: str) -> pd.Series:
    """One column as points in time (datetime64[us, UTC]); all missing where the table does not have it.

    Raises:
        DataError: a cell holds no time.
    """
    if name not in raw.frame:
        return pd.Series(pd.NaT, index=raw.frame.index, dtype="datetime64[us, UTC]")
    text = raw.frame[name]
    times = parse_times(text, raw.format.timezone, raw.decimal)
    _require_all(raw, name, times.isna() & text.notna(), unread_times(text, times) or "", HOW_TO_WRITE_TIMES)
    return times


def _outcomes(raw: RawTable, schema: Schema) -> pd.Series:
    """1 for churned, 0 for stayed, NaN for neither."""
    answers = categories_in(raw.frame[schema.target], Categories((schema.positive, *schema.negative)), raw.decimal)
    stayed = answers.isin(schema.negative) if schema.negative else answers.notna() & (answers != schema.positive)
    if not (answers == schema.positive).any():
        raise DataError(f"{raw.path.name}: no value of `{schema.target}` is `{schema.positive}`.", "Correct `positive` in churnops.toml.")
    if not schema.negative and answers[stayed].nunique() > 1:
        distinct = answers.nunique()
        raise DataError(
            f"{raw.path.name}: the target `{schema.target}` holds {distinct} different values, not two.", "Export both outcomes only."
        )
    if not stayed.any():
        raise DataError(f"{raw.path.name}: no value of `{schema.target}` says that a customer stayed.", "Export both outcomes.")
    return (answers == schema.positive).astype("float64").where((answers == schema.positive) | stayed)


def _require_all(raw: RawTable, name: str, wrong: "pd.Series[bool]", said: str, next_step: str) -> None:
    if wrong.any():
        first = int(wrong.to_numpy().argmax()) + 1
        raise DataError(f"{raw.path.name}: {int(wrong.sum())} values of `{name}` {said}, the first in data row {first}.", next_step)
