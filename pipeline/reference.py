"""The reference table: remembered by path and sha256, read whole, and split the same way every time."""

from pathlib import Path

import pandas as pd

from pipeline.errors import DataError
from pipeline.files import digest_of_file
from pipeline.opened import Opened
from pipeline.splits import Split, split_reference
from pipeline.tables import read_raw, typed


def reference_file(opened: Opened) -> Path:
    """Where the reference lies; a relative path counts from the workspace's folder."""
    return opened.workspace.root / opened.settings.data.file


def load_reference(opened: Opened) -> pd.DataFrame:
    """The typed reference table.

    Raises:
        DataError: it is gone, unreadable, or not the bytes `churnops init` saw.
    """
    path, data = reference_file(opened), opened.settings.data
    if not path.is_file():
        raise DataError(
            f"The reference table {path} is gone.", "Put it back, or name its new place as `file` under [data] in churnops.toml."
        )
    found = digest_of_file(path)
    if found != data.sha256:
        raise DataError(
            f"The reference table {path} changed: its sha256 is {found}, churnops.toml remembers {data.sha256}.",
            "Restore it, or start a new workspace with `churnops init`.",
        )
    return typed(read_raw(path, data.format), data.columns, with_target=True)


def load_split(opened: Opened) -> Split:
    """The reference in its three parts: train, gate, held back."""
    return split_reference(load_reference(opened), opened.settings.data.columns, opened.settings.training.seed)
