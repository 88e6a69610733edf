"""Making a workspace: the reference table looked at, its roles inferred, churnops.toml and the state database written."""

import dataclasses
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.atomic_files import digest_of_file, write_atomically
from pipeline.errors import WorkspaceError
from pipeline.roles.inference import Inference, infer
from pipeline.roles.target import Value, open_values
from pipeline.shown_text import plain
from pipeline.tables.reading import RawTable, read_raw, typed
from pipeline.tables.splits import can_split_by_time, split_reference
from pipeline.words import counted
from pipeline.workspace.data_settings import DataSettings
from pipeline.workspace.folder import SETTINGS_FILE, Workspace
from pipeline.workspace.settings_file import render_settings

if TYPE_CHECKING:
    import pandas as pd

CUSTOMERS = "customers.csv"
SPLIT_SEED = 42


def set_up(
    folder: Path,
    data: Path,
    target: str,
    positive: str = "",
    *,
    url: str = "",
    drop: Collection[str] = (),
    choose: Callable[[Sequence[Value]], str] | None = None,
    synthetic_seed: int | None = None,
) -> tuple[Workspace, Inference]:
    """Make `folder` a workspace around the table `data`. Nothing is written unless the table can be used.

    Args:
        folder: which may not be one yet.
        data: the labelled table; a dated one is split by time where that can be done.
        target: its column that says who churned.
        positive: its value for churned; empty: found out.
        url: where the table lies, if `data` is a copy of it.
        drop: its values whose rows are left out.
        choose: asked which value means churned, where that is open; None: nobody is there to be asked.
        synthetic_seed: of generated customers.

    Raises:
        WorkspaceError: it is one already, or cannot be written.
        DataError: see `read_raw`, `infer`, `typed` and `split_reference`.
    """
    workspace = _new(folder)
    raw = read_raw(data)
    if choose is not None and (values := open_values(raw, target, positive, drop)):
        positive = choose(values)
    found = infer(raw, target, positive, drop)
    table = typed(raw, found.schema, with_target=True)
    by_time = can_split_by_time(table, found.schema)
    split = split_reference(table, found.schema, SPLIT_SEED, newest_to_test=by_time)
    told = (*_not_read(raw, table, found.schema.numerical), *_counted(table[found.schema.target], found), f"Split {split.how}.")
    found = dataclasses.replace(found, notes=(*found.notes, *told))
    place = data.resolve()
    inside = place.is_relative_to(workspace.root)
    settings = DataSettings(
        file=url or (place.relative_to(workspace.root).as_posix() if inside else str(place)),
        sha256=digest_of_file(data),
        split="time" if by_time else "random",
        **found.schema.model_dump(exclude_none=True),
        synthetic_seed=synthetic_seed,
    )
    write_atomically(workspace.settings_file, render_settings(settings).encode(), mode=0o600)
    return workspace, found


def set_up_synthetic(folder: Path, rows: int, seed: int) -> tuple[Workspace, Inference]:
    """Make `folder` a workspace around `rows` generated customers, written to customers.csv in it."""
    from pipeline.worlds.telephone_customers import make_customers

    workspace = _new(folder)
    table = workspace.root / CUSTOMERS
    if table.exists():
        raise WorkspaceError(f"{table} exists already.", "Choose another folder with --workspace.")
    write_atomically(table, make_customers(rows, seed).to_csv(index=False).encode(), mode=0o600)
    return set_up(folder, table, "Churn", synthetic_seed=seed)


def _not_read(raw: RawTable, table: "pd.DataFrame", numerical: Sequence[str]) -> Iterator[str]:
    if raw.unread_sheets:
        names = ", ".join(f"“{plain(name)}”" for name in raw.unread_sheets)
        yield f"The first visible sheet that holds anything is read; not read: {names}."
    for name in numerical:
        if infinite := int((table[name].isna() & raw.frame[name].notna()).sum()):
            said = "1 value is" if infinite == 1 else f"{infinite:,} values are"
            yield f"`{plain(name)}`: {said} infinite, which counts as missing."


def _counted(churned: "pd.Series", found: Inference) -> Iterator[str]:
    target = found.target
    yield f"{len(churned):,} rows, {churned.mean():.1%} of them churned."
    if target.unknown:
        yield f"{counted(target.unknown, 'row')} without a value in `{plain(found.schema.target)}` left out."
    if target.dropped:
        yield f"{counted(target.dropped, 'row')} with a dropped value of `{plain(found.schema.target)}` left out."
    if target.doubtful:
        readings = ", ".join(f"“{plain(value.text)}” {counted(value.rows, 'row')}" for value in target.doubtful)
        yield (
            f"“{plain(target.positive)}” is taken for churned because it is the rarer value: {readings}. "
            "If that is wrong, name the value with --positive."
        )
    elif churned.mean() > 0.5:
        yield f"More than half churned: if “{plain(target.positive)}” means that a customer stayed, name the other value with --positive."


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
