"""The policy as a type: what `prompts/policy.toml` says, with a workspace's overrides, checked."""

import difflib
import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field, ValidationError, model_validator

from pipeline.errors import SettingsError
from pipeline.families import families
from pipeline.workspace import retired_names
from pipeline.workspace.evidence_policy import DiagnosisRules, EvidenceRules, Rules

Band = Literal["monitor", "evaluate", "retrain", "not_enough_data"]
Share = Annotated[float, Field(ge=0, le=1)]


def _ordered(bounds: tuple[float, float]) -> tuple[float, float]:
    if bounds[0] > bounds[1]:
        raise ValueError("the lower bound stands first")
    return bounds


Bounds = Annotated[tuple[float, float], AfterValidator(_ordered)]


class Bands(Rules):
    """Bands on the share of drifted features."""

    monitor_below: Share
    retrain_above: Share

    @model_validator(mode="after")
    def _ordered(self) -> "Bands":
        if self.monitor_below > self.retrain_above:
            raise ValueError("monitor_below must not exceed retrain_above")
        return self


class DriftRules(Rules):
    """When there is a verdict on drift at all, and by which distances."""

    min_rows: int = Field(ge=1)
    false_discovery_rate: float = Field(gt=0, lt=1)
    numerical: Literal["default", "evidently", "psi", "ks"]
    categorical: Literal["default", "evidently", "psi"]
    psi_threshold: float = Field(gt=0)
    ks_threshold: float = Field(gt=0, lt=1)
    future_days: float = Field(ge=0, le=366)


class TrainingRules(Rules):
    """What a retraining needs, and how often it may happen."""

    min_labelled_rows: int = Field(ge=20)
    min_labelled_churners: int = Field(ge=4)
    held_out_share: float = Field(gt=0, lt=1)
    retries: int = Field(ge=0, le=10)
    cooldown_hours: float = Field(ge=0)


class RetrainingRules(Rules):
    """What a training costs, and how a new model's gain over the champion changes with time: by which is decided when to train."""

    training_cost: float = Field(ge=0)
    review_cost: float = Field(ge=0)
    months: int = Field(ge=1, le=24)
    fresh: float = Field(gt=0)
    trend: float = Field(ge=0)
    wander: float = Field(ge=0)

    @property
    def cost(self) -> float:
        """Of a training and its review together."""
        return self.training_cost + self.review_cost


class GateRules(Rules):
    """What a candidate must reach to become a challenger."""

    min_roc_auc: Share
    max_auc_drop: Share
    max_segment_auc_drop: Share
    max_log_loss_rise: float = Field(ge=0)
    max_brier_rise: Share
    recalibration_z: float = Field(ge=0)
    confidence: float = Field(gt=0.5, lt=1)


class AcknowledgementRules(Rules):
    """How long a shift that people acknowledged is the same shift."""

    growth: float = Field(ge=1)


class Start(Rules):
    """Hyperparameters of the usual family to begin with, by what kind of feature drifted."""

    numerical: dict[str, float]
    categorical: dict[str, float]
    both: dict[str, float]


class Limits(Rules):
    """Hard bounds of one case."""

    turns: int = Field(ge=1)
    tool_calls: int = Field(ge=1)
    tokens: int = Field(ge=0)
    usd: float = Field(ge=0)
    seconds: float = Field(gt=0)


class ChatLimits(Rules):
    """Hard bounds of one chat session; each of its questions is bounded by `Limits` besides."""

    tokens: int = Field(ge=0)
    usd: float = Field(ge=0)


class PolicyOverride(BaseModel, frozen=True):
    """A value that a workspace set differently from the shipped policy."""

    name: str
    default: Any
    value: Any


class Policy(Rules):
    """The whole decision framework with a workspace's overrides applied. `hyperparameters`: what operators may choose, both ends included, by
    family and name."""

    bands: Bands
    drift: DriftRules
    evidence: EvidenceRules
    diagnosis: DiagnosisRules
    training: TrainingRules
    retraining: RetrainingRules
    gate: GateRules
    acknowledgement: AcknowledgementRules
    hyperparameters: dict[str, dict[str, Bounds]]
    start: Start
    limits: Limits
    chat: ChatLimits
    overrides: tuple[PolicyOverride, ...] = ()

    @property
    def version(self) -> str:
        """First 12 hex digits of the sha256 over every effective value: the same values, the same version."""
        values = json.dumps(self.model_dump(mode="json", exclude={"overrides"}), sort_keys=True)
        return hashlib.sha256(values.encode()).hexdigest()[:12]

    def band(self, share: float, current_rows: int) -> Band:
        """Band of a drift share in 0-1 measured on `current_rows` rows."""
        if current_rows < self.drift.min_rows:
            return "not_enough_data"
        if share < self.bands.monitor_below:
            return "monitor"
        return "retrain" if share > self.bands.retrain_above else "evaluate"


def load_policy(text: str, overrides: Mapping[str, Any]) -> Policy:
    """The shipped policy `text` (TOML), with the ranges that families bring themselves, and a workspace's nested `overrides` laid over it.

    A rule that was retired is ignored, with a warning.

    Raises:
        SettingsError: an override names what never was a rule of the policy, or has a value the rule does not allow.
    """
    shipped = tomllib.loads(text)
    shipped["hyperparameters"] = {
        name: {key: list(one.allowed) for key, one in family.hyperparameters.items() if one.allowed}
        | shipped["hyperparameters"].get(name, {})
        for name, family in families().items()
    }
    defaults = dict(_leaves(shipped))
    # Names of environment variables arrive in lower case, and one rule is called C.
    names = {name.lower(): name for name in defaults}
    changed = {names.get(name.lower(), name): value for name, value in _leaves(overrides)}
    for name, retired in retired_names.RULES.items():
        if changed.keys() & {name, name.lower()}:
            retired_names.warn_of(f"policy.{name}", retired)
            changed = {other: value for other, value in changed.items() if other.lower() != name.lower()}
    values: dict[str, Any] = json.loads(json.dumps(shipped))
    for name, value in changed.items():
        if name not in defaults:
            near = difflib.get_close_matches(name, defaults, 1)
            raise SettingsError(
                f"[policy] in churnops.toml names `{name}`, which is no rule.",
                f"The nearest is `{near[0]}`." if near else f"Rules are: {', '.join(sorted(defaults))}.",
            )
        *path, last = name.split(".")
        place = values
        for part in path:
            place = place[part]
        place[last] = value
    try:
        policy = Policy(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise SettingsError(
            f"[policy] `{name}`: {first['msg'].removeprefix('Value error, ')}.",
            "Correct that value in churnops.toml or the CHURNOPS_POLICY__ variable.",
        ) from error
    # Values from the environment are text; what counts is the value after validation.
    effective = dict(_leaves(policy.model_dump(mode="json", exclude={"overrides"})))
    kept = tuple(
        PolicyOverride(name=name, default=defaults[name], value=effective[name])
        for name in sorted(changed)
        if effective[name] != defaults[name]
    )
    return policy.model_copy(update={"overrides": kept})


def _leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
