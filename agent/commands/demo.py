"""`churnops demo`: the whole story in one minute, in a temporary workspace."""

import typer

from agent.views.theme import terminal


def demo() -> None:
    """Make customers, train a champion, let the market shift, triage it, and end where a person decides."""
    import shlex
    import shutil
    import sys
    import tempfile
    import time
    from pathlib import Path

    from rich.markup import escape
    from rich.rule import Rule

    from agent.commands.options import opened
    from agent.commands.reports.listing import print_report
    from agent.commands.train import run_training
    from agent.commands.triage import run_triage
    from agent.setup.new_workspace import set_up_synthetic
    from pipeline.intake.window_choice import WindowChoice
    from pipeline.worlds.scenarios import SCENARIOS
    from pipeline.worlds.simulation import simulate

    console = terminal()
    started = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="churnops-demo-"))
    console.print(f"Workspace: [bold]{escape(str(folder))}[/] (kept; delete it when you are done)")

    console.print(Rule("1. Customers", align="left"))
    _, found = set_up_synthetic(folder, rows=7_000, seed=7)
    kinds = f"{len(found.schema.numerical)} numerical and {len(found.schema.categorical)} categorical features"
    console.print(f"7,000 generated Telco-like customers, {kinds}, target {found.schema.target}.")

    console.print(Rule("2. A champion", align="left"))
    here = opened(folder)
    run_training(here, None, console)

    console.print(Rule("3. The market shifts", align="left"))
    with console.status("Scoring a week of customers"):
        week = simulate(here, "market_shift", 4_000, labelled_share=0.6, seed=1)
    console.print(f"{SCENARIOS['market_shift'].says} {week.rows:,} customers scored, {week.matured:,} outcomes matured.")

    console.print(Rule("4. Triage", align="left"))
    outcome = run_triage(here, None, console, WindowChoice())

    console.print(Rule("5. The report", align="left"))
    case = here.cases.get(outcome.case_id)
    print_report(console, here, case)
    console.print(Rule("6. Yours to decide", align="left"))
    console.print(
        f"{time.monotonic() - started:.0f} s. Nothing was deployed: version {outcome.champion_version} still serves. To deploy the challenger:"
    )
    verb = "approve" if outcome.status == "pending_approval" else "show"
    churnops = "churnops" if shutil.which("churnops") else shlex.quote(sys.argv[0])  # as it can be pasted here
    console.print(
        f"{churnops} reports {verb} {outcome.case_id} --workspace {shlex.quote(str(folder))}", style="bold", soft_wrap=True, markup=False
    )
    if verb == "show":
        raise typer.Exit(1)
