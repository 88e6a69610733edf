"""The section [data]: the reference and the roles of its columns."""

from pydantic import Field, model_validator

from pipeline.tables.file_format import FileFormat
from pipeline.tables.schema import Schema
from pipeline.workspace.section import Section


class DataSettings(Section):
    """The reference: the labelled table the champion is trained on."""

    file: str = Field(
        description="The labelled table, a file or its URL (s3://, gs://, az://, https://); a relative path counts from this file's folder"
    )
    sha256: str = Field(description="Of that file as `churnops init` saw it; a changed file is refused")
    target: str = Field(description="Column that says who churned")
    positive: str = Field(description="Its value for a churned customer")
    id: str = Field("", description="Column that names the customer; empty: none")
    time: str = Field("", description="Column that says when the row was taken; empty: none")
    numerical: tuple[str, ...] = Field((), description="Features that are quantities")
    categorical: tuple[str, ...] = Field((), description="Features that are names or codes")
    synthetic_seed: int | None = Field(None, description="Set by `init --synthetic`: `simulate` then draws new customers")
    format: FileFormat = FileFormat()

    @model_validator(mode="after")
    def _consistent(self) -> "DataSettings":
        roles = [name for name in (self.target, self.id, self.time, *self.numerical, *self.categorical) if name]
        twice = sorted({name for name in roles if roles.count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} has more than one role")
        if not self.numerical and not self.categorical:
            raise ValueError("no feature is named; fill numerical or categorical")
        return self

    @property
    def columns(self) -> Schema:
        """Roles of the columns as the pipeline reads them."""
        return Schema(
            target=self.target,
            positive=self.positive,
            id=self.id or None,
            time=self.time or None,
            numerical=self.numerical,
            categorical=self.categorical,
        )
