"""A cause that may be the one: how probable, what speaks for and against it, and what would settle it."""

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import ConfigDict, Field

from pipeline.diagnosis.finding import Cause
from pipeline.stored_record import StoredRecord


class Hypothesis(StoredRecord):
    """`probability`: 0-1. `speaks_for` and `speaks_against` are sentences of findings, the weightiest first; in JSON `for` and `against`."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)

    cause: Cause
    probability: float
    speaks_for: tuple[str, ...] = Field((), alias="for")
    speaks_against: tuple[str, ...] = Field((), alias="against")
    settle: str


WHAT_SETTLES: Mapping[Cause, str] = MappingProxyType(
    {
        "none": "The same check on the next window: what is chance does not come back.",
        "covariate_benign": "Outcomes of the customers who are new to the model.",
        "covariate_harmful": "Outcomes of a random sample of the customers unlike the reference.",
        "prior_shift": "Outcomes of a random sample: whether the rate moved alike among all kinds of customers.",
        "concept_drift": "Outcomes of a small random sample of all customers, scored and then left alone.",
        "data_fault": "A word with whoever owns the feed: whether the column means what it meant.",
        "label_fault": "How outcomes are recorded, and what really became of ten of these customers.",
        "unsure": "A person who knows what happened in that time.",
    }
)
