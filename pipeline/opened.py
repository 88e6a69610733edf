"""A workspace opened for work: its settings, policy, state and clock, read once and passed down together."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.cases import CaseFile
from pipeline.clock import Clock
from pipeline.ledger import Ledger
from pipeline.policy import Policy, load_policy
from pipeline.settings import Settings, read_settings
from pipeline.state import State, open_state
from pipeline.workspace import Workspace, find_workspace


@dataclass(frozen=True)
class Opened:
    """One opened workspace."""

    workspace: Workspace
    settings: Settings
    policy: Policy
    state: State
    clock: Clock

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.state, self.workspace.ledger_mirror)

    @property
    def cases(self) -> CaseFile:
        return CaseFile(self.state)


def open_workspace(start: Path, policy_text: str, clock: Clock) -> Opened:
    """Open the workspace `start` lies in, with the shipped policy `policy_text` under its overrides.

    Raises:
        WorkspaceError, SettingsError: see `find_workspace`, `read_settings`, `load_policy`, `open_state`.
    """
    workspace = find_workspace(start)
    workspace.require_writable()
    settings = read_settings(workspace.settings_file)
    policy = load_policy(policy_text, settings.policy)
    # A folder that holds settings alone (fresh from version control, say) is a new workspace, not a damaged one.
    state = open_state(workspace.state_db, create=not workspace.home.exists())
    return Opened(workspace, settings, policy, state, clock)
