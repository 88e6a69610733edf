"""What the API answers, as types: they are its OpenAPI schema, too."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from pipeline.explanation.customer import CustomerExplanation
from pipeline.measures.risk_tiers import RetentionAction, Tier
from pipeline.scoring.scorer import Scored
from pipeline.serving.champion_watch import Serving
from pipeline.serving.customer_input import Wrong
from pipeline.workspace.serving_settings import ServingSettings


class _Answer(BaseModel, frozen=True):
    """Frozen: what was read stays as it was."""


class ReasonSaid(_Answer):
    """One of at most three values that move this answer most; `effect` is in probability, and no promise of what a change would do."""

    feature: str
    value: float | str | None
    effect: float
    direction: Literal["raises", "lowers"]


class Prediction(_Answer):
    """The champion's answer about one customer."""

    id: str
    probability: float = Field(description="Of churn, from 0 to 1")
    label: str = Field(description="The words of [serving]: churned from the threshold on")
    threshold: float
    risk_category: Tier
    action: RetentionAction
    expected_value: float = Field(description="Of an offer to this customer, in the currency of [value]")
    reasons: tuple[ReasonSaid, ...]
    model_version: str
    model_digest: str
    predicted_at: datetime
    missing_fields: tuple[str, ...] = Field(
        (), exclude_if=lambda named: not named, description="Features of the champion that were not sent and count as missing values"
    )
    explanation: CustomerExplanation | None = Field(None, exclude_if=lambda said: said is None, description="Where the request asks for it")


class Predictions(_Answer):
    """Answers in the order of the customers, all of one champion."""

    predictions: tuple[Prediction, ...]


class OutcomeResult(_Answer):
    """What became of one outcome: `added`; `corrected`, an earlier word on it was another; `known`, nothing changed; `unknown`, no
    prediction is logged for this id (at this time), so it was not kept."""

    id: str
    result: Literal["added", "corrected", "known", "unknown"]


class OutcomeResults(_Answer):
    """One result per outcome, in their order."""

    outcomes: tuple[OutcomeResult, ...]


class OfferResult(_Answer):
    """What became of one offer: `added`; `corrected`, an earlier word on it was another; `known`, nothing changed; `unknown`, no prediction is
    logged for this id, so it was not kept."""

    id: str
    result: Literal["added", "corrected", "known", "unknown"]


class OfferResults(_Answer):
    """One result per offer, in their order."""

    offers: tuple[OfferResult, ...]


class Refused(_Answer):
    """Why a body was not taken: everything that is wrong with it."""

    detail: tuple[Wrong, ...]


class Failed(_Answer):
    """Why there is no answer, and what to do."""

    detail: str


class Held(Failed):
    """Why no list is answered: the cases that keep it back."""

    cases: tuple[str, ...]


class Alive(_Answer):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Ready(_Answer):
    """Which champion answers, how, and whether the pointer is believed."""

    ready: bool
    model_version: str | None = None
    model_digest: str | None = None
    path: str | None = Field(None, description="`fast`, proven equal, or `scikit-learn`")
    problem: str | None = None


def prediction(
    scored: Scored, serving: Serving, words: ServingSettings, customer: str, at: datetime, missing: tuple[str, ...] = ()
) -> Prediction:
    """The answer about one customer scored at `at`, of whom the `missing` features were not sent."""
    return Prediction(
        id=customer,
        probability=scored.probability,
        label=words.churned if scored.label else words.retained,
        threshold=serving.scorer.threshold,
        risk_category=scored.tier,
        action=scored.action,
        expected_value=scored.expected_value,
        reasons=tuple(ReasonSaid.model_validate(reason, from_attributes=True) for reason in scored.reasons),
        model_version=serving.champion.version,
        model_digest=serving.champion.digest,
        predicted_at=at,
        missing_fields=missing,
    )
