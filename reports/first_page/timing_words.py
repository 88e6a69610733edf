"""When to retrain, in a sentence or two."""

from pipeline.diagnosis.timing.retraining_time import RetrainingTime, TrainingWorth
from reports.first_page.answers import amount


def timing_words(told: RetrainingTime | None) -> str:
    """What to do when, what it is worth with its 90% interval, and from when on waiting costs; empty where nobody knows."""
    if told is None:
        return ""
    if told.best == "now":
        waits = f"; each month of waiting costs {_figure(told, told.a_month.worth)}" if told.a_month.worth > 0 else ""
        return f"When to retrain: now. Within {told.months} months it is worth {_range(told, told.now)} beyond its cost{waits}."
    if told.best == "next":
        return (
            f"When to retrain: once the next outcomes are in, about {told.next_outcomes:%Y-%m-%d}. Until then its worth is too uncertain: "
            f"{_range(told, told.now)} within {told.months} months{_from(told)}."
        )
    return f"When to retrain: it can wait. Within {told.months} months it is worth {_range(told, told.now)} beyond its cost{_from(told)}."


def _from(told: RetrainingTime) -> str:
    if told.costs_from is None:
        return "; as far as can be seen, waiting costs nothing within a year"
    return f"; waiting starts to cost about {told.costs_from:%Y-%m-%d}"


def _range(told: RetrainingTime, worth: TrainingWorth) -> str:
    return f"{_figure(told, worth.worth)} ({_figure(told, worth.low, bare=True)} to {_figure(told, worth.high, bare=True)})"


def _figure(told: RetrainingTime, points: float, *, bare: bool = False) -> str:
    if told.a_point is None:
        return f"{points:.1f}{'' if bare else ' points of a month’s maximum'}"
    return amount(points * told.a_point).removeprefix("+")
