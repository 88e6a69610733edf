"""A table in the types that pandas gives it, as a team has it in a notebook: what its model was fitted on."""

import io

import pandas as pd

from pipeline.errors import DataError
from pipeline.tables.file_format import kind_of
from pipeline.tables.reading import RawTable
from pipeline.tables.text_file import find_text


def natively_typed(raw: RawTable) -> pd.DataFrame:
    """The rows of `raw` in its order, each column as pandas reads it from the same file: whole numbers, true and false, categories.

    JSON and Excel carry cells and no columns, so there pandas decides by the texts.

    Raises:
        DataError: pandas reads other rows than churnops does.
    """
    kind = kind_of(raw.path.name)
    if kind == "parquet":
        frame = pd.read_parquet(raw.path)
        # An index is a column like any other, for churnops; one without a name is pandas' own count.
        frame = frame.reset_index(drop=frame.index.names == [None])
    else:
        written = find_text(raw.path, raw.format.encoding).open().read() if kind == "delimited" else raw.frame.to_csv(index=False)
        delimiter = raw.format.delimiter if kind == "delimited" else ","
        try:
            # Cells beyond the last column would make an index of the first.
            frame = pd.read_csv(io.StringIO(written), sep=delimiter, decimal=raw.decimal, index_col=False, low_memory=False)
        except (pd.errors.ParserError, ValueError) as error:
            raise _unlike(raw) from error
    if len(frame) != len(raw.frame):
        raise _unlike(raw)
    frame.columns = frame.columns.astype(str).str.strip()
    return frame


def _unlike(raw: RawTable) -> DataError:
    return DataError(f"pandas does not read {raw.path.name} as churnops does, so no types can be compared.", "Export it as Parquet.")
