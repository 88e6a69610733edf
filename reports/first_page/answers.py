"""What either answer to a waiting challenger brings: leavers caught, contacts, money, who changes tier, the weakest group, the way back."""

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.measures.measure import Comparison
from pipeline.record.cases import Case, TrainingResult, concluded
from pipeline.shown_text import plain
from pipeline.workspace.value_settings import CustomerValueSettings
from reports.first_page.customers import monthly_customers, weekly_customers


@dataclass(frozen=True)
class Answer:
    """One thing that differs, or does not, between the two answers."""

    label: str
    approved: str
    rejected: str


def answers(case: Case, result: TrainingResult, value: CustomerValueSettings, way_back: str, cooldown_hours: float) -> tuple[Answer, ...]:
    """What differs, the most important first.

    Args:
        case: whose window says how many customers are scored in a week.
        result: the training of the challenger.
        value: what offers cost and bring; money is told where the team has set it.
        way_back: the command that brings the champion back.
        cooldown_hours: after which another case may train.
    """
    return (
        *_campaign(case, result, value),
        *_moves(result),
        Answer("To go back", way_back, f"nothing changed; a new model may be trained after {cooldown_hours:g} hours"),
    )


def money_a_month(case: Case, result: TrainingResult, value: CustomerValueSettings) -> Comparison | None:
    """What approving brings in a month, in the team's currency; None where it cannot be told: the team has not set what offers cost and bring,
    or the window does not show how many customers a week has."""
    monthly = monthly_customers(case.window, concluded(case))
    if not value.own or monthly is None or result.campaigns is None or result.margins is None:
        return None
    unit = result.campaigns.maximum / 100 * monthly
    profit = result.margins.profit
    return Comparison(difference=profit.difference * unit, low=profit.low * unit, high=profit.high * unit, n=profit.n)


def amount(number: float) -> str:
    """Money with its sign, no more exact than anybody needs.

    >>> amount(41234.0), amount(-87.6), amount(1234.0)
    ('+41,000', '-88', '+1,200')
    """
    size = abs(number)
    places = 0 if size < 100 else 1 - len(str(int(size))) + 1
    return f"{round(number, places):+,.0f}"


def _campaign(case: Case, result: TrainingResult, value: CustomerValueSettings) -> Iterator[Answer]:
    both, before = result.campaigns, result.champion_metrics
    if both is not None:
        yield Answer("Churners caught of 100", f"{100 * both.candidate.caught:.0f}", f"{100 * both.champion.caught:.0f}")
        weekly = weekly_customers(case.window)
        label = "Contacts of 100 customers" if weekly is None else f"Contacts a week ({weekly:,} scored)"
        scored = 100 if weekly is None else weekly
        yield Answer(label, f"{both.candidate.contacted * scored:,.0f}", f"{both.champion.contacted * scored:,.0f}")
    elif before is not None:  # an earlier version measured the training
        yield Answer("Churners caught of 100", f"{100 * result.metrics.recall.value:.0f}", f"{100 * before.recall.value:.0f}")
    if (money := money_a_month(case, result, value)) is not None:
        named = f", {value.currency}" if value.currency else ""
        yield Answer(
            f"Money a month{named} (likely range)", f"{amount(money.difference)} ({amount(money.low)} to {amount(money.high)})", "0"
        )
    elif result.margins is not None:
        profit = result.margins.profit
        yield Answer(
            "Campaign profit, of 100 that could be earned", f"{profit.difference:+.0f} ({profit.low:+.0f} to {profit.high:+.0f})", "0"
        )


def _moves(result: TrainingResult) -> Iterator[Answer]:
    if result.tier_flow is not None:
        moved = sum(move.customers for move in result.tier_flow.changed())
        yield Answer("Customers who change risk tier", f"{100 * moved / max(1, result.tier_flow.customers):.0f} of 100", "none")
    if (worst := result.weakest_group) is not None:
        group = f"{plain(worst.column)} {plain(worst.value)}"
        yield Answer(
            "Worse served group",
            f"{group}: ranked worse (ROC-AUC {worst.roc_auc.difference:+.2f} on {worst.roc_auc.n:,} of them)"
            if worst.worse
            else "none found",
            "none",
        )
