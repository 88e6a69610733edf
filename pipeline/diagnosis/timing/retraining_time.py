"""What a training is worth now, at the next batch of outcomes, or never, as a record."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from pipeline.state.check_figures import GainFigure
from pipeline.stored_record import StoredRecord

When = Literal["now", "next", "never"]


class TrainingWorth(StoredRecord):
    """Points of a month's maximum campaign profit, in all the months that are weighed together, with their 90% interval."""

    worth: float
    low: float
    high: float


class RetrainingTime(StoredRecord):
    """`best`: when a training is worth the most. What it is worth `now`, or at the `next` batch of outcomes and only if it still pays then: beyond its
    `cost`, review included, and beyond no training at all, which is worth nothing. `a_month`: what a new model is expected to earn more in its first month.

    `months`: that are weighed. `seen`: what a fresh model gains in this look; `looks`: how many looks tell of such gains, this one included. `next_outcomes`:
    when as many outcomes have come in again as this look had. `costs_from`: when waiting starts to cost, None where it does not within a year. `a_point`: what a point is
    in the team's currency, None where nobody can tell."""

    best: When
    now: TrainingWorth
    next: TrainingWorth
    a_month: TrainingWorth
    cost: float
    months: int
    looks: int
    seen: GainFigure
    next_outcomes: datetime
    costs_from: datetime | None = Field(None)
    a_point: float | None = Field(None)
