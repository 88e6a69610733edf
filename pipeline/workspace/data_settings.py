"""The section [data]: the reference and the roles of its columns."""

from typing import Literal

from pydantic import Field, model_validator

from pipeline.tables.expression import Expression
from pipeline.tables.file_format import FileFormat
from pipeline.tables.schema import Schema
from pipeline.workspace.section import Section


class DataSettings(Section):
    """The reference: the labelled table the champion is trained on."""

    file: str = Field(
        description="The labelled table, a file or its URL (s3://, gs://, az://, https://); a relative path counts from this file's folder"
    )
    sha256: str = Field(
        description="Of that file as `churnops init` saw it, or `churnops data accept` took it in; a changed file is refused"
    )
    target: str = Field(description="Column that says who churned")
    positive: str = Field(description="Its value for a churned customer")
    negative: tuple[str, ...] = Field(
        (), description="Its values for a customer who stayed, rows with others are left out; empty: any other"
    )
    id: str = Field("", description="Column that names the customer; empty: none")
    time: str = Field("", description="Column that says when the row was taken; empty: none")
    numerical: tuple[str, ...] = Field((), description="Features that are quantities")
    categorical: tuple[str, ...] = Field((), description="Features that are names or codes")
    calendar: tuple[str, ...] = Field((), description="Features that tell the calendar: they move by themselves, and that is no drift")
    derived: dict[str, Expression] = Field(
        {},
        max_length=50,
        description="Numbers that a new model computes from numerical features by itself, in training as in serving, like "
        'charge_per_month = "TotalCharges / (tenure + 1)"',
    )
    split: Literal["random", "time"] = Field(
        "random", description="How train and test set part: random, or by `time`, the newest rows to test on"
    )
    synthetic_seed: int | None = Field(None, description="Set by `init --synthetic`: `simulate` then draws new customers")
    format: FileFormat = FileFormat()

    @model_validator(mode="after")
    def _consistent(self) -> "DataSettings":
        roles = [name for name in (self.target, self.id, self.time, *self.numerical, *self.categorical, *self.derived) if name]
        twice = sorted({name for name in roles if roles.count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} has more than one role")
        if not self.numerical and not self.categorical:
            raise ValueError("no feature is named; fill numerical or categorical")
        if unknown := [name for name in self.calendar if name not in (*self.numerical, *self.categorical)]:
            raise ValueError(f"{', '.join(unknown)} is in `calendar` but is no feature")
        if self.positive in self.negative:
            raise ValueError(f"{self.positive} cannot mean both churned and stayed")
        if self.split == "time" and not self.time:
            raise ValueError("a split by time needs the column `time`")
        return self

    @property
    def columns(self) -> Schema:
        """Roles of the columns as the pipeline reads them."""
        return Schema(
            target=self.target,
            positive=self.positive,
            negative=self.negative,
            id=self.id or None,
            time=self.time or None,
            numerical=self.numerical,
            categorical=self.categorical,
            calendar=self.calendar,
            derived=self.derived,
        )
