"""What a training is worth now, at the next batch of outcomes, or never, as a record."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from pipeline.stored_record import StoredRecord

When = Literal["now", "next", "never"]


class TimedTraining(StoredRecord):
    """What a training at one time is expected to bring within the months that are weighed, beyond its cost and beyond no training at all; `low`
    and `high`: 90% interval."""

    when: When
    worth: float
    low: float
    high: float


class RetrainingTime(StoredRecord):
    """`best` is worth the most of the `options`. `cost`: of a training and its review. All amounts in `unit`: the team's currency where it is known how many
    customers a month has and what a campaign is worth, else points of a month's maximum campaign profit. `months`: that are weighed. `measured`: how often a new model's gain was measured since
    the champion was trained. `costs_from`: when waiting starts to cost, as far as can be seen; None where it does not within a year. `a_month`: what each month of waiting costs then."""

    best: When
    options: tuple[TimedTraining, ...]
    cost: float
    a_month: TimedTraining
    unit: str
    months: float
    measured: int
    next_outcomes: datetime | None = Field(None, exclude_if=lambda told: told is None)
    costs_from: datetime | None = None

    def option(self, when: When) -> TimedTraining:
        """One of the options."""
        return next(one for one in self.options if one.when == when)
