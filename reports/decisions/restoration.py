"""A backup laid out again: every byte checked against its manifest, and the record verified, before a workspace is there."""

import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from pipeline.atomic_files import digest_of_file
from pipeline.canonical_json import json_once
from pipeline.clock import Clock
from pipeline.errors import DataError, IntegrityError, WorkspaceError
from pipeline.record.opened_workspace import Opened
from pipeline.state.database import open_state
from pipeline.state.snapshot import loaded
from pipeline.workspace.folder import SETTINGS_FILE, Workspace
from pipeline.workspace.policy import load_policy
from pipeline.workspace.settings import read_settings
from pipeline.workspace.shared_files import SharedFiles
from reports.decisions.backup import FORMAT, MANIFEST, BackupManifest
from reports.decisions.shared_workspace import put_all
from reports.decisions.verification import Verification, verify

_AGAIN = "Take another backup, or name an earlier one."
_MANIFEST_BYTES = 64 << 20


def restore(file: Path, folder: Path, policy_text: str, clock: Clock, known_head: str = "") -> Verification:
    """Make `folder`, which must be empty or absent, the workspace that `file` holds; where `database_url` is set its state goes into that
    database, which must be empty, and is as empty again where anything fails; where `artifact_url` is set, its files go there as well. `known_head` is `NUMBER:HASH` of a row as it was noted elsewhere.

    Raises:
        DataError: it is no backup, or not as it was written.
        IntegrityError: ledger, reports, artifacts or signatures in it do not agree, or rows after `known_head` are missing.
        WorkspaceError: `folder` is in use, or the database holds state.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise _in_use(folder)
    folder = folder.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    there = folder.is_dir()  # a folder that was made ready, or a mount, stays itself
    placed: list[Path] = []
    made = Path(tempfile.mkdtemp(prefix=".churnops-", dir=folder if there else folder.parent))
    try:
        manifest = _unpack(file, made)
        workspace = Workspace(made)
        settings = read_settings(workspace.settings_file)
        found = _verified(workspace, policy_text, clock, known_head or manifest.head)
        # The database keeps the state when the folder is whole, so what fails leaves neither.
        with _state_in(settings.database_url, workspace):
            if settings.artifact_url:  # not before the database has proved empty: else this is the store of a workspace at work
                put_all(workspace, SharedFiles(settings.artifact_url.rstrip("/")))
            _put(made, folder, placed, there=there)
        return found
    except BaseException:
        for path in placed:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        raise
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def _state_in(url: str, workspace: Workspace) -> Iterator[None]:
    """The workspace's state in the database at `url`, if there is one, instead of its file; kept when the block ends."""
    if not url:
        yield
        return
    source = open_state(workspace.state_db)
    try:
        with loaded(source, url):
            source.close()  # it has been read, and takes the files beside it away
            workspace.state_db.unlink()
            yield
    finally:
        source.close()


def _put(made: Path, folder: Path, placed: list[Path], *, there: bool) -> None:
    """The workspace in its place; in a folder that is `there` the settings last, without which it is no workspace yet. What was put is `placed`."""
    children = sorted(made.iterdir(), key=lambda child: child.name == SETTINGS_FILE)
    for source, place in [(child, folder / child.name) for child in children] if there else [(made, folder)]:
        if place.exists():  # somebody else put it there meanwhile
            raise _in_use(folder)
        source.rename(place)
        placed.append(place)


def _in_use(folder: Path) -> WorkspaceError:
    return WorkspaceError(f"{folder} is in use.", "Name an empty folder with --workspace.")


def _unpack(file: Path, folder: Path) -> BackupManifest:
    try:
        with tarfile.open(file, "r:gz") as archive:
            names = _lay_out(archive, folder)
        content = (folder / MANIFEST).read_bytes()[: _MANIFEST_BYTES + 1]
        json_once(content)
        manifest = BackupManifest.model_validate_json(content)
    except (tarfile.TarError, EOFError, zlib.error, ValidationError, ValueError, FileNotFoundError, IsADirectoryError) as error:
        raise DataError(
            f"{file} is no backup of churnops ({type(error).__name__}).", "Name a file that `churnops backup` wrote."
        ) from error
    if manifest.format != FORMAT:
        raise DataError(f"The format of {file} is {manifest.format[:40]!r}, not {FORMAT}.", "Restore it with the churnops that wrote it.")
    if names != {MANIFEST, *manifest.files} or SETTINGS_FILE not in names:
        raise DataError("The files in the backup are not those of its manifest.", _AGAIN)
    for name, expected in manifest.files.items():
        if digest_of_file(folder / name) != expected.sha256:
            raise DataError(f"{name} in the backup is not the file that its manifest names.", _AGAIN)
    (folder / MANIFEST).unlink()
    return manifest


def _lay_out(archive: tarfile.TarFile, folder: Path) -> set[str]:
    """The names of all members; each is a plain file below `folder` that no other one replaces."""
    names: set[str] = set()
    for member in archive:
        if not member.isreg() or member.name in names:
            raise ValueError("a member is no plain file, or is there twice")
        archive.extract(member, folder, filter="data")  # refuses what would lie elsewhere
        names.add(member.name)
    return names


def _verified(workspace: Workspace, policy_text: str, clock: Clock, known_head: str) -> Verification:
    settings = read_settings(workspace.settings_file)
    state = open_state(workspace.state_db)  # of the backup, wherever the workspace keeps its own
    try:
        opened = Opened(workspace, settings, load_policy(policy_text, settings.policy), state, clock)
        found = verify(opened, known_head)
    finally:
        state.close()
    if not found.ok:
        raise IntegrityError(f"The record in the backup does not verify: {found.problems[0].said}", "Nothing was restored. " + _AGAIN)
    return found
