"""Outcomes that arrive over the API: each for a customer that was predicted, and said twice it counts once."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import compress
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field, ValidationError
from pydantic_core import PydanticCustomError
from sqlalchemy import Connection, select

from pipeline.clock import moment, stamp
from pipeline.record.opened_workspace import Opened
from pipeline.serving.answers import OutcomeResult
from pipeline.serving.customer_input import ALLOWED_ID, CustomerId, InputError, Moment, Wrong, check_items, wrongs
from pipeline.state import outcomes as log
from pipeline.state.database import predictions

MOST_OUTCOMES = 1_000  # in one request: one transaction, which others wait for
_LIST: Mapping[str, str] = MappingProxyType({"outcomes": f"a list of 1 to {MOST_OUTCOMES:,} outcomes"})
_UNKNOWN_WORD = "unknown_word"
_CLOCKS_DIFFER = timedelta(minutes=5)  # between two machines at most


def _word(value: object) -> object:
    """Truths, ones and zeros, and texts; one finding for anything else, where a union of types would have one for each."""
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int) and value in {0, 1}:
        return bool(value)
    raise PydanticCustomError(_UNKNOWN_WORD, "no word for an outcome")


class Outcome(BaseModel, frozen=True, extra="forbid", strict=True):
    """Whether a customer churned."""

    id: CustomerId
    churned: Annotated[bool | str, BeforeValidator(_word, json_schema_input_type=bool | Literal[0, 1] | str)] = Field(
        description="true or false, 1 or 0, or one of the words that the workspace has for it"
    )
    observed_at: Moment | None = Field(None, description="When it became known, with its offset; absent: now")
    predicted_at: Moment | None = Field(None, description="Of the prediction it belongs to, as answered; absent: of all of this id")


class Outcomes(BaseModel, frozen=True, extra="forbid", strict=True):
    """Up to 1,000 outcomes."""

    outcomes: Annotated[list[Outcome], Field(min_length=1, max_length=MOST_OUTCOMES)]


class OutcomeIntake:
    """Takes outcomes for one workspace. Where the predictions are in a log of the team's own, no id is looked for."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        words, data, named = opened.settings.serving, opened.settings.data, opened.settings.outcomes
        self._words = {words.retained: 0, words.churned: 1, data.positive: 1} | dict.fromkeys(named.no, 0) | dict.fromkeys(named.yes, 1)
        self._moments = bool(named.horizon)
        self._own_log = bool(opened.settings.predictions.file or opened.settings.predictions.table)
        listed = ", ".join(f'"{word}"' for word in self._words)
        time = "a time with its offset, like 2026-01-31T10:00:00+01:00, or null"
        self._allowed = {
            "id": ALLOWED_ID,
            "churned": f"true or false, 1 or 0, or one of the words {listed}",
            "observed_at": time,
            "predicted_at": time,
        }

    def read(self, body: bytes) -> tuple[Outcome, ...]:
        """The outcomes of `{"outcomes": [...]}`.

        Raises:
            InputError: it is no such object, or a word is not known.
        """
        check_items(body, MOST_OUTCOMES * 2 * len(self._allowed), _LIST["outcomes"])
        try:
            found = tuple(Outcomes.model_validate_json(body).outcomes)
        except ValidationError as error:
            raise InputError(wrongs(error, _LIST, self._allowed)) from error
        unknown = tuple(
            Wrong(row=row, field="churned", rule=_UNKNOWN_WORD, allowed=self._allowed["churned"])
            for row, outcome in enumerate(found)
            if isinstance(outcome.churned, str) and outcome.churned not in self._words
        )
        if unknown:
            raise InputError(unknown)
        return found

    def take(self, told: Sequence[Outcome]) -> tuple[OutcomeResult, ...]:
        """Write down what is new, in one transaction; errors as `State.write`.

        Raises:
            InputError: an outcome was observed in the future, or before what it is the outcome of was predicted; nothing is written.
        """
        now = self._opened.clock()
        words = [
            log.KnownOutcome(
                outcome.id,
                outcome.predicted_at,
                outcome.observed_at,
                self._words[outcome.churned] if isinstance(outcome.churned, str) else int(outcome.churned),
            )
            for outcome in told
        ]
        with self._opened.state.write() as connection:
            scored = None if self._own_log else _scored(connection, {word.id for word in words})
            taken = [scored is None or _belongs(word, scored) for word in words]
            impossible = [_impossible(row, word, now, scored or {}) for row, word in enumerate(words) if taken[row]]
            if any(impossible):
                raise InputError(tuple(filter(None, impossible)))
            news = iter(log.add_outcomes_in(connection, list(compress(words, taken)), now, moments=self._moments))
        return tuple(OutcomeResult(id=word.id, result=next(news) if known else "unknown") for word, known in zip(words, taken, strict=True))


def _belongs(word: log.KnownOutcome, scored: Mapping[str, set[str]]) -> bool:
    return word.id in scored and (word.predicted_at is None or stamp(word.predicted_at) in scored[word.id])


def _impossible(row: int, word: log.KnownOutcome, now: datetime, scored: Mapping[str, set[str]]) -> Wrong | None:
    """What is wrong with when an outcome was observed; None where nothing is, or nothing is said."""
    if word.observed_at is None:
        return None
    if word.observed_at > now + _CLOCKS_DIFFER:
        return Wrong(row=row, field="observed_at", rule="in_the_future", allowed="a time that has passed, or null for now")
    predicted = word.predicted_at or min(map(moment, scored.get(word.id, ())), default=None)
    if predicted is not None and word.observed_at < predicted - _CLOCKS_DIFFER:
        of = "the prediction" if word.predicted_at else "the first prediction of this id"
        return Wrong(row=row, field="observed_at", rule="before_the_prediction", allowed=f"a time not before that of {of}, or null for now")
    return None


def _scored(connection: Connection, ids: set[str]) -> Mapping[str, set[str]]:
    """Scoring times of each of these ids that was ever scored."""
    found: dict[str, set[str]] = {}
    for id_, at in connection.execute(select(predictions.c.id, predictions.c.predicted_at).where(predictions.c.id.in_(ids))):
        found.setdefault(id_, set()).add(at)
    return found
