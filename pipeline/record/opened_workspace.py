"""A workspace opened for work: its settings, policy, state and clock, read once and passed down together."""

import warnings
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.clock import Clock
from pipeline.errors import Notice, WorkspaceError
from pipeline.record.anchor import note_head
from pipeline.record.approvers import configured_trust, first_trust
from pipeline.record.case_store import CaseFile
from pipeline.record.entry import Entry
from pipeline.record.ledger import Kind, Ledger
from pipeline.state.database import State, open_state
from pipeline.state.engine import named
from pipeline.workspace.access import settle_access
from pipeline.workspace.folder import Workspace, find_workspace
from pipeline.workspace.policy import Policy, load_policy
from pipeline.workspace.settings import Settings, read_settings
from pipeline.workspace.shared_files import SharedFiles


@dataclass(frozen=True)
class Opened:
    """One opened workspace. `person` is who works in it, as far as the machine says (user and e-mail); nobody has proved it."""

    workspace: Workspace
    settings: Settings
    policy: Policy
    state: State
    clock: Clock
    person: str = ""

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.state, self.workspace.ledger_mirror, self.clock)

    @property
    def reference_file(self) -> Path:
        """Where the reference lies; a relative path counts from the workspace's folder."""
        return self.workspace.root / self.settings.data.file

    @property
    def cases(self) -> CaseFile:
        return CaseFile(self.state)


def open_workspace(start: Path, policy_text: str, clock: Clock, person: str = "") -> Opened:
    """Open the workspace `start` lies in, with the shipped policy `policy_text` under its overrides.

    Raises:
        WorkspaceError, SettingsError: see `find_workspace`, `read_settings`, `load_policy`, `open_state`; or the database in PostgreSQL
            belongs to another workspace. Where `artifact_url` is set as well, a new folder joins the workspace that is there.
    """
    workspace = find_workspace(start)
    workspace.require_writable()
    settings = read_settings(workspace.settings_file)
    if settings.artifact_url:
        workspace = replace(workspace, shared=SharedFiles(settings.artifact_url.rstrip("/")))
    policy = load_policy(policy_text, settings.policy)
    # A folder that holds settings alone (fresh from version control, say) is a new workspace, not a damaged one.
    new = not workspace.home.exists()
    if not (new and settings.database_url):  # whether that database is this workspace's is not known yet
        settle_access(workspace, settings.workspace.mode)
    state = open_state(settings.database_url or workspace.state_db, create=new)
    opened = Opened(workspace, settings, policy, state, clock, person)
    if new:
        first = _first_row(opened)
        if first is None and settings.database_url and workspace.shared is None:
            raise WorkspaceError(
                f"{named(state.place)} holds the state of another workspace.",
                "Bring that one's .churnops here, set `artifact_url` to what it shares, or name another database or schema.",
            )
        if first is None:
            settle_access(workspace, settings.workspace.mode)
        opened.ledger.catch_up()
        if first is None and workspace.shared is not None:
            warnings.warn(Notice(f"{workspace.root} joins the workspace whose state lies in {named(state.place)}."), stacklevel=2)
        elif first is not None and (anchor := settings.approval.anchor):
            note_head(workspace.root / anchor, str(first.body["workspace"]), f"{first.seq}:{first.hash}")
    return opened


def _first_row(opened: Opened) -> Entry | None:
    """Begin the ledger, unless it has begun: in one transaction, because another host may open the same empty database at this moment."""
    with opened.state.write() as connection:
        begins: Kind = "trusted"
        if opened.ledger.last_in(connection, (begins,)) is not None:
            return None
        found = first_trust(configured_trust(opened.workspace), opened.clock())
        settle_access(opened.workspace, opened.settings.workspace.mode)
        return opened.ledger.append_in(connection, opened.clock(), begins, None, found)
