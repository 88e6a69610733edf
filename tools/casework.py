"""What the four tools do: each step of a case, within the guard, on record."""

import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from anyio import to_thread

from pipeline.artifact import Artifact, open_artifact
from pipeline.baseline import Baseline, baseline_of
from pipeline.cases import CallOutcome, Case, ModelRef, Training, TrainingResult, WindowFacts
from pipeline.challenge import challenge, retraining_rows
from pipeline.champion import Champion, open_champion, require_champion
from pipeline.diagnosis import Action
from pipeline.drift import summarise_drift
from pipeline.errors import ChurnopsError, Refusal
from pipeline.evidence import Metrics
from pipeline.opened import Opened
from pipeline.settings import EstimatorName
from pipeline.training import OnProgress
from pipeline.windows import Window
from reports.audit import Narrative, Verdict
from reports.filing import file_report, status_of
from reports.harm import measured_harm
from tools.guard import check_action, check_budget, check_hyperparameters, check_open, check_training
from tools.results import Candidate, DriftResult, MetricsResult, ReportReply, Result, ServingModel, TrainingReply
from tools.training_turn import training_turn

R = TypeVar("R", bound=Result)
WindowReader = Callable[[Champion, Baseline], Window]


@dataclass(frozen=True)
class TrainingRequest:
    """One training as asked for; hyperparameters left out take the estimator's defaults."""

    estimator: EstimatorName
    hyperparameters: Mapping[str, float]

    @property
    def arguments(self) -> dict[str, Any]:
        return {"estimator": self.estimator, **self.hyperparameters}


class Casework:
    """The tools' work on one workspace. `operator` says, when asked, who works on the case; it goes into the report."""

    def __init__(self, opened: Opened, read_window: WindowReader, *, started_by: str, operator: Callable[[], str]) -> None:
        self._opened = opened
        self._read_window = read_window
        self._started_by = started_by
        self._operator = operator
        self._windows: dict[str, Window] = {}

    async def drift_summary(self) -> DriftResult:
        """Measure drift of the current window; open a case for it, or continue the unfinished one."""
        started = time.monotonic()
        opened = await to_thread.run_sync(self._open_case)

        async def work(case: Case) -> DriftResult:
            self._check_call(case)
            assert case.drift is not None and case.window is not None  # _open_case measured both
            return DriftResult(
                case_id=case.case_id,
                champion=case.champion,
                drift=case.drift,
                labelled_rows=case.window.labelled_rows,
                labelled_churners=case.window.labelled_churners,
            )

        return await self._on_record(opened.case_id, "get_drift_summary", {}, work, started)

    async def champion_metrics(self, case_id: str) -> MetricsResult:
        """The champion's metrics on its gate rows and on the window's labelled rows."""

        async def work(case: Case) -> MetricsResult:
            self._check_call(case)
            artifact = await to_thread.run_sync(open_artifact, self._opened.workspace, case.champion.digest)
            window = await self._window(case)
            measured = await to_thread.run_sync(self._window_metrics, artifact, window)
            return MetricsResult(
                case_id=case_id,
                champion=ServingModel(
                    **case.champion.model_dump(),
                    estimator=artifact.manifest.estimator,
                    hyperparameters=artifact.manifest.hyperparameters,
                    trained_at=artifact.manifest.trained_at,
                ),
                gate=artifact.metrics,
                window=measured,
                labelled_rows=window.labelled_rows,
                labelled_churners=window.labelled_churners,
            )

        return await self._on_record(case_id, "get_current_model_metrics", {"case_id": case_id}, work)

    async def train(self, case_id: str, request: TrainingRequest, on_progress: OnProgress) -> TrainingReply:
        """Train a candidate on the reference and the window's outcomes and put it before the gate.

        The same request again returns the finished training instead of training twice.
        """

        async def work(case: Case) -> TrainingReply:
            self._check_call(case)
            async with training_turn(self._opened.workspace):
                case = self._opened.cases.get(case_id)
                done = self._opened.cases.trainings(case_id)
                for training in done:
                    if training.arguments == request.arguments and training.result is not None:
                        return self._reply(case_id, training.result, done)
                check_training(case, done, self._opened.cases.last_training_elsewhere(case_id), self._opened.clock(), self._opened.policy)
                check_hyperparameters(request.estimator, request.hyperparameters, self._opened.policy)
                result = await self._train(case, request, on_progress)
                return self._reply(case_id, result, self._opened.cases.trainings(case_id))

        return await self._on_record(case_id, "run_training", {"case_id": case_id, **request.arguments}, work)

    async def save_report(self, case_id: str, action: Action, narrative: Narrative) -> ReportReply:
        """Close the case with an action: write the audit report that waits for a person."""

        async def work(case: Case) -> ReportReply:
            check_open(case)
            check_action(case, action)
            verdict = Verdict(
                status=status_of(action, case.drift.band if case.drift else None, measured_harm(self._opened.cases.calls(case_id))),
                action=action,
                mode="combined" if case.challenger else None,
                operator=self._operator(),
                stopped="finished",
            )
            closed = await to_thread.run_sync(file_report, self._opened, case, verdict, narrative)
            assert closed.report is not None  # file_report wrote it
            waits = closed.status == "pending_approval"
            return ReportReply(
                case_id=case_id,
                action=action,
                report=closed.report,
                status=closed.status,
                next_command=f"churnops reports approve {case_id}" if waits else None,
            )

        return await self._on_record(case_id, "save_remediation_report", {"case_id": case_id, "action": action}, work)

    def _open_case(self) -> Case:
        opened = self._opened
        serving, artifact = open_champion(opened)
        baseline = baseline_of(artifact)
        window = self._read_window(serving, baseline)
        champion = ModelRef(version=serving.version, digest=serving.digest)
        key = hashlib.sha256(f"{champion.digest}|{window.fingerprint}|{opened.policy.version}".encode()).hexdigest()
        case = opened.cases.unfinished(key)
        if case is None:
            drift = summarise_drift(baseline, window, opened.policy)
            now = opened.clock()
            case = opened.cases.open(
                Case(
                    case_id=f"{now:%Y-%m-%d}-{key[:6]}",
                    key=key,
                    kind="triage",
                    opened_at=now,
                    started_by=self._started_by,
                    policy_version=opened.policy.version,
                    champion=champion,
                    window=WindowFacts(
                        source=window.name,
                        since=window.since,
                        until=window.until,
                        rows=window.rows,
                        labelled_rows=window.labelled_rows,
                        labelled_churners=window.labelled_churners,
                        fingerprint=window.fingerprint,
                    ),
                    drift=drift,
                )
            )
        self._windows[case.case_id] = window
        return case

    async def _window(self, case: Case) -> Window:
        window = self._windows.get(case.case_id)
        if window is None:
            serving, artifact = open_champion(self._opened)
            window = await to_thread.run_sync(self._read_window, serving, baseline_of(artifact))
            if case.window is None or window.fingerprint != case.window.fingerprint:
                raise ChurnopsError(
                    f"The window changed since case {case.case_id} was opened.", "Call get_drift_summary to open a case for it."
                )
            self._windows[case.case_id] = window
        return window

    def _window_metrics(self, artifact: Artifact, window: Window) -> Metrics | None:
        from pipeline.metrics import measure

        known = window.labelled
        if min(window.labelled_churners, window.labelled_rows - window.labelled_churners) < 2:
            return None
        scores = artifact.scores(known.features)
        return measure(known.churned.to_numpy(), scores, artifact.manifest.threshold, self._opened.policy.gate.confidence)

    async def _train(self, case: Case, request: TrainingRequest, on_progress: OnProgress) -> TrainingResult:
        opened = self._opened
        window = await self._window(case)
        artifact = await to_thread.run_sync(open_artifact, opened.workspace, case.champion.digest)
        rows = await to_thread.run_sync(retraining_rows, artifact, window, opened.policy.training.held_out_share)
        number = opened.cases.begin_training(case.case_id, opened.clock(), request.arguments)
        assert case.drift is not None  # check_training saw to it
        result, challenger = await challenge(
            opened, rows, case_id=case.case_id, mode="combined", champion=artifact, band=case.drift.band, estimator=request.estimator,
            hyperparameters=request.hyperparameters, on_progress=on_progress,
        )  # fmt: skip
        opened.cases.finish_training(case.case_id, number, result)
        if challenger is not None:
            opened.cases.move(case.case_id, ("open", "partial"), challenger=challenger)
        return result

    def _reply(self, case_id: str, result: TrainingResult, done: tuple[Training, ...]) -> TrainingReply:
        used = sum(training.result is not None for training in done)
        return TrainingReply(
            case_id=case_id,
            mode=result.mode,
            estimator=result.estimator,
            hyperparameters=result.hyperparameters,
            candidate=Candidate(digest=result.digest, version=result.version),
            metrics=result.metrics,
            champion_metrics=result.champion_metrics,
            comparison=result.comparison,
            gate=result.gate,
            train_rows=result.train_rows,
            held_out_rows=result.gate_rows,
            trainings_left=0 if result.gate.passed else max(0, 1 + self._opened.policy.training.retries - used),
        )

    def _check_call(self, case: Case) -> None:
        """May this case be worked on? Closing it asks for less: every case must be able to close."""
        check_open(case)
        check_budget(case, self._opened.cases.calls(case.case_id), self._opened.policy)
        if require_champion(self._opened.workspace, self._opened.ledger).digest != case.champion.digest:
            raise ChurnopsError(f"The champion moved since case {case.case_id} was opened.", "Call get_drift_summary to open a new case.")
        if self._opened.policy.version != case.policy_version:
            raise ChurnopsError(f"The policy changed since case {case.case_id} was opened.", "Call get_drift_summary to open a new case.")

    async def _on_record(
        self, case_id: str, tool: str, arguments: Mapping[str, Any], work: Callable[[Case], Awaitable[R]], started: float | None = None
    ) -> R:
        """Do one call's work on its case, and put its outcome on record whatever it is."""
        started = time.monotonic() if started is None else started
        case = self._opened.cases.get(case_id)
        try:
            result = await work(case)
        except Refusal as refusal:
            self._note(case_id, tool, arguments, "refused", started, {"said": str(refusal)})
            self._opened.ledger.append(self._opened.clock(), "refused", case_id, {"tool": tool, "rule": refusal.rule})
            raise
        except BaseException as error:
            said = str(error) if isinstance(error, ChurnopsError) else f"cut off ({type(error).__name__})"
            self._note(case_id, tool, arguments, "failed", started, {"said": said})
            raise
        number = self._note(case_id, tool, arguments, "ok", started, result.model_dump(mode="json"))
        return result.model_copy(update={"call": number})

    def _note(
        self, case_id: str, tool: str, arguments: Mapping[str, Any], outcome: CallOutcome, started: float, result: Mapping[str, Any]
    ) -> int:
        seconds = round(time.monotonic() - started, 3)
        return self._opened.cases.record_call(case_id, self._opened.clock(), tool, arguments, outcome, seconds, result)
