"""`churnops rescore`: after a repair, whose answer changes."""

from pathlib import Path
from typing import Annotated

import typer

from agent.commands.case import CaseArgument
from agent.commands.given_files import given_file
from agent.commands.options import HERE, JsonOption, WorkspaceOption, echo_json, opened_by_person
from agent.commands.score import OutOption, show_table
from agent.views.theme import terminal


def rescore(
    case_id: CaseArgument,
    file: Annotated[
        Path | None,
        typer.Argument(
            parser=given_file,
            metavar="FILE",
            help="The repaired rows. Without it: your own log's rows as they are by now, or in churnops' log, how the customers were scored since.",
            show_default=False,
        ),
    ] = None,
    out: OutOption = None,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Score the customers of a case's broken rows again once they are repaired, and say who changes. Nothing is logged."""

    from pipeline.serving.rescored import rescore as score_again
    from pipeline.serving.scored_list import write_table
    from pipeline.words import counted

    here = opened_by_person(workspace)
    console = terminal(stderr=as_json)
    with console.status("Scoring again"):
        case = here.cases.find(case_id)
        found = score_again(here, case, file)
        if out is not None:
            write_table(found.customers, out)
    moved = found.moved
    missing = f"; {counted(found.missing, 'customer')} scored then are not among the repaired rows" if found.missing else ""
    console.print(
        f"{counted(len(found.customers), 'customer')} scored from {found.since:%Y-%m-%d} to {found.until:%Y-%m-%d} scored again by version "
        f"{found.model_version}: {len(moved):,} change tier, {found.raised:,} up and {len(moved) - found.raised:,} down{missing}.",
        markup=False,
    )
    if out is not None:
        console.print(f"Old and new scores of all are in {out}.", markup=False)
    elif len(moved):
        show_table(console, moved)
    told = {} if out is not None else {"customers": found.customers.to_dict("records")}
    made = {
        "case_id": case.case_id,
        "since": found.since,
        "until": found.until,
        "model_version": found.model_version,
        "missing": found.missing,
    }
    counts = {"rescored": len(found.customers), "tier_raised": found.raised, "tier_lowered": len(moved) - found.raised}
    echo_json(as_json, {**made, **counts, "out": None if out is None else str(out), **told})
