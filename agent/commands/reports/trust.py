"""`churnops reports trust`: a person accepts a change of who may approve."""

from agent.commands.confirmation import KeyOption, ReasonOption, ReviewerOption, decision_of, seal_of
from agent.commands.options import HERE, WorkspaceOption, opened_to_look
from agent.views.theme import GOOD, LOOK, terminal


def trust(reason: ReasonOption = "", reviewer: ReviewerOption = "", key: KeyOption = None, workspace: WorkspaceOption = HERE) -> None:
    """Accept who may approve, as the section `approval` of churnops.toml says it now; where approvals are signed, one of the former signers signs."""
    from rich.markup import escape

    from reports.decisions.accepted_approvers import draft_trust, trust_now

    console = terminal()
    here = opened_to_look(workspace)
    record = draft_trust(here, decision_of(here, reason, reviewer))
    for name, value in record.trust.model_dump().items():
        console.print(f"{name}: {escape(str(value)).strip() or '–'}")
    record, seal = seal_of(here, record, "trust this", key, signed=record.trust.pinned)
    warning = trust_now(here, record, seal)
    console.print(f"[bold {GOOD}]Accepted.[/]")
    if warning:
        console.print(f"[{LOOK}]{escape(warning)}[/]", soft_wrap=True)
