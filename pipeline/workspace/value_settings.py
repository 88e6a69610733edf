"""The section [value]: what a retention campaign costs and brings, the same for all customers or from each one's own columns."""

import math
from typing import Annotated

from pydantic import Field, field_validator

from pipeline.tables.expression import Expression, parse_expression
from pipeline.workspace.section import Section


class CustomerValueSettings(Section):
    """What a retention campaign is worth, in the team's currency: decisions are compared by it."""

    margin: float | Expression = Field(
        500.0,
        description="What a churner who stays after all brings: a number, or arithmetic over numerical columns, like MonthlyCharges * 12 * 0.3",
    )
    offer_cost: float = Field(50.0, gt=0, allow_inf_nan=False, description="What one offer costs, taken or not")
    acceptance: float = Field(0.3, gt=0, le=1, description="Share of churners whom an offer keeps")
    acceptance_by: dict[str, dict[str, Annotated[float, Field(ge=0, le=1)]]] = Field(
        {},
        max_length=1,
        description="The same by the categories of one column, like [value.acceptance_by.Contract]; the others have `acceptance`",
    )
    acceptance_from_offers: bool = Field(
        False, description="In `churnops score`, take the share from logged offers by risk tier, where enough customers were held out"
    )
    capacity: float = Field(
        1.0,
        gt=0,
        le=1,
        description="Share of the customers that every campaign contacts, those for whom it pays most, like 0.12; 1: everybody for whom an offer pays",
    )
    training_cost: float | None = Field(
        None,
        ge=0,
        allow_inf_nan=False,
        description="What one training costs, machines and people; unset: the points of `[retraining]` in the policy",
    )
    review_cost: float | None = Field(
        None, ge=0, allow_inf_nan=False, description="What it costs to review and approve a model; unset: the same"
    )
    currency: str = Field("", max_length=12, description="What amounts are told in, like EUR; empty: none is named")

    @field_validator("margin", mode="before")
    @classmethod
    def _number_or_expression(cls, given: object) -> object:
        if isinstance(given, Expression):
            return given
        try:
            number = float(given)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            return parse_expression(given)
        if not math.isfinite(number):
            raise ValueError("Input should be a finite number")
        if number <= 0:
            raise ValueError("Input should be greater than 0")
        return number

    @field_validator("currency")
    @classmethod
    def _word(cls, currency: str) -> str:
        if not all(letter.isprintable() for letter in currency):
            raise ValueError("a currency is a word or a sign")
        return currency

    @property
    def own(self) -> bool:
        """Whether the team set anything: what is shipped is nobody's campaign."""
        return self.model_dump() != CustomerValueSettings().model_dump()

    @property
    def alike(self) -> bool:
        """Whether every customer is worth the same."""
        return not (isinstance(self.margin, Expression) or self.acceptance_by)

    def same_for_all(self, margin: float | None = None, acceptance: float | None = None) -> "ValueSettings":
        """These settings with one margin and one share for all customers; None: as it is set here, which only those who are `alike` have."""
        given = {"margin": self.margin if margin is None else margin, "acceptance": self.acceptance if acceptance is None else acceptance}
        return ValueSettings.model_validate({**self.model_dump(), **given, "acceptance_by": {}})

    @property
    def numerical(self) -> tuple[str, ...]:
        """Columns that the margin is made of."""
        return self.margin.columns if isinstance(self.margin, Expression) else ()


class ValueSettings(CustomerValueSettings):
    """The same where every customer is worth the same: what is set, or the average customer's."""

    margin: float = Field(500.0, gt=0, allow_inf_nan=False)
