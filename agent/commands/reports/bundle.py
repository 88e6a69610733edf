"""`churnops reports export` and `import`: a case in one file, for a second person on another machine."""

from pathlib import Path
from typing import Annotated

import typer

from agent.commands.options import HERE, WorkspaceOption, opened_by_person
from agent.commands.reports.approve import CaseArgument
from agent.views.theme import terminal


def export(
    case_id: CaseArgument,
    file: Annotated[Path, typer.Argument(help="The file to write, a zip.")],
    workspace: WorkspaceOption = HERE,
) -> None:
    """Put a case in one file: report, artifacts, evidence and the ledger, with the sha256 of each."""

    from reports.decisions.bundle import export_case

    here = opened_by_person(workspace)
    manifest = export_case(here, here.cases.find(case_id).case_id, file)
    console = terminal()
    console.print(
        f"{file}: case {manifest.case_id}, {len(manifest.files)} files, ledger head {manifest.head}", soft_wrap=True, markup=False
    )


def import_(
    file: Annotated[Path, typer.Argument(help="A file that `reports export` wrote.")],
    workspace: Annotated[Path, typer.Option("--workspace", "-w", help="An empty folder, which becomes a workspace to review it in.")],
) -> None:
    """Check a case that came in a file, and lay it out for review and signing."""
    import shlex

    from pipeline.clock import utc_now
    from prompts import policy_text
    from reports.decisions.review_copy import accept_bundle

    case = accept_bundle(file, workspace, policy_text(), utc_now)
    console, place = terminal(), shlex.quote(str(workspace))
    console.print("Everything in it is as it was written.")
    console.print(f"churnops reports show {case.case_id} --workspace {place}", soft_wrap=True, markup=False)
    console.print(f"churnops reports approve {case.case_id} --workspace {place} --request approval.json", soft_wrap=True, markup=False)
