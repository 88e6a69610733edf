"""Thresholds of the evidence: from when a finding is notable, and what a diagnosis asks of it. Values and reasons: `prompts/policy.toml`."""

from typing import Annotated

from pydantic import BaseModel, Field

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]


class Rules(BaseModel, frozen=True, extra="forbid"):
    """Values of the policy that belong together."""


class DataRules(Rules):
    """Hard data checks: what no population does by itself."""

    missing_points: Share
    missing_z: Positive
    unit_distance: Share
    unit_distance_left: Share
    unit_distance_ratio: Share
    spike_share: Share
    beyond_share: Share
    renamed_share: Share
    vanished_share: Share
    swapped_distance: Share
    repeats_share: Share
    replayed_share: Share
    refreshed_share: Share
    stopped_times: Positive
    declared_share: Share


class DependencyRules(Rules):
    """Pair associations, and columns that moved without their correlates."""

    strong: Share
    lost_ratio: Share
    lost_z: Positive
    lost_pairs: Share
    moved_share: Share
    followed: Share
    alone_z: Positive
    rescale_low: Positive
    rescale_high: Positive
    rescale_left: Share


class SupportRules(Rules):
    """How far the population moved, and into rows that the reference hardly covers."""

    unseen_share: Share
    unsupported_share: Share
    domain_auc: Share
    domain_z: Positive
    score_distance: Share
    auc_drop: Share


class PriorRules(Rules):
    """The share of churners, estimated without labels."""

    z: Positive
    log_odds: Positive
    explained: Share


class LabelRules(Rules):
    """Whether the known outcomes can be trusted."""

    immature_z: Positive
    age_z: Positive
    young_to_old: Share
    selected_distance: Share


class PerformanceRules(Rules):
    """What trusted outcomes say about the champion."""

    min_rows: int = Field(ge=1)
    min_per_class: int = Field(ge=1)
    level_z: Positive
    level_z_agreed: Positive
    slope_z: Positive
    auc_z: Positive
    deploy_z: Positive
    segment_p: Share
    covered: Share


class ChallengerRules(Rules):
    """When another model is worth having, on held-out recent rows."""

    gain: float = Field(ge=0)
    gain_z: Positive
    loss_z: Positive


class EvidenceRules(Rules):
    """All of them."""

    data: DataRules
    dependency: DependencyRules
    support: SupportRules
    prior: PriorRules
    labels: LabelRules
    performance: PerformanceRules
    challengers: ChallengerRules


class DiagnosisRules(Rules):
    """From probabilities of causes to an action. `regret`: points of the maximum campaign profit lost by an action, by cause and action."""

    training_refused_from: Share
    told_from: Share
    set_aside_from: Share
    set_aside_at_most: Share
    regret: dict[str, dict[str, Annotated[float, Field(ge=0)]]]
