"""What a person does about a record before it counts: they type what will happen, and in signed mode they sign it as well."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pydantic import BaseModel

    from pipeline.record.cases import Decision
    from pipeline.record.opened_workspace import Opened

ReasonOption = Annotated[str, typer.Option("--reason", help="Why; goes on record.", show_default=False)]
ReviewerOption = Annotated[
    str,
    typer.Option(
        "--reviewer", help="Who decides: your user name and git e-mail when left out; in signed mode the e-mail alone.", show_default=False
    ),
]
KeyOption = Annotated[
    Path | None,
    typer.Option("--key", help="Signed mode: the SSH key to sign with; git's user.signingkey when left out.", show_default=False),
]


def decision_of(here: "Opened", reason: str, reviewer: str) -> "Decision":
    """Who decides and why; a terminal is asked for a reason that was left out.

    Raises:
        ChurnopsError: no reason, or in signed mode no e-mail to sign as.
    """
    import sys

    from agent.setup.person import git_config
    from pipeline.errors import ChurnopsError
    from pipeline.record.approvers import accepted_trust
    from pipeline.record.cases import Decision

    if not reason.strip() and sys.stdin.isatty():
        reason = typer.prompt("Reason")
    if not reason.strip():
        raise ChurnopsError("A decision needs a reason.", 'Give one with --reason "…".')
    name = reviewer.strip()
    if not name:
        name = git_config("user.email") if accepted_trust(here.ledger).mode == "signed" else here.person
    if not name:
        raise ChurnopsError("Nobody knows as whom you sign.", "Give your e-mail with --reviewer, or set git's user.email.")
    return Decision(reviewer=name, reason=reason.strip(), at=here.clock())


def seal_of(here: "Opened", record: "BaseModel", words: str, key: Path | None) -> str:
    """What makes `record` count: a person at a terminal types `words`, and in signed mode signs.

    Typing deters a program with the same shell; it cannot stop one. A key that asks for a touch or a passphrase can.

    Raises:
        ChurnopsError: no terminal, other words, or no signature.
    """
    import sys

    from pipeline.canonical_json import canonical
    from pipeline.errors import ChurnopsError
    from pipeline.record.approvers import accepted_trust, confirmed
    from pipeline.record.signatures import sign

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ChurnopsError("Approval needs a person at a terminal; there is none here.", "Run the command yourself, without pipes.")
    if typer.prompt(f"Type “{words}” to confirm, anything else to stop", default="", show_default=False).strip() != words:
        raise ChurnopsError("Not confirmed; nothing was deployed.", "")
    if accepted_trust(here.ledger).mode == "local":
        return confirmed(record)
    return sign(canonical(record).encode(), key or _configured_key())


def _configured_key() -> Path:
    from agent.setup.person import git_config
    from pipeline.errors import ChurnopsError

    configured = git_config("user.signingkey")
    if not configured or configured.startswith(("key::", "ssh-")):
        raise ChurnopsError("Signing needs the file of an SSH key.", "Name one with --key FILE, or set git's user.signingkey to a file.")
    return Path(configured)
