"""Typed settings: `churnops.toml`, overridden by `CHURNOPS_SECTION__KEY` variables, read once and passed down."""

import shlex
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableVariable

from pipeline.errors import SettingsError
from pipeline.families import USUAL, families
from pipeline.tables.file_format import kind_of
from pipeline.tables.remote_files import is_remote
from pipeline.tables.schema import Schema
from pipeline.tables.similar_names import most_alike
from pipeline.workspace import retired_names
from pipeline.workspace.access import WorkspaceSettings
from pipeline.workspace.alert_settings import AlertSettings
from pipeline.workspace.approval_settings import ApprovalSettings
from pipeline.workspace.data_settings import DataSettings
from pipeline.workspace.database_url import require_database_url
from pipeline.workspace.expectation_settings import ExpectationSettings
from pipeline.workspace.fairness_settings import FairnessSettings
from pipeline.workspace.hook_settings import HookSettings
from pipeline.workspace.mounted_secrets import with_urls
from pipeline.workspace.named_features import check_named_features
from pipeline.workspace.offer_settings import OfferSettings
from pipeline.workspace.operator_settings import OperatorSettings
from pipeline.workspace.outcome_settings import OutcomeSettings
from pipeline.workspace.owners import check_owners
from pipeline.workspace.page_settings import PageSettings
from pipeline.workspace.prediction_settings import PredictionSettings
from pipeline.workspace.retention_settings import RetentionSettings
from pipeline.workspace.section import Section
from pipeline.workspace.serving_settings import ServingSettings
from pipeline.workspace.settings_secrets import refuse_secrets
from pipeline.workspace.shared_files import require_store_url
from pipeline.workspace.toml_text import parse_toml
from pipeline.workspace.value_settings import CustomerValueSettings
from pipeline.workspace.watch_settings import WatchSettings
from pipeline.workspace.window_settings import WindowSettings


class EngineSettings(Section):
    """What counts a log of your own where it lies in files, or in a table without a `url`. A database counts its own tables."""

    name: Literal["duckdb", "spark"] = Field("duckdb", description="duckdb, in this process, or spark, for its tables and Parquet")


class TrainingSettings(Section):
    """How `churnops train` fits the champion; retraining by an operator is bounded by the policy instead."""

    estimator: str = Field(USUAL, description=" or ".join(families()))
    command: str = Field(
        "", description="Your own trainer instead, like python train.py, run without a shell; docs/own-trainer.md; empty: none"
    )
    seed: int = Field(42, ge=0, lt=1 << 32, description="Of the split and the fit")
    threshold: float = Field(0.5, gt=0, lt=1, description="Probability from which a customer counts as churning")
    without: tuple[str, ...] = Field(
        (), description="Features and derived numbers of [data] that new models do without; a model that serves keeps its own"
    )
    time_limit_seconds: float = Field(600, gt=0, description="After which a training is stopped")

    @field_validator("estimator")
    @classmethod
    def _known(cls, estimator: str) -> str:
        if estimator not in families():
            raise ValueError(f"there is no estimator {estimator[:40]!r}; choose {' or '.join(families())}")
        return estimator

    @field_validator("command")
    @classmethod
    def _words(cls, command: str) -> str:
        try:
            shlex.split(command)
        except ValueError as error:
            raise ValueError(f"it cannot be split into words ({error})") from error
        return command


class Settings(BaseSettings):
    """All settings of one workspace."""

    model_config = SettingsConfigDict(
        env_prefix="CHURNOPS_", env_nested_delimiter="__", extra="forbid", frozen=True, nested_model_default_partial_update=True
    )

    database_url: str = Field(
        "",
        repr=False,
        description="State in PostgreSQL instead of .churnops/state.db, like postgresql://user@host/name; "
        "one with a password only as CHURNOPS_DATABASE_URL, or in the file that CHURNOPS_DATABASE_URL_FILE names",
    )
    artifact_url: str = Field(
        "",
        description="Models, reports and transcripts in an object store as well, like s3://bucket/churn, for hosts that share no disk; "
        "it needs `database_url`",
    )
    workspace: WorkspaceSettings = WorkspaceSettings()
    data: DataSettings
    predictions: PredictionSettings = PredictionSettings()
    outcomes: OutcomeSettings = OutcomeSettings()
    expectations: ExpectationSettings = ExpectationSettings()
    offers: OfferSettings = OfferSettings()
    window: WindowSettings = WindowSettings()
    watch: WatchSettings = WatchSettings()
    alerts: AlertSettings = AlertSettings()
    hooks: HookSettings = HookSettings()
    retention: RetentionSettings = RetentionSettings()
    engine: EngineSettings = EngineSettings()
    training: TrainingSettings = TrainingSettings()
    value: CustomerValueSettings = CustomerValueSettings()
    fairness: FairnessSettings = FairnessSettings()
    serving: ServingSettings = ServingSettings()
    page: PageSettings = PageSettings()
    operator: OperatorSettings = OperatorSettings()
    approval: ApprovalSettings = ApprovalSettings()
    owners: dict[str, str] = Field(
        {},
        description="Whom to call about a fault: by feature, by COLUMN=VALUE for a source, and by the feeds `predictions` and `outcomes`",
    )
    policy: dict[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _without_retired(cls, values: dict[str, Any]) -> dict[str, Any]:
        for name, retired in retired_names.SETTINGS.items():
            values, found = _without(values, name.split("."))
            if found:
                retired_names.warn_of(name, retired)
        return values

    @field_validator("database_url")
    @classmethod
    def _postgresql(cls, url: str) -> str:
        if url:
            require_database_url(url)
        return url

    @model_validator(mode="after")
    def _shared(self) -> "Settings":
        if self.artifact_url:
            require_store_url(self.artifact_url)
        if self.artifact_url and not self.database_url:
            raise ValueError("`artifact_url` needs `database_url`: hosts that share models share the state as well")
        return self

    @model_validator(mode="after")
    def _mapped_to_features(self) -> "Settings":
        features, log = self.data.columns.features, self.predictions
        for section, named in (("columns", log.columns.values()), ("values", log.values)):
            if stranger := next((name for name in named if name not in features), None):
                close = most_alike(stranger, features)
                hint = f"perhaps `{close}` is meant" if close else "id, time, score and model_version have keys of their own"
                raise ValueError(f"`predictions.{section}` names `{stranger[:80]}`, which is no feature of [data]; {hint}")
        return self

    @model_validator(mode="after")
    def _made_of_features(self) -> "Settings":
        check_named_features(self)
        return self

    @model_validator(mode="after")
    def _expected_of_the_log(self) -> "Settings":
        log, named = self.predictions, self.expectations.columns
        own = not (log.file or log.table)
        known = {*self.data.columns.features, *log.columns, *filter(None, (self.data.id, log.id))}
        for name, expected in named.items():
            feature = log.columns.get(name, name)
            if own and name not in known:
                close = most_alike(name, sorted(known))
                hint = f"; perhaps `{close}` is meant" if close else ""
                raise ValueError(f"`expectations.columns` names `{name[:80]}`, which the log does not have{hint}")
            if feature in self.data.categorical and not (expected.min is None and expected.max is None):
                raise ValueError(
                    f"`expectations.columns` gives a range to `{name[:80]}`, which is categorical in [data]; list its `values`"
                )
            if feature != name and feature in named:
                raise ValueError(f"`expectations.columns` names `{feature[:80]}` twice, also as `{name[:80]}`; keep one of them")
        return self

    @model_validator(mode="after")
    def _owned_by_known_names(self) -> "Settings":
        check_owners(self.owners, self.data.columns)
        return self

    @model_validator(mode="after")
    def _engine_has_the_log(self) -> "Settings":
        log, spark = self.predictions, self.engine.name == "spark"
        if log.table and not log.url and not spark:
            raise ValueError(
                "`predictions.table` needs the URL of its database: set the variable CHURNOPS_PREDICTIONS_URL, or CHURNOPS_PREDICTIONS_URL_FILE "
                'to a file that holds it (without a password it may stand as `predictions.url`), or `engine.name = "spark"` for a table of Spark'
            )
        if log.url and spark:
            raise ValueError('with `predictions.url` the database counts; leave `engine.name` at "duckdb"')
        if spark and not log.table and not log.file:
            raise ValueError("Spark needs a log to count: name `predictions.table` or `predictions.file`")
        if spark and kind_of(log.file) not in (None, "parquet"):
            raise ValueError("Spark reads Parquet here; `predictions.file` is of a kind that duckdb reads")
        if "://" in log.file and not spark and not is_remote(log.file):
            raise ValueError('`predictions.file` lies in another system, which only `engine.name = "spark"` reads')
        return self

    @model_validator(mode="after")
    def _outcomes_have_a_place(self) -> "Settings":
        if self.outcomes.table and not (self.outcomes.url or self.predictions.url):
            raise ValueError(
                "`outcomes.table` needs the URL of its database: set the variable CHURNOPS_OUTCOMES_URL or CHURNOPS_OUTCOMES_URL_FILE, "
                "or CHURNOPS_PREDICTIONS_URL where both lie in one database"
            )
        if self.outcomes.column and not (self.predictions.file or self.predictions.table):
            raise ValueError("`outcomes.column` is one of your own log: name it as `file` or `table` under [predictions]")
        return self

    @model_validator(mode="after")
    def _offers_have_a_place(self) -> "Settings":
        if self.offers.table and not (self.offers.url or self.predictions.url):
            raise ValueError(
                "`offers.table` needs the URL of its database: set the variable CHURNOPS_OFFERS_URL or CHURNOPS_OFFERS_URL_FILE, "
                "or CHURNOPS_PREDICTIONS_URL where both lie in one database"
            )
        return self

    @property
    def model_columns(self) -> Schema:
        """What a new model is trained on: [data] without what `training.without` names."""
        return self.data.columns.without(self.training.without)

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
        values = parse_toml(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} is not valid TOML: {error}.", "Correct that line, or run `churnops init` in a new folder.") from error
    refuse_secrets(file, values)
    try:
        settings = Settings(**with_urls(values))
    except UnreadableVariable as error:
        raise SettingsError(f"A CHURNOPS_ variable is not valid JSON: {error}.", 'Write lists like \'["a", "b"]\'.') from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        where = f"{file}: `{key}`" if key else str(file)
        step = "Correct that key; docs/reference.md" if key else "docs/reference.md"
        raise SettingsError(f"{where}: {said}.", f"{step} explains every key.") from error
    if not settings.predictions.file or "://" in settings.predictions.file:
        return settings
    # Commands run anywhere with --workspace: like the reference, the log is found from this file's folder.
    log = settings.predictions.model_copy(update={"file": str(file.parent / settings.predictions.file)})
    return settings.model_copy(update={"predictions": log})


def set_from_environment(environment: Iterable[str]) -> tuple[str, ...]:
    """The names of variables that stand in for a key of churnops.toml, sorted; never what they hold."""
    prefix = "CHURNOPS_"
    keys = Settings.model_fields
    return tuple(sorted(name for name in environment if name.upper().startswith(prefix) and _section_of(name[len(prefix) :]) in keys))


def _section_of(variable: str) -> str:
    return variable.lower().partition("__")[0]


def _without(values: dict[str, Any], path: Sequence[str]) -> tuple[dict[str, Any], bool]:
    """Nested values without the one at `path`, and whether it was there."""
    first, *rest = path
    if first not in values:
        return values, False
    if not rest:
        return {key: value for key, value in values.items() if key != first}, True
    inner, found = _without(values[first], rest) if isinstance(values[first], dict) else (values[first], False)
    return {**values, first: inner}, found
