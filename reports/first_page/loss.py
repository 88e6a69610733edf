"""What a loss comes from, in a sentence or two: money a month where the team's settings and the window tell it, else what is known of it."""

from pipeline.diagnosis.attribution.attribution import POINTS, Attribution
from reports.first_page.answers import amount

_PER = 1_000  # customers, by which an attribution tells profit


def loss_words(told: Attribution | None, customers: float | None) -> str:
    """How much less campaigns earn than promised, and what that comes from; empty where nothing was lost beyond chance. `customers`: of a month."""
    if told is None or told.measure != "profit" or not told.lost:
        return ""
    less = in_words(told, told.total, customers)
    if all(share.what == "unexplained" for share in told.told):
        return f"Campaigns earn {less} less than promised; what that comes from cannot be told on {told.rows:,} outcomes."
    if not told.gains:
        return f"Of the {less} that campaigns earn less than promised: {told.parts()}."
    brought = ", ".join(f"{in_words(told, share.amount, customers)} by {share.said}" for share in told.gains)
    return f"Campaigns earn {less} less than promised. Of the {in_words(told, told.loss, customers)} lost: {told.parts()}. Came back: {brought}."


def in_words(told: Attribution, number: float, customers: float | None) -> str:
    """An amount of the attribution without its sign, with its unit; `customers`: of a month."""
    if told.unit == POINTS:
        return f"{abs(number):.1f} {told.unit}"
    if customers is None:
        return f"{amount(abs(number))[1:]} {told.unit}"
    return f"{amount(abs(number) * customers / _PER)[1:]} a month"
