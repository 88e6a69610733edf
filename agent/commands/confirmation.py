"""What a person does about a record before it counts: they type what will happen, and in signed mode they sign it as well."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipeline.record.cases import Decision
    from pipeline.record.opened_workspace import Opened
    from reports.decisions.sealing import Record

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
    from pipeline.record.authority import accepted_trust
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


def confirm(words: str) -> None:
    """A person at a terminal types `words`. That deters a program with the same shell; it cannot stop one.

    Raises:
        ChurnopsError: no terminal, or other words.
    """
    import sys

    from pipeline.errors import ChurnopsError

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ChurnopsError("Approval needs a person at a terminal; there is none here.", "Run the command yourself, without pipes.")
    if typer.prompt(f"Type “{words}” to confirm, anything else to stop", default="", show_default=False).strip() != words:
        raise ChurnopsError("Not confirmed; nothing was deployed.", "")


def seal_of(here: "Opened", record: "Record", words: str, key: Path | None, *, signed: bool = False) -> "tuple[Record, str]":
    """What makes `record` count: a person at a terminal types `words`, and in signed mode, or where it shall be `signed`, signs.

    A key that asks for a touch or a passphrase stops a program with the same shell. What is signed is the record returned: it was asked for at
    a row of its own, written after the confirmation.

    Raises:
        ChurnopsError: see `confirm`; or no signature.
    """
    from pipeline.canonical_json import canonical
    from pipeline.record.approvers import confirmed
    from pipeline.record.authority import accepted_trust
    from pipeline.record.signatures import sign
    from reports.decisions.sealing import requested

    confirm(words)
    if not signed and accepted_trust(here.ledger).mode == "local":
        return record, confirmed(record)
    own = key or _configured_key()
    asked = requested(here, record)
    return asked, sign(canonical(asked).encode(), own)


def _configured_key() -> Path:
    from agent.setup.person import git_config
    from pipeline.errors import ChurnopsError

    configured = git_config("user.signingkey")
    if not configured or configured.startswith(("key::", "ssh-")):
        raise ChurnopsError("Signing needs the file of an SSH key.", "Name one with --key FILE, or set git's user.signingkey to a file.")
    return Path(configured)
