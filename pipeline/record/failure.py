"""Why a tool call brought no result, as data: what the record keeps, what travels to the client, and what operators decide by."""

from typing import Literal

from pydantic import BaseModel

from pipeline.diagnosis.diagnosis import Action
from pipeline.errors import ChurnopsError, OutdatedCase, Refusal
from pipeline.shown_text import plain

CASE_CLOSED = "case.closed"
Kind = Literal["refused", "outdated", "failed", "invalid", "crashed", "declined", "not_made"]
_LONGEST_SAID = 1200


class Failure(BaseModel, frozen=True):
    """Why there is no result. `said` is the sentence for people, and for them alone; whoever decides reads the other fields.

    `kind`: `refused` by a bound, `outdated` where the case's champion, policy or window changed, `failed` on purpose for another reason,
    `invalid` arguments or an unknown tool, `crashed` unexpectedly; and of calls that reached no tool, `declined` by a person or `not_made`.
    `rule` names the bound in `policy.toml`, `allowed` what it permits, `instead` the action to close the case with, where it is one.
    """

    kind: Kind = "failed"
    said: str
    rule: str | None = None
    allowed: str | None = None
    instead: Action | None = None

    @property
    def case_is_over(self) -> bool:
        """Whether the case takes no more work, so that another one has to be opened."""
        return self.kind == "outdated" or self.rule == CASE_CLOSED


def failure_of(error: BaseException) -> Failure:
    """What `error`, raised by a tool, comes to. Of an unexpected one only the kind of exception is told: its text may hold anything."""
    match error:
        case Refusal():
            return Failure.model_validate(
                {"kind": "refused", "said": _said(error), "rule": error.rule, "allowed": error.allowed, "instead": error.instead}
            )
        case OutdatedCase():
            return Failure(kind="outdated", said=_said(error))
        case ChurnopsError():
            return Failure(said=_said(error))
    return Failure(kind="crashed", said=f"cut off ({type(error).__name__})")


def _said(error: ChurnopsError) -> str:
    return plain(str(error), _LONGEST_SAID)
