"""What the commands answer, made from their `--json` fields, under the same names."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from churnops_client.table import Table


@dataclass(frozen=True)
class Stretch:
    """From when to when an answer speaks, of how many rows, customers and known outcomes."""

    since: datetime | None
    until: datetime | None
    rows: int
    customers: int | None
    labelled: int


@dataclass(frozen=True)
class Feature:
    """Drift of one feature. `drifted` is Evidently's verdict, `calibrated` ours; `importance` is the champion's, 0-1."""

    name: str
    kind: str
    method: str
    score: float
    threshold: float
    drifted: bool
    direction: str | None
    change: str | None
    calibrated: bool | None
    importance: float | None


@dataclass(frozen=True)
class Drift(Table):
    """What `churnops drift` found. `segments` holds the same of each value of the column that was asked for with `by`."""

    reference_rows: int
    current_rows: int
    share: float
    drifted: int
    features_total: int
    band: str
    features: tuple[Feature, ...]
    recent: Stretch | None
    matured: Stretch | None
    segments: "dict[str, Drift] | None"
    _columns = ("name", "kind", "method", "score", "threshold", "drifted", "calibrated", "change")

    def _sentence(self) -> str:
        return f"{self.drifted} of {self.features_total} features drifted; {self.current_rows:,} rows against {self.reference_rows:,}"

    def _rows(self) -> Sequence[Feature]:
        return self.features


@dataclass(frozen=True)
class Finding:
    """One piece of evidence. `strength` in `unit`, with its interval, from `n` rows; `said` is the sentence of it."""

    family: str
    name: str
    column: str | None
    strength: float
    unit: str
    n: int
    low: float | None
    high: float | None
    notable: bool
    said: str


@dataclass(frozen=True)
class Hypothesis:
    """A cause, how probable it is, 0-1, what speaks for and against it, and what would settle it."""

    cause: str
    probability: float
    for_: tuple[str, ...]
    against: tuple[str, ...]
    settle: str | None


@dataclass(frozen=True)
class Diagnosis(Table):
    """What `churnops diagnose` found: cause, how sure, what to do, and what is not visible."""

    cause: str
    confidence: float
    column: str | None
    action: str
    mode: str | None
    said: str
    findings: tuple[Finding, ...]
    hypotheses: tuple[Hypothesis, ...]
    blind_spots: tuple[str, ...]
    recent: Stretch | None
    matured: Stretch | None
    _columns = ("family", "name", "column", "said")

    def _sentence(self) -> str:
        return f"{self.cause} (confidence {self.confidence:.2f}), action {self.action}. {self.said} {' '.join(self.blind_spots)}".strip()

    def _rows(self) -> Sequence[Finding]:
        return self.findings


@dataclass(frozen=True)
class Model:
    """A version of the model, by its number and its digest."""

    version: str
    digest: str


@dataclass(frozen=True)
class Measure:
    """One measure on `n` rows, with its 95% interval where there is one."""

    name: str
    value: float
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True)
class Check:
    """One check of the quality gate, by the rule of the policy."""

    rule: str
    passed: bool
    said: str


@dataclass(frozen=True)
class Case:
    """One triage, from alert to decision."""

    case_id: str
    kind: str
    status: str
    opened_at: datetime
    closed_at: datetime | None
    operator: str | None
    action: str | None
    mode: str | None
    champion: Model
    challenger: Model | None
    diagnosis: Diagnosis | None


class Cases(tuple[Case, ...], Table):
    """The cases of a workspace: what is open first, then the newest."""

    _columns = ("case_id", "status", "opened_at", "action", "operator")

    def _sentence(self) -> str:
        return f"{len(self)} case{'' if len(self) == 1 else 's'}"

    def _rows(self) -> Sequence[Case]:
        return self


@dataclass(frozen=True)
class Trained(Table):
    """What `churnops train` made: the first champion, `case_id` None, or a challenger that waits for a person in its case."""

    version: str | None
    digest: str | None
    estimator: str
    hyperparameters: dict[str, float]
    train_rows: int
    measures: tuple[Measure, ...]
    checks: tuple[Check, ...]
    case_id: str | None
    leaks: tuple[str, ...]
    _columns = ("name", "value", "low", "high", "n")

    def _sentence(self) -> str:
        became = f"challenger of case {self.case_id}" if self.case_id else "champion"
        return f"Version {self.version}, {self.estimator}, trained on {self.train_rows:,} rows: {became}"

    def _rows(self) -> Sequence[Measure]:
        return self.measures


@dataclass(frozen=True)
class Family:
    """A family of models as `train --compare` measured it out of fold. `value`: campaign profit in percent of the most there is."""

    name: str
    roc_auc: float
    log_loss: float
    calibration_error: float
    value: float
    fit_seconds: float


@dataclass(frozen=True)
class Comparison(Table):
    """What `churnops train --compare` found, which family it selected and why, and the model that was then trained."""

    families: tuple[Family, ...]
    selected: str
    why: str
    trained: Trained
    _columns = ("name", "roc_auc", "log_loss", "calibration_error", "value", "fit_seconds")

    def _sentence(self) -> str:
        return self.why

    def _rows(self) -> Sequence[Family]:
        return self.families


@dataclass(frozen=True)
class Triage(Table):
    """What `churnops triage` came to. `stopped` says how it ended; a `challenger` waits for a person."""

    case_id: str
    operator: str
    status: str
    action: str | None
    mode: str | None
    stopped: str
    diagnosis: Diagnosis | None
    challenger: Model | None
    _columns = Diagnosis._columns

    def _sentence(self) -> str:
        told = f"{self.diagnosis.cause}: {self.diagnosis.said}" if self.diagnosis else "no diagnosis"
        return f"Case {self.case_id} ({self.status}), action {self.action}. {told}"

    def _rows(self) -> Sequence[Finding]:
        return self.diagnosis.findings if self.diagnosis else ()


@dataclass(frozen=True)
class Report:
    """The audit report of a case, as Markdown. `intact`: whether it still is, byte for byte, what was written."""

    case: Case
    markdown: str
    intact: bool

    def _repr_html_(self) -> str:
        from markdown_it import MarkdownIt

        changed = "" if self.intact else "<p><b>This report was changed after it was written: do not decide on it.</b></p>"
        # As the review page does: what a table's values say becomes neither markup nor a request to elsewhere.
        reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable(["link", "image", "autolink", "reference"])
        header = self.markdown.split("---\n", 2) if self.markdown.startswith("---\n") else ()
        shown: str = reader.render(header[2] if len(header) == 3 else self.markdown)
        return changed + shown


@dataclass(frozen=True)
class Champion:
    """The model that serves."""

    version: str
    digest: str
    since: datetime


@dataclass(frozen=True)
class OpenCase:
    """A case that waits for something, as `churnops status` names it."""

    case_id: str
    status: str
    opened_at: datetime
    cause: str | None
    action: str | None


@dataclass(frozen=True)
class Status(Table):
    """What `churnops status` says. `well` is None where nothing can say it."""

    champion: Champion | None
    well: bool | None
    why: str
    newest_prediction: datetime | None
    newest_outcome: datetime | None
    open_cases: tuple[OpenCase, ...]
    changed: tuple[str, ...]
    _columns = ("case_id", "status", "opened_at", "cause", "action")

    def _sentence(self) -> str:
        version = f"Champion version {self.champion.version}" if self.champion else "No champion"
        return f"{version}, {'may be well or not' if self.well is None else 'well' if self.well else 'not well'}. {self.why}"

    def _rows(self) -> Sequence[OpenCase]:
        return self.open_cases
