"""Cases: one triage from alert to decision, with every tool call and training on record. Where they are kept: `case_file`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal

from pydantic import Field

from pipeline.diagnosis.diagnosis import Action, Diagnosis, Mode
from pipeline.drift.summary import DriftSummary
from pipeline.measures.evaluation import Evaluation
from pipeline.measures.measure import CalibrationTrial, GateResult, Metrics, Reweighting
from pipeline.models.artifact import DriftReference
from pipeline.profiles.distribution import Distribution
from pipeline.record.case_id import CaseId
from pipeline.record.failure import Failure
from pipeline.shown_text import plain
from pipeline.stored_record import StoredRecord
from pipeline.windows.stretch import TwoWindows
from pipeline.windows.window import Window
from pipeline.words import cause_name

Status = Literal[
    "open",
    "no_deploy_needed",
    "not_enough_data",
    "needs_people",
    "pending_approval",
    "partial",
    "approving",
    "approved",
    "rejected",
    "superseded",
]
# What a case may come to: an operator's action, or what a watch recommends to people alone.
CallOutcome = Literal["ok", "refused", "failed"]


class ModelRef(StoredRecord):
    """A registered model: registry version and artifact digest."""

    version: str
    digest: str


class WindowFacts(StoredRecord):
    """What a case remembers of its window; `customers` is None where its rows have no ids. `windows` is None where an earlier version opened the
    case: then the labelled rows are among the others."""

    source: str
    since: datetime | None
    until: datetime | None
    rows: int
    labelled_rows: int
    labelled_churners: int
    fingerprint: str
    customers: int | None = Field(None, exclude_if=lambda told: told is None)
    windows: TwoWindows | None = Field(None, exclude_if=lambda told: told is None)

    @classmethod
    def of(cls, window: Window) -> "WindowFacts":
        """What is remembered of `window`."""
        return cls(
            source=window.name,
            since=window.since,
            until=window.until,
            rows=window.rows,
            labelled_rows=window.labelled_rows,
            labelled_churners=window.labelled_churners,
            fingerprint=window.fingerprint,
            customers=window.customers,
            windows=window.windows,
        )


class Challenger(StoredRecord):
    """A candidate that passed the gate and waits for approval."""

    version: str
    digest: str
    gate: GateResult
    metrics: Metrics


class Waiting(StoredRecord):
    """A challenger that waits for a person, by the case that trained it."""

    case_id: str
    version: str


class ReportRef(StoredRecord):
    """A report as it was written."""

    path: str
    sha256: str


class Decision(StoredRecord):
    """What a person decided, and why."""

    reviewer: str
    reason: str
    at: datetime


RuledCause = Literal["none", "covariate_benign", "covariate_harmful", "prior_shift", "concept_drift", "data_fault", "label_fault"]
_ANSWERS: Mapping[RuledCause, tuple[Action, Mode | None]] = MappingProxyType(
    {
        "none": ("monitor", None),
        "covariate_benign": ("monitor", None),
        "covariate_harmful": ("retrain", "combined"),
        "prior_shift": ("recalibrate", "recalibrate"),
        "concept_drift": ("retrain", "combined"),
        "data_fault": ("fix_data", None),
        "label_fault": ("collect_labels", None),
    }
)


class Override(StoredRecord):
    """A person's word on what happened, for this case alone. `by` is who."""

    cause: RuledCause
    reason: str
    by: str
    at: datetime


class Case(StoredRecord):
    """One case. `champion` is the model that served when it was opened; `person` is who opened it, as far as the machine says;
    of kind `deploy` it is about how
    that model does since it was deployed. `unsourced` are numbers of its report's narrative without a source; `own_words` is what the report's
    first page says in the operator's words, `disagreed` that the rulebook came to another answer. `picture` is the column that the diagnosis
    names, in the reference and in the window."""

    case_id: CaseId
    key: str
    kind: Literal["triage", "manual", "deploy"]
    status: Status = "open"
    opened_at: datetime
    started_by: str
    person: str = ""
    policy_version: str
    champion: ModelRef
    window: WindowFacts | None = None
    drift: DriftSummary | None = None
    diagnosis: Diagnosis | None = None
    override: Override | None = None
    action: Action | None = None
    mode: str | None = None
    operator: str | None = None
    challenger: Challenger | None = None
    report: ReportRef | None = None
    closed_at: datetime | None = None
    decision: Decision | None = None
    superseded_by: str | None = Field(None, exclude_if=lambda told: told is None)
    unsourced: tuple[str, ...] = Field((), exclude_if=lambda told: not told)
    own_words: str = Field("", exclude_if=lambda told: not told)
    disagreed: bool = Field(False, exclude_if=lambda told: not told)
    picture: Distribution | None = Field(None, exclude_if=lambda told: told is None)

    @property
    def unfinished(self) -> bool:
        """Whether an operator may go on with it."""
        return self.status in {"open", "partial"}


class Call(StoredRecord):
    """One tool call of a case; `number` is what reports cite. `result` is the tool's structured answer, or the fields of a `Failure`."""

    number: int
    at: datetime
    tool: str
    arguments: dict[str, Any]
    outcome: CallOutcome
    seconds: float
    result: dict[str, Any]

    @property
    def failure(self) -> Failure | None:
        """Why the call brought nothing; None where it did. Records of earlier versions hold no more of it than what was said."""
        if self.outcome == "ok":
            return None
        return Failure.model_validate({"kind": self.outcome, "said": "", **self.result})


class TrainingResult(Evaluation):
    """What one training of a case came to: what was measured, and the gate's verdict on it."""

    mode: str
    estimator: str
    hyperparameters: dict[str, int | float]
    digest: str | None
    version: str | None
    gate: GateResult
    calibration: CalibrationTrial
    train_rows: int
    gate_rows: int
    seconds: float
    drift_reference: DriftReference | None = Field(None, exclude_if=lambda told: told is None)
    reweighting: Reweighting | None = Field(None, exclude_if=lambda told: told is None)


class Training(StoredRecord):
    """One training of a case; `result` is None while it runs, and stays None when it was cut off."""

    number: int
    started_at: datetime
    arguments: dict[str, Any]
    result: TrainingResult | None


def concluded(case: Case) -> Diagnosis | None:
    """What happened as far as this case is concerned: the diagnosis, with a person's word laid over it where there is one."""
    override, found = case.override, case.diagnosis
    if override is None:
        return found
    action, mode = _ANSWERS[override.cause]
    before = f" instead of {cause_name(found.cause)}" if found else ""
    return Diagnosis(
        cause=override.cause,
        confidence=1.0,
        column=found.column if found else None,
        action=action,
        mode=mode,
        rule="overruled",
        said=f'A person ruled{before}, for the reason "{plain(override.reason, 200)}".',
        findings=found.findings if found else (),
        blind_spots=found.blind_spots if found else (),
        runner_up=None,
        expected=found.expected if found else None,
        owners=found.owners if found else (),
    )


def waiting_in(case: Case | None) -> Waiting | None:
    """The challenger that waits in the case, if one does."""
    if case is None or case.challenger is None or case.status != "pending_approval":
        return None
    return Waiting(case_id=case.case_id, version=case.challenger.version)


def mode_of(case: Case, trainings: Sequence[Training]) -> str | None:
    """How the case's challenger was trained; None where it has none."""
    if case.challenger is None:
        return None
    return next((done.result.mode for done in trainings if done.result and done.result.digest == case.challenger.digest), None)
