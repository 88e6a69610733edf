"""A workspace's state taken over into PostgreSQL, and where asked for its files into an object store: verified, and the source left as it was."""

from pydantic import BaseModel

from pipeline.errors import IntegrityError, SettingsError
from pipeline.record.opened_workspace import Opened
from pipeline.state.engine import named
from pipeline.state.snapshot import CopiedTable, loaded
from pipeline.tables.remote_files import shown_url
from pipeline.workspace.database_url import require_database_url
from pipeline.workspace.folder import Workspace
from pipeline.workspace.shared_files import SharedFiles, require_store_url
from reports.decisions.shared_workspace import bring_all, check_all, put_all
from reports.decisions.verification import verify


class Moved(BaseModel, frozen=True):
    """What was taken over: `to`, without a password (the store, where only files were), its `tables`, the head of the ledger that came along, and the number of models, reports
    and transcripts that were put in the object store."""

    to: str
    head: str | None
    tables: tuple[CopiedTable, ...]
    files: int


def move(opened: Opened, database_url: str = "", artifact_url: str = "") -> Moved:
    """Bring the state into the empty database at `database_url`, in one transaction, and put the files at `artifact_url` before it ends; without
    `database_url` only the files, of a workspace whose state lies in PostgreSQL already. What the store took is read back and compared.

    Raises:
        SettingsError: an address is missing or cannot be used, or the state lies in PostgreSQL already.
        IntegrityError: the record does not verify, or the database or the store does not hold what was read.
        WorkspaceError: the database holds something, or the database or the store does not answer. The database is as empty then as it was.
    """
    if not database_url and not (artifact_url and opened.settings.database_url):
        raise SettingsError("It is not said where to.", "Name a database with --to; --artifacts alone is for a workspace in PostgreSQL.")
    if database_url and opened.settings.database_url:
        raise SettingsError(
            f"The state lies in {named(opened.settings.database_url)} already.", "`churnops backup` and `restore` take it elsewhere."
        )
    try:
        if database_url:
            require_database_url(database_url)
        if artifact_url:
            require_store_url(artifact_url)
    except ValueError as error:
        raise SettingsError(f"That is no place to move to: {error}.", "See docs/state-in-postgresql.md.") from error
    bring_all(opened)
    found = verify(opened)
    if not found.ok:
        raise IntegrityError(f"The record does not verify: {found.problems[0].said}", "Nothing was moved. Run `churnops reports verify`.")
    if not database_url:
        return Moved(to=shown_url(artifact_url), head=found.head, tables=(), files=_put_checked(opened.workspace, artifact_url))
    with loaded(opened.state, database_url) as tables:
        files = _put_checked(opened.workspace, artifact_url) if artifact_url else 0
    return Moved(to=named(database_url), head=found.head, tables=tables, files=files)


def _put_checked(workspace: Workspace, url: str) -> int:
    shared = SharedFiles(url.rstrip("/"))
    files = put_all(workspace, shared)
    check_all(workspace, shared)
    return files
