"""`churnops decisions`: what the other answer would have brought, whether promises came true, and what that suggests for the policy."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.commands.options import HERE, JsonOption, WorkspaceOption, echo_json, opened_to_look
from agent.views.theme import DETAIL, terminal

if TYPE_CHECKING:
    from pipeline.measures.measure import Comparison
    from reports.counterfactual.calibration import PromiseCalibration
    from reports.counterfactual.decided import DecisionOutcome

_GIVEN = {"approved": "approved", "rejected": "rejected", "fix_data": "fix the data"}


def decisions(
    month: Annotated[
        str, typer.Option("--month", metavar="YYYY-MM", help="Customers scored in this month (UTC), and decisions made in it.")
    ] = "",
    diff: Annotated[
        Path | None,
        typer.Option("--diff", metavar="FILE", help="Write the proposed diff of policy.toml here too; a new file.", dir_okay=False),
    ] = None,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Compare each answer that people gave (approve, reject, fix the data) with the other one, on the same customers, once outcomes have matured."""
    from rich.table import Table

    from pipeline.errors import ChurnopsError
    from pipeline.shadow.deployed import deploys
    from prompts import policy_text
    from reports.counterfactual.calibration import promise_calibration
    from reports.counterfactual.decided import decision_outcomes
    from reports.counterfactual.policy_proposal import policy_proposals, proposal_diff
    from reports.month import span_of

    since, until = span_of(month) if month else (None, None)
    if diff is not None and diff.exists():
        raise ChurnopsError(f"{diff} is there already.", "Name a file that is new: nothing is overwritten or applied.")
    here = opened_to_look(workspace)
    whole = decision_outcomes(here)
    found = decision_outcomes(here, since, until) if month else whole
    calibration = promise_calibration(whole)
    proposals = policy_proposals(here.policy, whole, deploys(here))
    change = proposal_diff(policy_text(), proposals)
    console = terminal(stderr=as_json, markup=False)
    table = Table(box=None, header_style=DETAIL, pad_edge=False)
    for name in ("decided", "answer", "promised", "brought", "the other answer"):
        table.add_column(name)
    for one in found:
        answer = f"{_GIVEN[one.given]} {one.version or ''}".rstrip()
        table.add_row(f"{one.at:%Y-%m-%d}", answer, _points(one.promised), _points(one.brought), "–" if one.fault else _points(one.other))
    console.print(
        table if found else "Nothing was decided yet." if not month else f"Nothing was decided, or scored by two models, in {month}."
    )
    if any(one.promised or one.brought for one in found):
        console.print("In points of the maximum campaign profit, with 90% intervals (as promised: those of the report).", style=DETAIL)
    for one in found:
        console.print(f"{one.case_id}: {one.said}{_money(one, here.settings.value.currency)}")
    console.print(_told(calibration))
    for each in proposals:
        console.print(f"The record suggests `{each.rule}` = {each.proposed:g} instead of {each.value:g}: {each.reason}.")
    if change:
        console.print(change, soft_wrap=True, highlight=False, end="")
        console.print("Nothing was changed. To try it here, set the rule under [policy] in churnops.toml.")
    if diff is not None and change:
        from pipeline.atomic_files import write_atomically

        write_atomically(diff, change.encode())
    echo_json(
        as_json,
        {"month": month or None, "decisions": found, "calibration": calibration, "proposals": proposals, "diff": change},
    )


def _points(found: "Comparison | None") -> str:
    return "–" if found is None else f"{found.difference:+.1f} ({found.low:+.1f} to {found.high:+.1f})"


def _money(one: "DecisionOutcome", currency: str) -> str:
    if one.money is None:
        return ""
    from reports.first_page.answers import amount

    low, high = amount(one.money.low), amount(one.money.high)
    return f" In money{f', {currency}' if currency else ''}: {amount(one.money.difference)} ({low} to {high})."


def _told(found: "PromiseCalibration") -> str:
    from pipeline.words import counted

    if found.share is None or found.low is None or found.high is None:
        return f"{counted(found.decisions, 'decision')} with a promised and a measured gain: too few to say how far promises come true."
    return (
        f"Of promised gains {found.share:.0%} came true ({found.low:.0%} to {found.high:.0%}, {counted(found.decisions, 'decision')}); "
        f"{found.within} of them within what was promised."
    )
