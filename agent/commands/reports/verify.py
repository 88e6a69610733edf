"""`churnops reports verify`: does the record still say what it said?"""

from typing import Annotated

import typer

from agent.commands.options import HERE, JsonOption, WorkspaceOption, echo_json, opened
from agent.views.theme import BAD, GOOD, LOOK, terminal


def verify(
    head: Annotated[
        str,
        typer.Option("--head", help="NUMBER:HASH of a row as you noted it earlier; shows missing last entries.", show_default=False),
    ] = "",
    deployed: Annotated[
        str,
        typer.Option("--deployed", help="sha256 of a model: exit code 1, too, where not it serves by the ledger.", show_default=False),
    ] = "",
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Check ledger, mirror, reports, artifacts, approvals and signatures against each other; exit code 1 when something differs."""
    from rich.markup import escape

    from pipeline.errors import ChurnopsError
    from reports.decisions.recovery import recover
    from reports.decisions.sealing import note_in_anchor
    from reports.decisions.verification import verify as check

    here = opened(workspace)
    console = terminal(stderr=as_json)
    try:
        for said in recover(here):
            console.print(escape(said))
    except ChurnopsError as error:
        console.print(f"[{LOOK}]{escape(error.problem)}[/]")
    found = check(here, head, deployed)
    if found.ok:
        row = here.ledger.append(here.clock(), "verified", None, {"rows": found.rows, "by": here.person})
        found = found.model_copy(update={"rows": row.seq, "head": f"{row.seq}:{row.hash}"})
        todo = note_in_anchor(here)
        console.print(f"[{GOOD}]✔[/] {found.rows} rows, reports, artifacts and approvals are as they were written.")
        console.print(
            f"Keep this in another place. It shows later whether the newest rows are missing: --head {found.head}", soft_wrap=True
        )
        if todo:
            console.print(f"[{LOOK}]{escape(todo)}[/]", soft_wrap=True)
    for problem in found.problems:
        console.print(f"[{BAD}]✘[/] {problem.what}: {escape(problem.said)}", soft_wrap=True)
    echo_json(as_json, found)
    if not found.ok:
        raise typer.Exit(1)
