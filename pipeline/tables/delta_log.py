"""Which files of a Delta table's folder belong to its newest version; the others are of rows deleted or replaced since."""

from pathlib import Path
from urllib.parse import unquote

from pipeline.errors import DataError

LOG_FOLDER = "_delta_log"
# With these, rows or names in the files are not those of the table.
_CHANGE_FILES = {"deletionVectors", "columnMapping"}


def is_delta(folder: Path) -> bool:
    """Whether a folder holds a Delta table."""
    return (folder / LOG_FOLDER).is_dir()


def current_files(folder: Path) -> list[Path]:
    """The Parquet files of the table's newest version, sorted. The data need not be there yet: the log alone is read.

    Raises:
        DataError: the extra is not installed, the log cannot be read, or the table has features by which its files are not its rows.
    """
    try:
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError
    except ModuleNotFoundError as error:
        raise DataError("Delta tables need the extra `delta`.", 'Install it: pip install "churnops[delta]".') from error
    try:
        table = DeltaTable(folder.resolve().as_uri())  # of a path it would decode the `%`
        unreadable = _CHANGE_FILES.intersection(table.protocol().reader_features or ())
        partitions = table.metadata().partition_columns
        paths = sorted(unquote(path) for path in table.get_add_actions().column("path").to_pylist())
    except DeltaError as error:
        raise DataError(f"The Delta table {folder.name} cannot be read ({type(error).__name__}).", "Look at its `_delta_log`.") from error
    if unreadable:
        raise DataError(
            f"The Delta table {folder.name} uses {' and '.join(sorted(unreadable))}, so its files are not its rows.",
            "Rewrite it without, or read it through Spark.",
        )
    for path in paths:
        if ":/" in path or path.startswith("/") or ".." in path.split("/"):
            raise DataError(f"The Delta table {folder.name} has files elsewhere.", "Name a table that holds its own files.")
        if [part.partition("=")[0] for part in path.split("/")[:-1]] != list(partitions):
            raise DataError(f"The Delta table {folder.name} keeps its partitions in folders without their names.", "Read it through Spark.")
    return [folder / path for path in paths]
