"""How many customers are scored in a week and in a month, as a window shows it: what figures per customer are multiplied by."""

from math import ceil

from pipeline.diagnosis.diagnosis import Diagnosis
from pipeline.record.cases import WindowFacts

_DAY_S = 24 * 60 * 60
_SHORTEST_DAYS = 5  # of a window by which a week is told
_WEEKS_A_MONTH = 30 / 7


def weekly_customers(window: WindowFacts | None) -> int | None:
    """How many customers are scored in a week, as the recent window shows; None where it is too short, or has no dates, to tell."""
    if window is None:
        return None
    recent = window.windows.recent if window.windows else None
    since, until = (recent.since, recent.until) if recent else (window.since, window.until)
    if since is None or until is None:
        return None
    days = ceil((until - since).total_seconds() / _DAY_S)
    customers = (recent.customers if recent else window.customers) or (recent.rows if recent else window.rows)
    return round(customers * 7 / max(7, days)) if days >= _SHORTEST_DAYS else None


def monthly_customers(window: WindowFacts | None, found: Diagnosis | None) -> float | None:
    """The same of a month. `found` says who is scored: of a base that is scored again and again a month has no more customers than a week."""
    weekly = weekly_customers(window)
    again = found is not None and found.population is not None and found.population.kind != "new_customers"
    return None if weekly is None else weekly * (1 if again else _WEEKS_A_MONTH)
