"""What it costs a month if nothing is done, in the team's currency, where its settings say what a campaign is worth."""

from dataclasses import dataclass
from datetime import timedelta

from pipeline.diagnosis.diagnosis import Diagnosis
from pipeline.measures.campaign_value import expected_value, reachable
from pipeline.models.typical_value import typical_value
from pipeline.record.champion import open_champion
from pipeline.record.opened_workspace import Opened
from pipeline.state.checks import check_history
from pipeline.state.predictions import logged_customers

_MONTH = timedelta(days=30)


@dataclass(frozen=True)
class IdleCost:
    """`amount` is lost a month, `points` of the maximum profit of a campaign among the `customers` who were scored in one."""

    amount: float
    points: float
    customers: int

    @property
    def said(self) -> str:
        """One sentence for people."""
        return f"If nothing is done, about {self.amount:,.0f} a month are lost, as [value] and the policy estimate it for {self.customers:,} customers a month."


def idle_cost(opened: Opened, found: Diagnosis) -> IdleCost | None:
    """What watching alone loses by the policy's regrets, over the action that the diagnosis asks for. None where [value] is as it was shipped, nobody was
    scored by churnops in the last 30 days, no outcome is known, or nothing is lost."""
    if not opened.settings.value.own:
        return None
    now, history = opened.clock(), check_history(opened.state)
    rate = history.done.figures.churn_rate if history.done and history.done.figures else None
    customers = logged_customers(opened.state, now - _MONTH, now).customers
    regrets = opened.policy.diagnosis.regret
    causes = {one.cause: one.probability for one in found.hypotheses} or {found.cause: found.confidence}
    points = sum(p * (regrets[cause]["monitor"] - regrets[cause].get(found.action, 0.0)) for cause, p in causes.items() if cause in regrets)
    if rate is None or not customers or points <= 0:
        return None
    value = typical_value(opened.settings.value, open_champion(opened)[1])
    most = reachable(rate * customers, customers, value) * max(0.0, float(expected_value(1.0, value)))
    return IdleCost(points / 100 * most, points, customers) if most else None
