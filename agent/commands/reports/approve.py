"""`churnops reports approve`: the gate that only a person opens."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.commands.confirmation import KeyOption, ReasonOption, ReviewerOption, decision_of, seal_of
from agent.commands.options import HERE, WorkspaceOption, opened_by_person

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from pipeline.record.cases import TrainingResult
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
    from rich.console import Console

    from pipeline.errors import ChurnopsError
    from reports.decisions.approval import approve as deploy
    from reports.decisions.approval import draft_approval

    console = Console(highlight=False)
    here = opened_by_person(workspace)
    case = here.cases.find(case_id)
    if signature is not None:
        record, seal = _signed(here, signature)
        if record.case_id != case.case_id:
            raise ChurnopsError(f"That signature is for case {record.case_id}.", "Name that case.")
    else:
        record = draft_approval(here, case.case_id, decision_of(here, reason, reviewer))
        _show(console, here, record)
        if request is not None:
            _write(console, record, request, signed=_signs(here))
            return
        seal = seal_of(here, record, f"deploy {record.version}", key)
    done = deploy(here, record, seal)
    console.print(
        f"[bold green]Deployed version {done.champion.version}[/] ({done.champion.digest[:12]}); ledger row {done.champion.ledger_seq}."
    )
    if done.warning:
        console.print(f"[yellow]{done.warning}[/]")


def _show(console: "Console", here: "Opened", record: "ApprovalRecord") -> None:
    from rich.markup import escape

    from reports.decisions.approval import compared

    case = here.cases.get(record.case_id)
    result = compared(here, case)
    console.print(
        f"Version [bold]{record.version}[/] ({record.digest[:12]}) shall replace champion version [bold]{case.champion.version}[/] "
        f"({record.replaces[:12]}). On {result.metrics.n:,} rows, {result.whether_unseen()}:"
    )
    console.print(_comparison(result))
    console.print(f"Reviewer: {escape(record.reviewer)}. Reason: {escape(record.reason)}")
    console.print(f"It can be approved until {record.expires_at:%Y-%m-%d %H:%M} UTC.")


def _comparison(result: "TrainingResult") -> "Table":
    from rich.table import Table

    from reports.markdown_cells import MEASURES, figure

    models = {"champion": result.champion_metrics, "challenger": result.metrics}
    table = Table("measure", *models, box=None, header_style="dim", pad_edge=False)
    for name, label in MEASURES:
        table.add_row(label, *("–" if metrics is None else figure(getattr(metrics, name)) for metrics in models.values()))
    if result.comparison is not None:
        against = result.comparison
        table.add_row("ROC-AUC, difference", "", f"{against.difference:+.3f} ({against.low:+.3f} to {against.high:+.3f})")
    return table


def _signs(here: "Opened") -> bool:
    from pipeline.record.approvers import accepted_trust

    return accepted_trust(here.ledger).mode == "signed"


def _write(console: "Console", record: "ApprovalRecord", request: Path, *, signed: bool) -> None:
    import shlex

    from pipeline.atomic_files import write_atomically
    from pipeline.canonical_json import canonical
    from pipeline.errors import ChurnopsError
    from pipeline.record.signatures import NAMESPACE

    if not signed:
        raise ChurnopsError("This workspace does not sign its approvals.", "docs/approval.md says how to set `mode` under [approval].")
    write_atomically(request, canonical(record).encode())
    name = shlex.quote(str(request))
    sign = f"  ssh-keygen -Y sign -n {NAMESPACE} -f KEY {name}"
    console.print("Nothing was deployed. Where the key is, run", sign, sep="\n", soft_wrap=True, markup=False)
    console.print(
        f"and bring back both files: churnops reports approve {record.case_id} --signature {name}.sig", soft_wrap=True, markup=False
    )


def _signed(here: "Opened", signature: Path) -> tuple["ApprovalRecord", str]:
    from pydantic import ValidationError

    from pipeline.errors import ChurnopsError, DataError
    from reports.decisions.approval import ApprovalRecord

    if not _signs(here):
        raise ChurnopsError("This workspace does not sign its approvals.", "Approve at a terminal, without --signature.")
    if signature.suffix != ".sig":
        raise DataError(f"{signature} does not end with .sig.", "ssh-keygen writes FILE.sig beside the FILE it signs; give that one.")
    try:
        return ApprovalRecord.model_validate_json(signature.with_suffix("").read_bytes()), signature.read_text(encoding="ascii")
    except (ValidationError, UnicodeDecodeError) as error:
        raise DataError(
            f"{signature.with_suffix('')} and {signature} are no request and its signature.", "Write the request again with --request."
        ) from error
