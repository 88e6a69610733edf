"""What the four tools do: each step of a case, within the guard, on record."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from anyio import to_thread
from sqlalchemy import Connection

from pipeline.artifact import open_artifact
from pipeline.cases import CallOutcome, Case, Challenger, Training, TrainingResult, concluded, mode_of
from pipeline.challenge import challenge, retraining_rows
from pipeline.champion import require_champion
from pipeline.diagnosis import Action, Diagnosis, Mode, diagnose
from pipeline.errors import ChurnopsError, Refusal
from pipeline.events import known_events, recorded_events
from pipeline.inspection import inspect_feature
from pipeline.opened import Opened
from pipeline.settings import EstimatorName
from pipeline.training import OnProgress
from reports.audit import Narrative, Verdict
from reports.filing import file_report, status_of
from reports.harm import measured_harm
from tools.case_opening import Known, KnownShift, open_case, window_metrics
from tools.case_windows import CaseWindows, WindowReader
from tools.evidence_pack import pack
from tools.guard import check_action, check_budget, check_hyperparameters, check_mode, check_open, check_training
from tools.results import (
    Candidate,
    DiagnosisResult,
    DriftResult,
    FeatureResult,
    MetricsResult,
    ReportReply,
    Result,
    ServingModel,
    TrainingReply,
)
from tools.training_turn import training_turn

R = TypeVar("R", bound=Result)
_USUAL: EstimatorName = "random_forest"


@dataclass(frozen=True)
class TrainingRequest:
    """One training as asked for. An estimator left out is a random forest, hyperparameters left out take its defaults; in mode `recalibrate`
    both are the champion's."""

    mode: Mode
    estimator: EstimatorName | None
    hyperparameters: Mapping[str, float]

    @property
    def arguments(self) -> dict[str, Any]:
        return {"mode": self.mode, **({} if self.estimator is None else {"estimator": self.estimator}), **self.hyperparameters}


class Casework:
    """The tools' work on one workspace. `operator` says, when asked, who works on the case; it goes into the report. `known` is set where
    no case was opened, because there is nothing that people have not taken note of."""

    def __init__(self, opened: Opened, read_window: WindowReader, *, started_by: str, operator: Callable[[], str]) -> None:
        self._opened = opened
        self._started_by = started_by
        self._operator = operator
        self._windows = CaseWindows(opened, read_window)
        self.known: Known | None = None

    async def drift_summary(self) -> DriftResult:
        """Measure drift of the current window; open a case for it, or continue the unfinished one."""
        started = time.monotonic()
        try:
            opened = await to_thread.run_sync(open_case, self._opened, self._windows, self._started_by)
        except KnownShift as nothing_new:
            self.known = nothing_new.known
            raise

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
            window = await self._windows.window(case)
            measured = await to_thread.run_sync(window_metrics, artifact, window, self._opened.policy)
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

    async def diagnose(self, case_id: str) -> DiagnosisResult:
        """What happened in the case's window; found out once a case."""

        async def work(case: Case) -> DiagnosisResult:
            self._check_call(case)
            return DiagnosisResult(case_id=case_id, diagnosis=pack(await self._conclusion(case)))

        return await self._on_record(case_id, "diagnose", {"case_id": case_id}, work)

    async def inspect(self, case_id: str, feature: str, by: str | None) -> FeatureResult:
        """One feature of the case's window from near."""

        async def work(case: Case) -> FeatureResult:
            self._check_call(case)
            observed = await self._windows.observed(case)
            return FeatureResult(case_id=case_id, view=await to_thread.run_sync(inspect_feature, observed, feature, by))

        return await self._on_record(case_id, "inspect_feature", {"case_id": case_id, "feature": feature, "by": by}, work)

    async def train(self, case_id: str, request: TrainingRequest, on_progress: OnProgress) -> TrainingReply:
        """Train a candidate on the window's outcomes, in mode `combined` on the reference too, and put it before the gate.

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
                # Whoever asks, and whether or not anybody asked what happened: nothing is taught on broken data.
                case = case.model_copy(update={"diagnosis": await self._diagnosis(case)})
                check_training(case, done, self._opened.cases.last_training_elsewhere(case_id), self._opened.clock(), self._opened.policy)
                check_mode(request.mode, request.estimator, request.hyperparameters)
                check_hyperparameters(request.estimator or _USUAL, request.hyperparameters, self._opened.policy)
                result = await self._train(case, request, on_progress)
                return self._reply(case_id, result, self._opened.cases.trainings(case_id))

        return await self._on_record(case_id, "run_training", {"case_id": case_id, **request.arguments}, work)

    async def save_report(self, case_id: str, action: Action, narrative: Narrative) -> ReportReply:
        """Close the case with an action: write the audit report that waits for a person."""

        async def work(case: Case) -> ReportReply:
            check_open(case)
            mode = mode_of(case, self._opened.cases.trainings(case_id))
            check_action(case, action, mode)
            verdict = Verdict(
                status=status_of(
                    action, case.drift.band if case.drift else None, concluded(case), measured_harm(self._opened.cases.calls(case_id))
                ),
                action=action,
                mode=mode,
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

    async def _diagnosis(self, case: Case) -> Diagnosis:
        if case.diagnosis is not None:
            return case.diagnosis
        observed = await self._windows.observed(case)
        noted = known_events(recorded_events(self._opened.state), case.window.since, case.window.until) if case.window else ()
        look = partial(diagnose, observed, self._opened.policy, value=self._opened.settings.value, known=noted)
        found = await to_thread.run_sync(look)
        self._opened.cases.move(case.case_id, ("open", "partial"), diagnosis=found)
        return found

    async def _conclusion(self, case: Case) -> Diagnosis:
        """The diagnosis, with a person's word laid over it."""
        found = await self._diagnosis(case)
        return concluded(case.model_copy(update={"diagnosis": found})) or found

    async def _train(self, case: Case, request: TrainingRequest, on_progress: OnProgress) -> TrainingResult:
        opened = self._opened
        window = await self._windows.window(case)
        artifact = await to_thread.run_sync(open_artifact, opened.workspace, case.champion.digest)
        rows = await to_thread.run_sync(retraining_rows, artifact, window, opened.policy.training.held_out_share, request.mode)
        number = opened.cases.begin_training(case.case_id, opened.clock(), request.arguments)
        assert case.drift is not None  # check_training saw to it

        def record(connection: Connection, result: TrainingResult, challenger: Challenger | None) -> None:
            opened.cases.finish_training(connection, case.case_id, number, result)
            if challenger is not None:
                opened.cases.move_in(connection, case.case_id, ("open", "partial"), challenger=challenger)

        result, _ = await challenge(
            opened, rows, case_id=case.case_id, mode=request.mode, champion=artifact, band=case.drift.band,
            estimator=request.estimator or _USUAL, hyperparameters=request.hyperparameters, on_progress=on_progress, record=record,
        )  # fmt: skip
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
