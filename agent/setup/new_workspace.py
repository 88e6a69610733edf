"""Making a workspace: the reference table looked at, its roles inferred, churnops.toml and the state database written."""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.atomic_files import digest_of_file, write_atomically
from pipeline.errors import WorkspaceError
from pipeline.shown_text import plain
from pipeline.tables.guessed_schema import Inference, infer
from pipeline.tables.reading import RawTable, read_raw, typed
from pipeline.tables.splits import split_reference
from pipeline.workspace.data_settings import DataSettings
from pipeline.workspace.folder import SETTINGS_FILE, Workspace
from pipeline.workspace.settings_file import render_settings

if TYPE_CHECKING:
    import pandas as pd

CUSTOMERS = "customers.csv"
SPLIT_SEED = 42


def set_up(folder: Path, data: Path, target: str, positive: str = "", *, synthetic_seed: int | None = None) -> tuple[Workspace, Inference]:
    """Make `folder` a workspace around the table `data`. Nothing is written unless the table can be used.

    Raises:
        WorkspaceError: it is one already, or cannot be written.
        DataError: see `read_raw`, `infer`, `typed` and `split_reference`.
    """
    workspace = _new(folder)
    raw = read_raw(data)
    found = infer(raw, target, positive)
    table = typed(raw, found.schema, with_target=True)
    split_reference(table, found.schema, SPLIT_SEED)
    found = dataclasses.replace(
        found,
        notes=(*found.notes, *_not_read(raw, table, found.schema.numerical), *_counted(table[found.schema.target], found.schema.positive)),
    )
    place = data.resolve()
    inside = place.is_relative_to(workspace.root)
    settings = DataSettings(
        file=place.relative_to(workspace.root).as_posix() if inside else str(place),
        sha256=digest_of_file(data),
        **found.schema.model_dump(exclude_none=True),
        synthetic_seed=synthetic_seed,
    )
    write_atomically(workspace.settings_file, render_settings(settings).encode())
    return workspace, found


def set_up_synthetic(folder: Path, rows: int, seed: int) -> tuple[Workspace, Inference]:
    """Make `folder` a workspace around `rows` generated customers, written to customers.csv in it."""
    from pipeline.worlds.telephone_customers import make_customers

    workspace = _new(folder)
    table = workspace.root / CUSTOMERS
    if table.exists():
        raise WorkspaceError(f"{table} exists already.", "Choose another folder with --workspace.")
    write_atomically(table, make_customers(rows, seed).to_csv(index=False).encode())
    return set_up(folder, table, "Churn", synthetic_seed=seed)


def _not_read(raw: RawTable, table: "pd.DataFrame", numerical: Sequence[str]) -> Iterator[str]:
    if raw.unread_sheets:
        names = ", ".join(f"“{plain(name)}”" for name in raw.unread_sheets)
        yield f"The first visible sheet that holds anything is read; not read: {names}."
    for name in numerical:
        if infinite := int((table[name].isna() & raw.frame[name].notna()).sum()):
            said = "1 value is" if infinite == 1 else f"{infinite:,} values are"
            yield f"`{plain(name)}`: {said} infinite, which counts as missing."


def _counted(churned: "pd.Series", positive: str) -> Iterator[str]:
    yield f"{len(churned):,} rows, {churned.mean():.1%} of them churned."
    if churned.mean() > 0.5:
        yield f"More than half churned: if “{plain(positive)}” means that a customer stayed, name the other value with --positive."


def _new(folder: Path) -> Workspace:
    workspace = Workspace(folder.resolve())
    if workspace.settings_file.exists():
        raise WorkspaceError(
            f"{workspace.root} is a workspace already.", f"Edit its {SETTINGS_FILE}, or choose another folder with --workspace."
        )
    if workspace.home.exists():
        raise WorkspaceError(
            f"{workspace.home} is left from another workspace.", "Move it away, or choose another folder with --workspace."
        )
    workspace.require_writable()
    return workspace
