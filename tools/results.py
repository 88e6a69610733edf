"""What the tools answer. Every answer names its case and its call number, so that `case, call, path` cites any value in it."""

from datetime import datetime
from typing import Annotated, TypedDict

from pydantic import BaseModel, Field

from pipeline.diagnosis.diagnosis import Action
from pipeline.diagnosis.feature_inspection import FeatureView
from pipeline.diagnosis.group_measures import GroupedMeasure
from pipeline.diagnosis.outcomes.inspection import OutcomeView
from pipeline.diagnosis.pair_inspection import PairView
from pipeline.diagnosis.repairs.preview import RepairPreview
from pipeline.drift.summary import DriftSummary
from pipeline.measures.measure import Comparison, GateResult, Metrics
from pipeline.record.cases import Case, ModelRef, ReportRef, Status, Waiting
from reports.workspace_history import WorkspaceHistory
from tools.evidence_pack import EvidencePack


class Result(BaseModel, frozen=True):
    """An answer within a case."""

    case_id: str
    call: Annotated[int, Field(description="Number of this call in the case; cite results by it")] = 0


class Dated(Result):
    """An answer with the dates it speaks of, in sentences, the last of them on what is not visible yet; none in cases of earlier versions."""

    dates: str = Field("", exclude_if=lambda told: not told)


class DriftResult(Dated):
    """Drift of the current window against the reference, and the case it opened or continues."""

    champion: ModelRef
    drift: DriftSummary
    labelled_rows: Annotated[int, Field(description="Rows of the matured window, whose outcome is known")]
    labelled_churners: int
    status: Annotated[Status, Field(description="Of the case: open and partial go on; any other is closed and can only be looked at")] = (
        "open"
    )
    waiting: Annotated[Waiting | None, Field(description="A challenger that waits for a person, of this case or an earlier one")] = None
    elided: Annotated[int, Field(description="Features and findings that did not fit, the weakest")] = 0


class ServingModel(ModelRef):
    """The champion, with how it was made."""

    estimator: str
    hyperparameters: dict[str, int | float]
    trained_at: datetime
    adopted: Annotated[
        bool, Field(description="Others fitted it; `trained_at` is when it was taken in", exclude_if=lambda found: not found)
    ] = False


class MetricsResult(Dated):
    """How the champion did on its test set, and does on the window's labelled rows (null below 2 of a class)."""

    champion: ServingModel
    gate: Metrics
    window: Metrics | None
    labelled_rows: int
    labelled_churners: int


class DiagnosisResult(Dated):
    """What happened: the cause, how sure, the column at fault, what to do, and what could not be seen."""

    diagnosis: EvidencePack


class FeatureResult(Result):
    """One feature from near."""

    view: FeatureView


class QueryResult(Result):
    """One measure by group."""

    found: GroupedMeasure


class RepairResult(Result):
    """What undoing a suspected fault brings back."""

    preview: RepairPreview


class OutcomeResult(Result):
    """Known outcomes from near."""

    view: OutcomeView


class PairResult(Result):
    """Two features from near."""

    view: PairView


class HistoryResult(Result):
    """What has been going on in the workspace; `case_id` is the case on whose record the call is, empty where there is none."""

    history: WorkspaceHistory


class Candidate(BaseModel, frozen=True):
    """The trained candidate; digest and version are null when it failed the gate and was discarded."""

    digest: str | None
    version: str | None


class TrainingReply(Result):
    """A training and the quality gate's verdict on it. Champion and candidate are measured on the same held-out rows."""

    mode: str
    estimator: str
    hyperparameters: dict[str, int | float]
    candidate: Candidate
    metrics: Metrics
    champion_metrics: Metrics | None
    comparison: Comparison | None
    gate: GateResult
    train_rows: int
    held_out_rows: int
    trainings_left: int


class ReportReply(Result):
    """The case is closed. `next_command` is what a person runs; no tool can. `second_opinion`: how the rulebook would have closed it, where it
    differs."""

    action: Action
    report: ReportRef
    status: Status
    next_command: str | None
    second_opinion: str | None = None


class ComparedCandidate(BaseModel, frozen=True):
    """One training of the case. `candidate` and `champion`: measures by name, on the same held-out rows (with intervals in `run_training`'s answer); `failed`: what the gate found wanting."""

    training: int
    mode: str
    estimator: str
    hyperparameters: dict[str, int | float]
    version: str | None
    passed: bool
    failed: tuple[str, ...]
    held_out_rows: int
    candidate: dict[str, float]
    champion: dict[str, float] | None
    difference: Comparison | None


class ComparedModels(Result):
    """A case's candidates beside the champion it was opened on; `waiting` is the version a person decides on by `next_command`."""

    status: Status
    champion: ModelRef
    candidates: tuple[ComparedCandidate, ...]
    waiting: str | None
    next_command: str | None


class Dates(TypedDict, total=False):
    """What `Dated` adds to an answer."""

    dates: str


def dates_of(case: Case) -> Dates:
    """What a case has for the fields of `Dated`; nothing where an earlier version opened it."""
    windows = case.window.windows if case.window else None
    return {} if windows is None else {"dates": " ".join((*windows.said, *filter(None, (windows.unseen,))))}
