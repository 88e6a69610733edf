"""How sure a diagnosis is, in words that say how often verdicts as sure as it were right."""

from collections.abc import Sequence

from pipeline.diagnosis.diagnosis import Diagnosis
from pipeline.record.cases import Case

# Of 100 verdicts this sure, so many were right, on kinds of change that the weights were not fitted on: the table “How sure” of docs/benchmark.md.
RIGHT_OF_100: Sequence[tuple[float, int]] = ((0.9, 88), (0.7, 47), (0.5, 54), (0.0, 47))
_LIKELY = 60  # of 100: well beyond a coin


def right_of_100(confidence: float) -> int:
    """How many of 100 verdicts as sure as this one were right.

    >>> right_of_100(0.97), right_of_100(0.85)
    (88, 47)
    """
    return next(right for above, right in RIGHT_OF_100 if confidence > above or above == 0.0)


def is_sure(found: Diagnosis) -> bool:
    """Whether the diagnosis is very likely right, or a person's word."""
    return found.rule == "overruled" or right_of_100(found.confidence) > _LIKELY


def confidence_words(found: Diagnosis, cases: Sequence[Case] = ()) -> str:
    """A sentence on how sure the diagnosis is. `cases`: the workspace's, of which those count that people ruled on."""
    if found.rule == "overruled":
        return "Certain as far as this case goes: a person ruled so."
    if found.cause == "none":
        return "No sign of a change is no proof that there is none."
    right = right_of_100(found.confidence)
    sure = "very likely right" if is_sure(found) else "uncertain"
    return f"This cause is {sure}: {right} of 100 verdicts this sure were right on kinds of change never met before{_yours(found, cases)}."


def _yours(found: Diagnosis, cases: Sequence[Case]) -> str:
    """How people ruled on the workspace's own verdicts of this cause: they approved what followed from it, or named another cause."""
    alike = [case for case in cases if case.diagnosis is not None and case.diagnosis.cause == found.cause]
    right = sum(case.override is None and case.status == "approved" for case in alike)
    ruled = right + sum(case.override is not None for case in alike)
    right += sum(case.override is not None and case.override.cause == found.cause for case in alike)
    return f"; {right} of {ruled} of yours" if ruled else ""
