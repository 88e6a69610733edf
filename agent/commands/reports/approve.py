"""`churnops reports approve`: the gate that only a person opens."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.commands.confirmation import KeyOption, ReasonOption, ReviewerOption, decision_of, seal_of
from agent.commands.options import HERE, WorkspaceOption, opened_by_person
from agent.views.theme import GOOD, LOOK, terminal

if TYPE_CHECKING:
    from rich.console import Console

    from pipeline.record.opened_workspace import Opened
    from reports.decisions.approval import ApprovalRecord

CaseArgument = Annotated[str, typer.Argument(metavar="CASE", help="Id of the case, as `reports list` shows it; its beginning will do.")]


def approve(
    case_id: CaseArgument,
    reason: ReasonOption = "",
    reviewer: ReviewerOption = "",
    key: KeyOption = None,
    request: Annotated[
        Path | None, typer.Option("--request", help="Only write what is to be signed, for a key on another machine.", show_default=False)
    ] = None,
    signature: Annotated[
        Path | None,
        typer.Option("--signature", help="Deploy by this signature over the request beside it: FILE.sig signs FILE.", show_default=False),
    ] = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Deploy the challenger of a case: bytes are checked, a person types a confirmation at the terminal, and in signed mode signs."""

    from pipeline.errors import ChurnopsError
    from reports.decisions.approval import approve as deploy
    from reports.decisions.approval import draft_approval
    from reports.decisions.sealing import require_no_copy

    console = terminal()
    here = opened_by_person(workspace)
    case = here.cases.find(case_id)
    if signature is not None:
        record, seal = _signed(here, signature)
        if record.case_id != case.case_id:
            raise ChurnopsError(f"That signature is for case {record.case_id}.", "Name that case.")
    else:
        if request is None:
            require_no_copy(here)
        record = draft_approval(here, case.case_id, decision_of(here, reason, reviewer))
        _show(console, here, record)
        if request is not None:
            _write(console, here, record, request)
            return
        record, seal = seal_of(here, record, f"deploy {record.version}", key)
    done = deploy(here, record, seal)
    console.print(
        f"[bold {GOOD}]Deployed version {done.champion.version}[/] ({done.champion.digest[:12]}); ledger row {done.champion.ledger_seq}."
    )
    if done.warning:
        console.print(f"[{LOOK}]{done.warning}[/]")


def _show(console: "Console", here: "Opened", record: "ApprovalRecord") -> None:
    """What is decided, and what it changes, before anybody is asked."""
    from rich.markup import escape

    from agent.views.verdict_view import approval_question
    from reports.decisions.approval import compared
    from reports.filing import page_of

    case = here.cases.get(record.case_id)
    console.print(approval_question(page_of(here, case), case, record.version, compared(here, case)))
    console.print(f"Reviewer: {escape(record.reviewer)}. Reason: {escape(record.reason)}")
    console.print(
        f"It can be approved until {record.expires_at:%Y-%m-%d %H:%M} UTC. Bytes: {record.digest[:12]} for {record.replaces[:12]}."
    )


def _signs(here: "Opened") -> bool:
    from pipeline.record.authority import accepted_trust

    return accepted_trust(here.ledger).mode == "signed"


def _write(console: "Console", here: "Opened", record: "ApprovalRecord", request: Path) -> None:
    import shlex

    from pipeline.atomic_files import write_atomically
    from pipeline.canonical_json import canonical
    from pipeline.errors import ChurnopsError
    from pipeline.record.signatures import NAMESPACE
    from reports.decisions.sealing import requested

    if not _signs(here):
        raise ChurnopsError("This workspace does not sign its approvals.", "docs/approval.md says how to set `mode` under [approval].")
    write_atomically(request, canonical(requested(here, record)).encode())
    name = shlex.quote(str(request))
    sign = f"  ssh-keygen -Y sign -n {NAMESPACE} -f KEY {name}"
    console.print("Nothing was deployed. Where the key is, run", sign, sep="\n", soft_wrap=True, markup=False)
    console.print(
        f"and bring back both files: churnops reports approve {record.case_id} --signature {name}.sig", soft_wrap=True, markup=False
    )


def _signed(here: "Opened", signature: Path) -> tuple["ApprovalRecord", str]:
    from pydantic import ValidationError

    from pipeline.canonical_json import json_once
    from pipeline.errors import ChurnopsError, DataError
    from reports.decisions.approval import ApprovalRecord

    if not _signs(here):
        raise ChurnopsError("This workspace does not sign its approvals.", "Approve at a terminal, without --signature.")
    if signature.suffix != ".sig":
        raise DataError(f"{signature} does not end with .sig.", "ssh-keygen writes FILE.sig beside the FILE it signs; give that one.")
    try:
        text = signature.with_suffix("").read_bytes()
        json_once(text)  # in which no key may stand twice
        return ApprovalRecord.model_validate_json(text), signature.read_text(encoding="ascii")
    except (ValidationError, ValueError, RecursionError) as error:
        raise DataError(
            f"{signature.with_suffix('')} and {signature} are no request and its signature.", "Write the request again with --request."
        ) from error
