"""What the tools do: each step of a case, within the guard, on record. What reads or writes runs in a thread: other calls go on meanwhile."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from anyio import CancelScope, Lock, to_thread
from sqlalchemy import Connection

from pipeline.diagnosis.dated_diagnosis import dated
from pipeline.diagnosis.diagnose import diagnose
from pipeline.diagnosis.diagnosis import Action, Diagnosis
from pipeline.diagnosis.observed import Observed
from pipeline.diagnosis.owners import owned
from pipeline.diagnosis.picture import picture
from pipeline.families import USUAL
from pipeline.intake.asked_rows import with_newest_list
from pipeline.intake.reference import reference_test_rows
from pipeline.intake.window_choice import WindowReader
from pipeline.measures.measure import Metrics
from pipeline.models.artifact import Artifact, open_artifact
from pipeline.models.typical_value import typical_value
from pipeline.record.cases import Call, CallOutcome, Case, Challenger, TrainingResult, concluded, mode_of
from pipeline.record.failure import failure_of
from pipeline.record.opened_workspace import Opened
from pipeline.rulings.noted_events import happenings, known_events, recorded_events
from pipeline.rulings.past_cases import past_rulings
from pipeline.training.challenge import challenge, retraining_rows
from pipeline.training.drift_reference import rows_before
from pipeline.training.parent import OnProgress
from reports.filing import file_report, status_of
from reports.first_page.timed_diagnosis import timed
from reports.harm import measured_harm
from reports.second_opinion import SecondOpinion, weighed
from reports.verdict import Narrative, Verdict
from reports.workspace_history import workspace_history
from tools import results
from tools.archive import Archive, measured_drift
from tools.case_opening import Known, KnownShift, open_case, window_metrics
from tools.case_windows import CaseWindows
from tools.evidence_pack import pack
from tools.guard import check_action, check_call, check_hyperparameters, check_mode, check_open, check_training
from tools.looks import Look
from tools.result_bounds import bounded
from tools.training_lock import training_turn
from tools.training_request import TrainingRequest, reply_to

R = TypeVar("R", bound=results.Result)
Second = Callable[[Sequence[Call]], SecondOpinion | None]


class Casework:
    """The tools' work on one workspace. `operator` says, when asked, who works on the case; it goes into the report. `known` is set where
    no case was opened, because there is nothing that people have not taken note of. `second` gives another opinion on the calls of a case."""

    def __init__(
        self, opened: Opened, read_window: WindowReader, *, started_by: str, operator: Callable[[], str], second: Second = lambda _: None
    ) -> None:
        self._opened = opened
        self._started_by = started_by
        self._operator, self._second = operator, second
        self._windows = CaseWindows(opened, read_window)
        self.archive = Archive(opened, self._windows)
        self.known: Known | None = None
        self._opening = Lock()

    async def drift_summary(self) -> results.DriftResult:
        """Measure drift of the current window; open a case for it, or continue the unfinished one."""
        async with self._opening:  # clients that come together find one case, instead of measuring its window each for itself
            started = time.monotonic()
            try:
                opened = await to_thread.run_sync(open_case, self._opened, self._windows, self._started_by)
            except KnownShift as nothing_new:
                self.known = nothing_new.known
                raise

        async def work(case: Case) -> results.DriftResult:
            waiting = await to_thread.run_sync(self._opened.cases.waiting, case.champion.digest)
            return measured_drift(case, waiting)

        return await self._on_record(opened.case_id, "get_drift_summary", {}, work, started)

    async def champion_metrics(self, case_id: str) -> results.MetricsResult:
        """The champion's metrics on its test set and on the window's labelled rows."""

        async def work(case: Case) -> results.MetricsResult:
            window = await self._windows.window(case)

            def measure() -> tuple[Artifact, Metrics | None]:
                artifact = open_artifact(self._opened.workspace, case.champion.digest)
                return artifact, window_metrics(artifact, window, self._opened.policy)

            artifact, measured = await self._windows.once(case, ("metrics",), measure)
            return results.MetricsResult(
                case_id=case_id,
                **results.dates_of(case),
                champion=results.ServingModel(
                    **case.champion.model_dump(),
                    estimator=artifact.manifest.estimator,
                    hyperparameters=artifact.manifest.hyperparameters,
                    trained_at=artifact.manifest.trained_at,
                    adopted=artifact.manifest.adopted is not None,
                ),
                gate=artifact.metrics,
                window=measured,
                labelled_rows=window.labelled_rows,
                labelled_churners=window.labelled_churners,
            )

        return await self._on_record(case_id, "get_current_model_metrics", {"case_id": case_id}, work)

    async def diagnose(self, case_id: str) -> results.DiagnosisResult:
        """What happened in the case's window; found out once a case."""

        async def work(case: Case) -> results.DiagnosisResult:
            return results.DiagnosisResult(case_id=case_id, diagnosis=pack(await self._conclusion(case)), **results.dates_of(case))

        return await self._on_record(case_id, "diagnose", {"case_id": case_id}, work)

    async def look(self, case_id: str, look: Look[R]) -> R:
        """A look at the case's window; asked again, it is what was found."""

        async def work(case: Case) -> R:
            observed = await self._windows.observed(case)
            asked = (look.tool, repr(look.arguments))
            return await self._windows.once(case, asked, lambda: look.find(case_id, observed, self._opened))

        return await self._on_record(case_id, look.tool, {"case_id": case_id, **look.arguments}, work)

    async def history(self, case_id: str) -> results.HistoryResult:
        """What has been going on in the workspace; on the record of the newest case where none is named."""
        newest = await to_thread.run_sync(self._opened.cases.newest, 1)
        on = case_id or (newest[0].case_id if newest else "")
        found = results.HistoryResult(case_id=on, history=await to_thread.run_sync(workspace_history, self._opened))
        if not on:
            return bounded(found)

        async def work(_: Case) -> results.HistoryResult:
            return found

        return await self._on_record(on, "get_history", {"case_id": case_id}, work)

    async def train(self, case_id: str, request: TrainingRequest, on_progress: OnProgress) -> results.TrainingReply:
        """Train a candidate on the window's outcomes, in mode `combined` on the reference too, and put it before the gate.

        The same request again returns the finished training instead of training twice.
        """

        async def work(case: Case) -> results.TrainingReply:
            async with training_turn(self._opened):
                case = await to_thread.run_sync(self._opened.cases.get, case_id)
                done = await to_thread.run_sync(self._opened.cases.trainings, case_id)
                for training in done:
                    if training.arguments == request.arguments and training.result is not None:
                        return reply_to(case_id, training.result, done, self._opened.policy)
                # Whoever asks, and whether or not anybody asked what happened: nothing is trained on broken data.
                case = case.model_copy(update={"diagnosis": await self._diagnosis(case)})
                elsewhere = await to_thread.run_sync(self._opened.cases.last_training_elsewhere, case_id)
                check_training(case, done, elsewhere, self._opened.clock(), self._opened.policy)
                check_mode(request.mode, request.estimator, request.hyperparameters)
                check_hyperparameters(request.estimator or USUAL, request.hyperparameters, self._opened.policy)
                result = await self._train(case, request, on_progress)
                return reply_to(case_id, result, await to_thread.run_sync(self._opened.cases.trainings, case_id), self._opened.policy)

        return await self._on_record(case_id, "run_training", {"case_id": case_id, **request.arguments}, work)

    async def save_report(self, case_id: str, action: Action, narrative: Narrative) -> results.ReportReply:
        """Close the case with an action: write the audit report that waits for a person."""

        async def work(case: Case) -> results.ReportReply:
            closed, differs = await to_thread.run_sync(self._close, case, action, narrative)
            assert closed.report is not None  # the case was closed with one
            waits = closed.status == "pending_approval"
            return results.ReportReply(
                case_id=case_id,
                action=action,
                report=closed.report,
                status=closed.status,
                next_command=f"churnops reports approve {case_id}" if waits else None,
                second_opinion=differs,
            )

        return await self._on_record(case_id, "save_remediation_report", {"case_id": case_id, "action": action}, work)

    async def compare(self, case_id: str) -> results.ComparedModels:
        """The case's candidates beside the champion. A closed case, too, can be read; nothing is put on its record then."""
        case = await to_thread.run_sync(self._opened.cases.get, case_id)
        if not case.unfinished:
            return bounded(await to_thread.run_sync(self.archive.models, case))

        async def work(case: Case) -> results.ComparedModels:
            return await to_thread.run_sync(self.archive.models, case)

        return await self._on_record(case_id, "compare_models", {"case_id": case_id}, work)

    def _close(self, case: Case, action: Action, narrative: Narrative) -> tuple[Case, str | None]:
        check_open(case)
        mode = mode_of(case, self._opened.cases.trainings(case.case_id))
        check_action(case, action, mode)
        calls = self._opened.cases.calls(case.case_id)
        second = self._second(calls)
        status = status_of(action, case.drift.band if case.drift else None, concluded(case), measured_harm(calls))
        verdict = Verdict(weighed(status, second, action, mode), action, mode, operator=self._operator(), stopped="finished", second=second)
        closed = file_report(self._opened, case, verdict, narrative)
        return closed, verdict.disagreed.said(verdict.operator, action, mode) if verdict.disagreed else None

    async def _diagnosis(self, case: Case) -> Diagnosis:
        if case.diagnosis is not None:
            return case.diagnosis
        observed = await self._windows.observed(case)
        return await to_thread.run_sync(self._look, case, observed)

    def _look(self, case: Case, observed: Observed) -> Diagnosis:
        opened, window = self._opened, case.window
        recorded = recorded_events(opened.state)
        noted = known_events(recorded, window.since, window.until) if window else ()
        ruled = past_rulings(opened.cases.all(), case.case_id, window.since if window else None)
        found = diagnose(
            observed,
            opened.policy,
            value=typical_value(opened.settings.value, observed.champion),
            known=(*noted, *ruled),
            happened=happenings(recorded),
            attributed="where_lost",
        )
        if case.window is not None and case.window.windows is not None:
            found = timed(opened, dated(found, case.window.windows), observed.champion, case.window)
        found = with_newest_list(opened, owned(found, opened.settings.owners), window.until if window else None)
        if case.unfinished:
            self._opened.cases.move(case.case_id, ("open", "partial"), diagnosis=found, picture=picture(found, observed))
        return found

    async def _conclusion(self, case: Case) -> Diagnosis:
        """The diagnosis, with a person's word laid over it."""
        found = await self._diagnosis(case)
        return concluded(case.model_copy(update={"diagnosis": found})) or found

    async def _train(self, case: Case, request: TrainingRequest, on_progress: OnProgress) -> TrainingResult:
        opened = self._opened
        window = await self._windows.window(case)
        artifact = await to_thread.run_sync(open_artifact, opened.workspace, case.champion.digest)
        before = await to_thread.run_sync(rows_before, artifact, window, opened.policy)
        share, mode = opened.policy.training.held_out_share, request.mode
        rows = await to_thread.run_sync(retraining_rows, artifact, window, share, mode, before.rows.tail(before.of_window))
        rows = replace(rows, before=before, reference=await to_thread.run_sync(reference_test_rows, opened))
        number = await to_thread.run_sync(opened.cases.begin_training, case.case_id, opened.clock(), request.arguments)
        assert case.drift is not None  # check_training saw to it

        def record(connection: Connection, result: TrainingResult, challenger: Challenger | None) -> None:
            opened.cases.finish_training(connection, case.case_id, number, result)
            if challenger is not None:
                opened.cases.move_in(connection, case.case_id, ("open", "partial"), challenger=challenger)

        result, _ = await challenge(
            opened, rows, case_id=case.case_id, mode=request.mode, champion=artifact, band=case.drift.band,
            estimator=request.estimator or USUAL, hyperparameters=request.hyperparameters, on_progress=on_progress, record=record,
        )  # fmt: skip
        return result

    async def _on_record(
        self, case_id: str, tool: str, arguments: Mapping[str, Any], work: Callable[[Case], Awaitable[R]], started: float | None = None
    ) -> R:
        """Do one call's work on its case, and put its outcome on record whatever it is."""
        started = time.monotonic() if started is None else started
        case = await to_thread.run_sync(self._opened.cases.get, case_id)
        note = partial(self._note, case_id, tool, arguments, started)
        try:
            if tool != "save_remediation_report":  # it asks for less: every case must be able to close
                await to_thread.run_sync(check_call, self._opened, case, tool)
            result = bounded(await work(case))
        except BaseException as error:
            failure = failure_of(error)
            outcome: CallOutcome = "refused" if failure.kind == "refused" else "failed"
            await note(outcome, failure.model_dump(exclude_none=True), failure.rule)
            raise
        return result.model_copy(update={"call": await note("ok", result.model_dump(mode="json"))})

    async def _note(
        self,
        case_id: str,
        tool: str,
        arguments: Mapping[str, Any],
        started: float,
        outcome: CallOutcome,
        result: Mapping[str, Any],
        rule: str | None = None,
    ) -> int:
        def write() -> int:
            at, seconds = self._opened.clock(), round(time.monotonic() - started, 3)
            number = self._opened.cases.record_call(case_id, at, tool, arguments, outcome, seconds, result)
            if rule is not None:
                self._opened.ledger.append(at, "refused", case_id, {"tool": tool, "rule": rule})
            return number

        with CancelScope(shield=True):  # a call that was cut off is on record, too
            return await to_thread.run_sync(write)
        raise AssertionError("a shielded scope is not cancelled")
