"""`churnops doctor`: what is installed, reachable, shadowed, misconfigured."""

import typer

from agent.commands.options import HERE, JsonOption, WorkspaceOption, echo_json, opened
from agent.views.theme import BAD, GOOD, LOOK, terminal


def doctor(workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """Look at the installation and the workspace: packages, keys, disk, champion, ledger, MLflow, signing. Exit code 1 when something is broken."""

    from rich.markup import escape

    from agent.setup.installation import installation
    from agent.watch.destinations import destinations, unusable
    from pipeline.errors import ChurnopsError
    from reports.decisions.workspace_health import Finding, signs, workspace_health

    console = terminal(stderr=as_json)
    try:
        here = opened(workspace)
        operator = here.settings.operator
        found = (*installation(operator.provider, operator.claude, signed=signs(here)), *workspace_health(here))
        if wrong := unusable(here):
            found += tuple(Finding(name="alerts", state="broken", said=said) for said in wrong)
        elif named := destinations(here):
            found += (
                Finding(name="alerts", state="ok", said=f"All of {len(named)} destinations can be used; `churnops alerts test` sends."),
            )
    except ChurnopsError as error:
        found = (*installation("anthropic", None, signed=False), Finding(name="workspace", state="broken", said=str(error)))
    marks = {"ok": f"[{GOOD}]✔[/]", "note": f"[{LOOK}]·[/]", "broken": f"[{BAD}]✘[/]"}
    for finding in found:
        console.print(f"{marks[finding.state]} {finding.name}: {escape(finding.said)}", soft_wrap=True)
    broken = any(finding.state == "broken" for finding in found)
    echo_json(as_json, {"ok": not broken, "findings": found})
    if broken:
        raise typer.Exit(1)
