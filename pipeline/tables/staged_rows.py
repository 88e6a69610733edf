"""Files that only Python reads, brought to Parquet, so that DuckDB counts them like any other."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pipeline.tables.delimited import Staged, require_same_columns
from pipeline.tables.file_format import FileFormat, kind_of
from pipeline.tables.reading import read_raw


def stage_rows(paths: Sequence[Path], folder: Path, told: FileFormat) -> Staged:
    """Write the rows of all files, in order, to Parquet in `folder`. JSON objects may lack a name that others have, sheets may not.

    Raises:
        DataError: see `read_raw`; or sheets with different columns.
    """
    import pyarrow as pa  # type: ignore[import-untyped]
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    raws = [read_raw(path, told) for path in paths]
    if kind_of(paths[0].name) == "excel":
        require_same_columns({raw.path: tuple(raw.frame.columns) for raw in raws})
    frame = pd.concat([raw.frame for raw in raws], ignore_index=True)
    # Named as text is staged: DuckDB takes names that differ in case alone for the same.
    cells = {f"c{place}": pa.array(frame[name], pa.string(), from_pandas=True) for place, name in enumerate(frame)}
    staged = Staged(folder / "staged.parquet", tuple(frame.columns), raws[0].format)
    pq.write_table(pa.table(cells), staged.file)
    return staged
