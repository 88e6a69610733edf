"""Typed settings: `churnops.toml`, overridden by `CHURNOPS_SECTION__KEY` variables, read once and passed down."""

import tomllib
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableVariable

from pipeline.errors import SettingsError
from pipeline.schema import Schema

EstimatorName = Literal["random_forest", "logistic_regression"]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FileFormat(_Section):
    """How a text table is written; empty means: find out."""

    delimiter: str = Field("", max_length=1, description="Between cells: , ; | or a tab; empty: found out")
    decimal: Literal["", ".", ","] = Field("", description="Decimal mark, . or ,; empty: found out")
    encoding: str = Field("", description="utf-8, latin-1, ...; empty: found out")
    timezone: str = Field("UTC", description="Of times written without one")

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ValueError, OSError, KeyError):
            raise ValueError(f"{name!r} is no time zone; names look like Europe/Berlin") from None
        return name


class DataSettings(_Section):
    """The reference: the labelled table the champion learns from."""

    file: str = Field(description="The labelled table; a relative path counts from this file's folder")
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


class PredictionSettings(_Section):
    """A team's own prediction log; `file` empty means churnops' own log in the state database."""

    file: str = Field("", description="Your own log (CSV, JSONL, Parquet), from this file's folder; empty: the log churnops keeps")
    id: str = Field("", description="Its id column; empty: as in [data]")
    time: str = Field("", description="Its scoring-time column; empty: as in [data]")
    score: str = Field("", description="Its column with the probability of churn; empty: none")
    model_version: str = Field("", description="Its column with the model's version; empty: none")
    format: FileFormat = FileFormat()


class TrainingSettings(_Section):
    """How `churnops train` fits the champion; retraining by an operator is bounded by the policy instead."""

    estimator: EstimatorName = Field("random_forest", description="random_forest or logistic_regression")
    seed: int = Field(42, description="Of the split and the fit")
    threshold: float = Field(0.5, gt=0, lt=1, description="Probability from which a customer counts as churning")
    time_limit_seconds: float = Field(600, gt=0, description="After which a training is stopped")


class ValueSettings(_Section):
    """What a retention campaign is worth, in the team's currency: decisions are compared by it."""

    margin: float = Field(500.0, gt=0, description="What a churner who stays after all brings")
    offer_cost: float = Field(50.0, gt=0, description="What one offer costs, taken or not")
    acceptance: float = Field(0.3, gt=0, le=1, description="Share of churners whom an offer keeps")


class OperatorSettings(_Section):
    """Who operates. `claude = true` is the workspace's agreement that aggregates may leave the machine."""

    claude: bool | None = Field(None, description="May aggregates (never rows or ids) go to Claude? Unset: asked once")
    provider: Literal["anthropic", "bedrock", "vertex"] = Field("anthropic", description="anthropic, bedrock or vertex")
    model: str = Field("claude-sonnet-5-5", description="Model id")
    effort: Literal["low", "medium", "high"] = Field("medium", description="How long it thinks: low, medium, high")
    base_url: str = Field("", description="A compatible endpoint; empty: the provider's own")


class Settings(BaseSettings):
    """All settings of one workspace."""

    model_config = SettingsConfigDict(
        env_prefix="CHURNOPS_", env_nested_delimiter="__", extra="forbid", frozen=True, nested_model_default_partial_update=True
    )

    data: DataSettings
    predictions: PredictionSettings = PredictionSettings()
    training: TrainingSettings = TrainingSettings()
    value: ValueSettings = ValueSettings()
    operator: OperatorSettings = OperatorSettings()
    policy: dict[str, Any] = {}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment first, then the file's values (passed to the constructor)."""
        return env_settings, init_settings


def read_settings(file: Path) -> Settings:
    """Settings of the workspace whose `churnops.toml` is `file`.

    Raises:
        SettingsError: not TOML, an unknown key, a value of the wrong kind.
    """
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} is not valid TOML: {error}.", "Mend that line, or run `churnops init` in a new folder.") from error
    try:
        settings = Settings(**values)
    except UnreadableVariable as error:
        raise SettingsError(f"A CHURNOPS_ variable is not valid JSON: {error}.", 'Write lists like \'["a", "b"]\'.') from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        raise SettingsError(f"{file}: `{key}`: {said}.", "Mend that key; docs/reference.md explains every key.") from error
    if not settings.predictions.file:
        return settings
    # Commands run anywhere with --workspace: like the reference, the log is found from this file's folder.
    log = settings.predictions.model_copy(update={"file": str(file.parent / settings.predictions.file)})
    return settings.model_copy(update={"predictions": log})
