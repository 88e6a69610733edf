"""What is on record in a workspace, for reading: cases, reports, drift, policy, the current window. Nothing here changes anything."""

from collections.abc import Sequence

from pydantic import BaseModel
from sqlalchemy import select

from pipeline.errors import ChurnopsError, DataError, IntegrityError
from pipeline.measures.measure import Measure, Metrics
from pipeline.record.cases import Case, Training, waiting_in
from pipeline.record.opened_workspace import Opened
from pipeline.shown_text import plain
from pipeline.state.database import cases
from pipeline.words import STATUSES
from reports.filing import written_report
from tools.case_windows import CaseWindows
from tools.policy_view import PolicyView, policy_view
from tools.result_bounds import bounded, shown_name
from tools.results import ComparedCandidate, ComparedModels, DriftResult, dates_of
from tools.window_view import ColumnView, WindowView, column_view, window_view

CASES_SHOWN = 50
REPORT_BYTES = 64_000


class CaseLine(BaseModel, frozen=True):
    """One case, in short. `source` is the window's name."""

    case_id: str
    status: str
    action: str | None
    opened_at: str
    source: str | None
    drift_share: float | None
    report: str | None


class CaseList(BaseModel, frozen=True):
    """The newest cases, newest first; `elided` older ones are not listed."""

    cases: tuple[CaseLine, ...]
    elided: int


class Archive:
    """One workspace's record. Every method reads, and may be slow: call it in a thread."""

    def __init__(self, opened: Opened, windows: CaseWindows) -> None:
        self._opened = opened
        self._windows = windows

    def case_ids(self, beginning: str = "", *, reported: bool = False) -> tuple[str, ...]:
        """Ids of the cases that begin so, newest first; if `reported`, only of those that may have a report."""
        query = select(cases.c.case_id).where(cases.c.case_id.startswith(beginning, autoescape=True))
        if reported:
            query = query.where(cases.c.status != "open")
        with self._opened.state.read() as connection:
            return tuple(connection.execute(query.order_by(cases.c.opened_at.desc(), cases.c.case_id.desc())).scalars())

    def features(self, beginning: str = "") -> tuple[str, ...]:
        """Names of the workspace's features that begin so."""
        return tuple(name for name in self._opened.settings.data.columns.features if name.startswith(beginning))

    def require(self, case_id: str) -> None:
        """See that there is such a case.

        Raises:
            ChurnopsError: there is none.
        """
        self._opened.cases.get(case_id)

    def cases(self) -> CaseList:
        """The newest cases."""
        ids = self.case_ids()
        found = [self._opened.cases.get(case_id) for case_id in ids[:CASES_SHOWN]]
        return CaseList(cases=tuple(_line(case) for case in found), elided=len(ids) - len(found))

    def report(self, case_id: str) -> str:
        """A case's audit report, Markdown, as it was written.

        Raises:
            ChurnopsError: there is no such case, or it has no report.
            IntegrityError: the file is gone or is not the one on record.
        """
        import hashlib

        case = self._opened.cases.get(case_id)
        if case.report is None:
            raise ChurnopsError(
                f"Case {case_id} has no report yet (status: {STATUSES[case.status]}).", "save_remediation_report writes one."
            )
        path = written_report(self._opened, case_id, case.report.sha256)
        content = path.read_bytes() if path.is_file() else b""
        if hashlib.sha256(content).hexdigest() != case.report.sha256:
            raise IntegrityError(
                f"The report of case {case_id} is not the one that was written.", "A person looks with `churnops reports verify`."
            )
        if len(content) <= REPORT_BYTES:
            return content.decode()
        return content[:REPORT_BYTES].decode(errors="ignore") + f"\n\nCut here; all of it: `churnops reports show {case_id}`.\n"

    def drift(self, case_id: str) -> DriftResult:
        """The drift a case was opened on.

        Raises:
            ChurnopsError: there is no such case, or nothing was measured in it.
        """
        return bounded(measured_drift(self._opened.cases.get(case_id)))

    def policy(self) -> PolicyView:
        """Every rule at its effective value, with its reason."""
        return policy_view(self._opened.policy)

    def window(self) -> WindowView:
        """The current window beside the champion's reference.

        Raises:
            ChurnopsError: no champion serves, or the window cannot be read.
        """
        _, _, baseline, window = self._windows.current()
        return window_view(window, baseline.profile)

    def window_feature(self, feature: str) -> ColumnView:
        """One feature of the current window, with more of its categories.

        Raises:
            DataError: there is no such feature.
            ChurnopsError: as `window`.
        """
        names = self._opened.settings.data.columns.features
        name = shown_name(feature, names)
        if name not in names:
            raise DataError(f"There is no feature “{plain(feature, 64)}”.", "`churnops://window` lists them.")
        _, _, baseline, window = self._windows.current()
        if name not in window.columns.features:
            raise DataError(f"The champion does not take `{plain(name, 64)}`.", "`churnops://window` lists what it takes.")
        return column_view(name, window.profile, baseline.profile)

    def models(self, case: Case) -> ComparedModels:
        """The case's candidates beside its champion."""
        waits = case.status == "pending_approval"
        done = [training for training in self._opened.cases.trainings(case.case_id) if training.result is not None]
        return ComparedModels(
            case_id=case.case_id,
            status=case.status,
            champion=case.champion,
            candidates=_compared(done),
            waiting=case.challenger.version if case.challenger and waits else None,
            next_command=f"churnops reports approve {case.case_id}" if waits else None,
        )


def measured_drift(case: Case, waiting: Case | None = None) -> DriftResult:
    """The drift that a case was opened on; `waiting` is the case whose challenger waits for a person.

    Raises:
        ChurnopsError: nothing was measured in it.
    """
    drift, window = case.drift, case.window
    if drift is None or window is None:
        raise ChurnopsError(f"Case {case.case_id} has no drift summary: a person trained it.", "`churnops://cases` lists the cases.")
    known = {"labelled_rows": window.labelled_rows, "labelled_churners": window.labelled_churners}
    return DriftResult(
        case_id=case.case_id,
        champion=case.champion,
        drift=drift,
        status=case.status,
        waiting=waiting_in(waiting),
        **known,
        **dates_of(case),
    )


def _line(case: Case) -> CaseLine:
    return CaseLine(
        case_id=case.case_id,
        status=case.status,
        action=case.action,
        opened_at=f"{case.opened_at:%Y-%m-%dT%H:%M:%SZ}",
        source=None if case.window is None else plain(case.window.source, 80),
        drift_share=case.drift.share if case.drift else None,
        report=f"churnops://reports/{case.case_id}" if case.report else None,
    )


def _compared(done: Sequence[Training]) -> tuple[ComparedCandidate, ...]:
    found = []
    for training in done:
        result = training.result
        assert result is not None  # `done` are the finished ones
        found.append(
            ComparedCandidate(
                **{name: getattr(result, name) for name in ("mode", "estimator", "hyperparameters", "version")},
                training=training.number,
                passed=result.gate.passed,
                failed=tuple(f"{check.rule}: {check.said}" for check in result.gate.checks if not check.passed),
                held_out_rows=result.gate_rows,
                candidate=_measures(result.metrics),
                champion=None if result.champion_metrics is None else _measures(result.champion_metrics),
                difference=result.comparison,
            )
        )
    return tuple(found)


def _measures(metrics: Metrics) -> dict[str, float]:
    return {name: found.value for name, found in metrics if isinstance(found, Measure)}
