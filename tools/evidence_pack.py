"""A diagnosis as a model reads it: the strongest evidence in at most two kilobytes, the rest counted."""

from pydantic import BaseModel

from pipeline.diagnosis.diagnosis import Action, Diagnosis, Mode, RunnerUp
from pipeline.diagnosis.finding import Cause, Finding, Name
from pipeline.diagnosis.ruled_out import RuledOut
from pipeline.shown_text import plain
from reports.first_page.loss import loss_words
from reports.first_page.timing_words import timing_words

PACK_BYTES = 2048
_FEWEST = 3  # findings that stay whatever their length
_NEAREST = 4  # misses that stay before a finding goes


class Evidence(BaseModel, frozen=True):
    """One finding, short: `strength` in `unit` on `n` rows, `z` in standard errors where known."""

    name: Name
    column: str | None
    strength: float
    unit: str
    n: int
    z: float | None
    said: str | None


class Quiet(BaseModel, frozen=True):
    """A check that ran and found nothing: it measured `strength`, and speaks up from `threshold`, None where no one number decides."""

    name: Name
    strength: float
    threshold: float | None


class Weighed(BaseModel, frozen=True):
    """A cause that may be the one, with its probability (0-1)."""

    cause: Cause
    probability: float


class EvidencePack(BaseModel, frozen=True):
    """What happened, in short. `findings` are notable; `ruled_out` was looked for and not found, the nearest misses first, the farthest left
    out where they do not fit; `elided` findings did not fit. `confidence` is the probability of `cause`, the first of the `hypotheses`."""

    cause: Cause
    confidence: float
    column: str | None
    action: Action
    mode: Mode | None
    rule: str
    said: str
    findings: tuple[Evidence, ...]
    ruled_out: tuple[Quiet, ...]
    blind_spots: tuple[str, ...]
    runner_up: RunnerUp | None
    hypotheses: tuple[Weighed, ...] = ()
    elided: int


def pack(diagnosis: Diagnosis) -> EvidencePack:
    """The evidence pack of a diagnosis; weaker findings go until it fits."""
    notable = [finding for finding in diagnosis.findings if finding.notable]
    packed = EvidencePack(
        **diagnosis.model_dump(exclude={"findings", "said", "column", "hypotheses", "ruled_out"}),
        column=None if diagnosis.column is None else plain(diagnosis.column),
        said=_sentences(
            " ".join(filter(None, (diagnosis.said, loss_words(diagnosis.attribution, None), timing_words(diagnosis.timing)))), 480
        ),
        findings=tuple(_short(finding) for finding in notable),
        ruled_out=tuple(_quiet(one) for one in diagnosis.ruled_out),
        hypotheses=tuple(Weighed(cause=one.cause, probability=one.probability) for one in diagnosis.hypotheses),
        elided=0,
    )
    while len(packed.model_dump_json()) > PACK_BYTES and len(packed.ruled_out) > _NEAREST:
        packed = packed.model_copy(update={"ruled_out": packed.ruled_out[:-1]})
    while len(packed.model_dump_json()) > PACK_BYTES and len(packed.findings) > _FEWEST:
        packed = packed.model_copy(update={"findings": packed.findings[:-1], "elided": packed.elided + 1})
    if len(packed.model_dump_json()) > PACK_BYTES:
        # The sentence that decided stands in `said`.
        packed = packed.model_copy(update={"findings": tuple(one.model_copy(update={"said": None}) for one in packed.findings)})
    return packed


def _sentences(text: str, most: int) -> str:
    """The whole sentences of `text` that fit; the beginning of the first where none does."""
    if len(text) <= most:
        return text
    end = text.rfind(". ", 0, most)
    return text[: end + 1] if end > 0 else text[: most - 1] + "…"


def _quiet(check: RuledOut) -> Quiet:
    return Quiet(name=check.name, strength=float(f"{check.strength:.2g}"), threshold=check.threshold)


def _short(finding: Finding) -> Evidence:
    return Evidence(
        name=finding.name,
        column=None if finding.column is None else plain(finding.column),
        strength=float(f"{finding.strength:.4g}"),
        unit=finding.unit,
        n=finding.n,
        z=None if finding.z is None else float(f"{finding.z:.3g}"),
        said=_sentences(finding.said, 280),
    )
