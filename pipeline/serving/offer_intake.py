"""Offers that arrive over the API: each for a customer that was predicted, and said twice it counts once."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import compress
from types import MappingProxyType
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError
from sqlalchemy import select

from pipeline.record.opened_workspace import Opened
from pipeline.serving.answers import OfferResult
from pipeline.serving.customer_input import ALLOWED_ID, CustomerId, InputError, Moment, Wrong, check_items, wrongs
from pipeline.state.database import predictions
from pipeline.state.offers import Offer, add_offers_in

MOST_OFFERS = 1_000  # in one request: one transaction, which others wait for
_LIST: Mapping[str, str] = MappingProxyType({"offers": f"a list of 1 to {MOST_OFFERS:,} offers"})
_CLOCKS_DIFFER = timedelta(minutes=5)  # between two machines at most
_LONGEST_KIND = 200


class OfferSaid(BaseModel, frozen=True, extra="forbid", strict=True):
    """That a customer was contacted, or held out."""

    id: CustomerId
    offered_at: Moment | None = Field(None, description="When it was made, with its offset; absent: now")
    kind: Annotated[str, Field(max_length=_LONGEST_KIND, pattern=r"^[^\x00]*$")] = Field("", description="Your word for what was offered")
    accepted: bool | None = Field(None, description="Whether it was accepted; absent: not known")
    held_out: bool = Field(False, description="Whether the customer would have been contacted and was not, to compare with")


class OffersSaid(BaseModel, frozen=True, extra="forbid", strict=True):
    """Up to 1,000 offers."""

    offers: Annotated[list[OfferSaid], Field(min_length=1, max_length=MOST_OFFERS)]


class OfferIntake:
    """Takes offers for one workspace. Where the predictions are in a log of the team's own, no id is looked for."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._own_log = bool(opened.settings.predictions.file or opened.settings.predictions.table)
        self._allowed = {
            "id": ALLOWED_ID,
            "offered_at": "a time with its offset, like 2026-01-31T10:00:00+01:00, or null",
            "kind": f"a text of at most {_LONGEST_KIND} characters",
            "accepted": "true, false or null",
            "held_out": "true or false",
        }

    def read(self, body: bytes) -> tuple[OfferSaid, ...]:
        """The offers of `{"offers": [...]}`.

        Raises:
            InputError: it is no such object.
        """
        check_items(body, MOST_OFFERS * 2 * len(self._allowed), _LIST["offers"])
        try:
            return tuple(OffersSaid.model_validate_json(body).offers)
        except ValidationError as error:
            raise InputError(wrongs(error, _LIST, self._allowed)) from error

    def take(self, told: Sequence[OfferSaid]) -> tuple[OfferResult, ...]:
        """Write down what is new, in one transaction; errors as `State.write`.

        Raises:
            InputError: an offer was made in the future; nothing is written.
        """
        now = self._opened.clock()
        allowed = "a time that has passed, or null for now"
        early = tuple(
            Wrong(row=row, field="offered_at", rule="in_the_future", allowed=allowed)
            for row, one in enumerate(told)
            if one.offered_at is not None and one.offered_at > now + _CLOCKS_DIFFER
        )
        if early:
            raise InputError(early)
        offers = [Offer(one.id, one.offered_at or now, one.kind, one.accepted, one.held_out) for one in told]
        with self._opened.state.write() as connection:
            asked = select(predictions.c.id).where(predictions.c.id.in_({one.id for one in told})).distinct()
            scored = None if self._own_log else set(connection.execute(asked).scalars())
            taken = [scored is None or one.id in scored for one in offers]
            news = iter(add_offers_in(connection, list(compress(offers, taken))))
        return tuple(OfferResult(id=one.id, result=next(news) if known else "unknown") for one, known in zip(offers, taken, strict=True))
