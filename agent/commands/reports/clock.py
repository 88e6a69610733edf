"""`churnops reports clock`: a person says that the ledger's newest times are wrong, and this machine's clock is right."""

from agent.commands.confirmation import KeyOption, ReasonOption, ReviewerOption, decision_of, seal_of
from agent.commands.options import HERE, WorkspaceOption, opened_to_look
from agent.views.theme import GOOD, LOOK, terminal


def clock(reason: ReasonOption = "", reviewer: ReviewerOption = "", key: KeyOption = None, workspace: WorkspaceOption = HERE) -> None:
    """Put on record that rows of the ledger are dated ahead of time, by a machine whose clock was wrong; confirmed, and signed, as an approval."""
    from rich.markup import escape

    from reports.decisions.clock_correction import correct_clock, draft_correction
    from reports.decisions.sealing import clock_problem

    console = terminal()
    here = opened_to_look(workspace)
    record = draft_correction(here, decision_of(here, reason, reviewer))
    console.print(escape(clock_problem(here)))
    record, seal = seal_of(here, record, "this clock is right", key)
    warning = correct_clock(here, record, seal)
    console.print(f"[bold {GOOD}]On record.[/] From here on the ledger's time counts from this machine's.")
    if warning:
        console.print(f"[{LOOK}]{escape(warning)}[/]", soft_wrap=True)
