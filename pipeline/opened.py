"""A workspace opened for work: its settings, policy, state and clock, read once and passed down together."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.case_file import CaseFile
from pipeline.clock import Clock
from pipeline.ledger import Ledger
from pipeline.policy import Policy, load_policy
from pipeline.settings import Settings, read_settings
from pipeline.state import State, open_state
from pipeline.trust import configured_trust, first_trust
from pipeline.workspace import Workspace, find_workspace


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
        return Ledger(self.state, self.workspace.ledger_mirror)

    @property
    def cases(self) -> CaseFile:
        return CaseFile(self.state)


def open_workspace(start: Path, policy_text: str, clock: Clock, person: str = "") -> Opened:
    """Open the workspace `start` lies in, with the shipped policy `policy_text` under its overrides.

    Raises:
        WorkspaceError, SettingsError: see `find_workspace`, `read_settings`, `load_policy`, `open_state`.
    """
    workspace = find_workspace(start)
    workspace.require_writable()
    settings = read_settings(workspace.settings_file)
    policy = load_policy(policy_text, settings.policy)
    # A folder that holds settings alone (fresh from version control, say) is a new workspace, not a damaged one.
    new = not workspace.home.exists()
    opened = Opened(workspace, settings, policy, open_state(workspace.state_db, create=new), clock, person)
    if new:
        found = first_trust(configured_trust(workspace), clock())
        opened.ledger.append(clock(), "trusted", None, found)
    return opened
