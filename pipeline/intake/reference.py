"""The reference table: remembered by path and sha256, read whole, and split the same way every time."""

import pandas as pd

from pipeline.atomic_files import digest_of_file
from pipeline.errors import DataError
from pipeline.record.opened_workspace import Opened
from pipeline.rulings.exclusions import excluded, without_excluded
from pipeline.tables.cell_values import spelling_in
from pipeline.tables.reading import RawTable, read_raw, typed
from pipeline.tables.remote_files import fetch, is_remote
from pipeline.tables.splits import Split, split_reference


def load_reference(opened: Opened) -> pd.DataFrame:
    """The typed reference table.

    Raises:
        DataError: see `read_reference` and `typed`.
    """
    return typed(read_reference(opened), opened.settings.data.columns, with_target=True)


def read_reference(opened: Opened) -> RawTable:
    """The reference table as written.

    Raises:
        DataError: it is gone, unreadable, or not the bytes `churnops init` saw, or a person accepted last.
    """
    data = opened.settings.data
    raw, found = reference_as_it_is(opened)
    if found != data.sha256:
        raise DataError(
            f"The reference table {data.file if is_remote(data.file) else opened.reference_file} changed: its sha256 is {found}, churnops.toml remembers "
            f"{data.sha256}.",
            "Restore it, or look at what changed with `churnops data diff` and take it in with `churnops data accept`.",
        )
    return raw


def reference_as_it_is(opened: Opened) -> tuple[RawTable, str]:
    """The reference table as it lies there now, and its sha256.

    Raises:
        DataError: it is gone, or unreadable.
    """
    data = opened.settings.data
    copy = fetch(data.file) if is_remote(data.file) else None
    path = opened.reference_file if copy is None else copy.path
    if not path.is_file():
        raise DataError(
            f"The reference table {path} is gone.", "Put it back, or name its new place as `file` under [data] in churnops.toml."
        )
    return read_raw(path, data.format), digest_of_file(path)


def reference_test_rows(opened: Opened) -> pd.DataFrame | None:
    """The test set of the reference, to see what a model trained since forgot; None where the table is gone or changed, which stops no training."""
    try:
        return load_split(opened).test
    except DataError:
        return None


def load_split(opened: Opened) -> Split:
    """The reference in its three parts: train, test, held back. Rows that people took out are missing from their part, so that no other row
    changes sides."""
    data, columns = opened.settings.data, opened.settings.data.columns
    split = split_reference(load_reference(opened), columns, opened.settings.training.seed, newest_to_test=data.split == "time")
    left_out = excluded(opened.state)
    if columns.time is None or not left_out:
        return split
    whole = pd.concat([split.train, split.test, split.held_back])
    spelling = spelling_in(whole, columns.categorical)
    train, test, held_back = (
        without_excluded(part, part[columns.time], left_out, spelling).reset_index(drop=True)
        for part in (split.train, split.test, split.held_back)
    )
    return Split(train, test, held_back, split.how)
