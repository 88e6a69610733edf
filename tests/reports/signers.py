"""SSH keys for tests, made by ssh-keygen as people make theirs, and a workspace whose approvals they sign."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from pipeline.canonical_json import canonical
from pipeline.record.approvers import confirmed
from pipeline.record.cases import Decision
from pipeline.record.opened_workspace import Opened
from pipeline.record.signatures import sign
from reports.decisions.accepted_approvers import draft_trust, trust_now
from tests.reports.waiting import LATER

ADA, BOB, MALLORY = "ada@example.org", "bob@example.org", "mallory@example.org"


@dataclass(frozen=True)
class Keys:
    """Private keys by e-mail, and their lines for a file of allowed signers."""

    folder: Path

    def path(self, who: str) -> Path:
        return self.folder / who

    def line(self, who: str, options: str = "") -> str:
        public = self.path(who).with_name(f"{who}.pub").read_text().split()
        return f'{who} {options + "," if options else ""}namespaces="churnops-approval" {public[0]} {public[1]}\n'

    def seal(self, who: str, record: BaseModel) -> str:
        return sign(canonical(record).encode(), self.path(who))


def make_keys(folder: Path) -> Keys:
    """A key for each of the three."""
    for who in (ADA, BOB, MALLORY):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", who, "-f", folder / who], check=True, stdin=subprocess.DEVNULL)
    return Keys(folder)


def decision(who: str, reason: str = "I read the report.") -> Decision:
    return Decision(reviewer=who, reason=reason, at=LATER)


def configure(opened: Opened, signers: str, **approval: object) -> None:
    """What somebody writes into the workspace's files; nobody has accepted it yet."""
    (opened.workspace.root / "allowed_signers").write_text(signers)
    file = opened.workspace.settings_file
    text = file.read_text().split("\n[approval]")
    rest = text[1].split("\n[", 1)[1] if len(text) > 1 else ""
    lines = "".join(f"{name} = {str(value).lower() if isinstance(value, bool) else repr(value)}\n" for name, value in approval.items())
    file.write_text(f"{text[0]}\n[approval]\n{lines}" + (f"\n[{rest}" if rest else ""))


def sign_from_now_on(opened: Opened, keys: Keys, **approval: object) -> None:
    """Ada and Bob sign from now on; a person accepted it."""
    configure(opened, keys.line(ADA) + keys.line(BOB), mode="signed", **approval)
    record = draft_trust(opened, decision("the owner"))
    trust_now(opened, record, confirmed(record))
