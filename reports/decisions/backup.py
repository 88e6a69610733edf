"""A workspace in one file, taken while it is at work: the state of one moment, and every file that state speaks of.

A backup is a gzipped tar. Its last member, `manifest.json`, has the sha256 of every other one and the head of the ledger.
"""

import hashlib
import io
import os
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO

from pydantic import BaseModel

from pipeline.canonical_json import canonical
from pipeline.churnops_version import churnops_version
from pipeline.errors import ChurnopsError
from pipeline.own_file import open_own
from pipeline.record.opened_workspace import Opened
from pipeline.state.snapshot import copy_sqlite, take_snapshot
from pipeline.workspace.folder import SETTINGS_FILE, Workspace
from reports.decisions.recovery import recover
from reports.decisions.shared_workspace import bring_all

FORMAT = "churnops-backup/1"
MANIFEST = "manifest.json"
_ATTEMPTS = 3
# Work in progress, sessions and tokens of people (one that was revoked would work again), and databases, which are copied by themselves.
_LEFT_OUT = (
    "staging",
    "page",
    "mcp_tokens.json",
    "state.db",
    "mlflow.db",
    "state.db-wal",
    "state.db-shm",
    "mlflow.db-wal",
    "mlflow.db-shm",
)


class BackupFile(BaseModel, frozen=True, extra="forbid"):
    """One file of a backup."""

    sha256: str
    size: int


class BackupManifest(BaseModel, frozen=True, extra="forbid"):
    """What a backup holds, by name from the workspace's folder. `head` is `NUMBER:HASH` of the ledger's newest row; `elsewhere` are files the
    settings name that lie outside the workspace and are not in it."""

    format: str
    churnops: str
    made_at: datetime
    head: str
    files: dict[str, BackupFile]
    elsewhere: tuple[str, ...]


def back_up(opened: Opened, file: Path) -> BackupManifest:
    """Write the workspace into `file`, readable for its owner alone. Where the ledger went on meanwhile it is done again, so that state and
    files are of one moment.

    Raises:
        ChurnopsError: `file` exists, or the ledger goes on faster than the files can be copied.
    """
    if file.exists():
        raise ChurnopsError(f"{file} exists already.", "Name another file.")
    for _ in range(_ATTEMPTS):
        head = _head(opened)  # before its files are brought here, so that none which a later row names is missing
        recover(opened)
        bring_all(opened)
        with tempfile.TemporaryDirectory(prefix=".churnops-", dir=file.absolute().parent) as made:
            written = Path(made) / "backup"
            manifest = _write(opened, head, Path(made), written)
            if _head(opened) == head:
                written.rename(file)
                return manifest
    raise ChurnopsError("The ledger went on each time while its files were copied.", "Try again when no triage or decision is under way.")


def _write(opened: Opened, head: str, room: Path, place: Path) -> BackupManifest:
    workspace = opened.workspace
    sources = dict(_files(opened))
    take_snapshot(opened.state, room / "state.db")
    sources[".churnops/state.db"] = room / "state.db"
    if workspace.mlflow_db.exists():
        copy_sqlite(workspace.mlflow_db, room / "mlflow.db")
        sources[".churnops/mlflow.db"] = room / "mlflow.db"
    place.touch(mode=0o600)
    with tarfile.open(place, "w:gz", compresslevel=1) as archive:
        files = {name: _add(archive, name, source) for name, source in sorted(sources.items())}
        manifest = BackupManifest(
            format=FORMAT,
            churnops=churnops_version(),
            made_at=opened.clock(),
            head=head,
            files=files,
            elsewhere=tuple(_elsewhere(opened)),
        )
        content = canonical(manifest).encode()
        archive.addfile(_info(MANIFEST, len(content)), io.BytesIO(content))
    return manifest


def _head(opened: Opened) -> str:
    chain = opened.ledger.chain()
    return f"{len(chain.hashes)}:{chain.hashes[-1]}"


def _named(opened: Opened) -> dict[str, Path]:
    """What the settings name as a file, by the name they have for it: the reference and the file of signers, by which a restored workspace trains
    and verifies, the logs, and the keys of serving."""
    settings = opened.settings
    names = (settings.data.file, settings.predictions.file, settings.outcomes.file, settings.offers.file, settings.serving.api_key_file)
    root = opened.workspace.root
    # Unless the settings say so, a file of signers need not be there.
    signers = [settings.approval.signers] if (root / settings.approval.signers).exists() else []
    return {name: Path(os.path.normpath(root / name)) for name in (*map(str, names), *signers) if name}


def _elsewhere(opened: Opened) -> Iterator[str]:
    """What the settings name that is not saved: addresses, folders and patterns, and what lies outside the workspace."""
    for name, path in _named(opened).items():
        if "://" in name or not path.is_file():
            yield name
        elif not path.is_relative_to(opened.workspace.root):
            yield str(path)


def _files(opened: Opened) -> Iterator[tuple[str, Path]]:
    workspace = opened.workspace
    yield SETTINGS_FILE, workspace.settings_file.resolve()
    for name, path in _named(opened).items():
        if "://" not in name and path.is_file() and path.is_relative_to(workspace.root):
            yield path.relative_to(workspace.root).as_posix(), path.resolve()
    for path in _kept(workspace):
        yield path.relative_to(workspace.root).as_posix(), path


def _kept(workspace: Workspace) -> Iterator[Path]:
    for path in workspace.home.rglob("*"):
        kind = path.relative_to(workspace.home).parts[0]
        # A model's folder holds what its maker put there, and is whole or not there.
        half_written = kind != "models" and (path.name.startswith(".") or path.suffix == ".lock")
        if kind not in _LEFT_OUT and not half_written and path.is_file():
            yield path


def _add(archive: tarfile.TarFile, name: str, source: Path) -> BackupFile:
    """Of a file that grows, what it held when it was opened."""
    with os.fdopen(open_own(source), "rb") as stream:
        size = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        counted = _Counted(stream)
        archive.addfile(_info(name, size), counted)  # type: ignore[arg-type]  # it is read, nothing else
    return BackupFile(sha256=counted.digest.hexdigest(), size=size)


def _info(name: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info


class _Counted:
    """A file whose bytes are hashed while they are read."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()

    def read(self, size: int) -> bytes:
        part = self._stream.read(size)
        self.digest.update(part)
        return part
