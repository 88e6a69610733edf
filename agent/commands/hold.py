"""`churnops hold`: a person keeps lists back while a case is open."""

from typing import Annotated

import typer

from agent.commands.case import CaseArgument
from agent.commands.options import HERE, JsonOption, WorkspaceOption, echo_json, opened_by_person


def hold(
    case_id: CaseArgument,
    end: Annotated[bool, typer.Option("--end", help="Lists go out again.")] = False,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Send no list of customers while a case is open, whatever it is about; single predictions are answered on. Goes on record."""
    from reports.decisions.rulings import hold as keep_back
    from reports.decisions.rulings import release

    here = opened_by_person(workspace)
    case = here.cases.find(case_id).case_id
    held = release(here, case) if end else keep_back(here, case)
    said = "Lists go out again" if end else f"No list is sent until `churnops hold {case} --end`"
    typer.echo(f"{said} (hold {held.number}, case {case}).", err=as_json)
    echo_json(as_json, held)
