"""The four tools over a case whose every fact is set by the test: what an operator meets, without data or training."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from mcp.server.mcpserver import Context

from agent.case.briefing import briefing
from agent.conversation.messages import Briefing
from pipeline.diagnosis.diagnosis import Action, Mode, RunnerUp
from pipeline.diagnosis.finding import Cause
from pipeline.drift.summary import DriftSummary, FeatureDrift
from pipeline.errors import ChurnopsError, Refusal
from pipeline.measures.measure import Comparison, GateCheck, GateResult, Measure, Metrics
from pipeline.record.cases import ModelRef, ReportRef, Status
from pipeline.tables.schema import Kind
from pipeline.workspace.policy import Band, Policy, load_policy
from prompts import policy_text
from tools.evidence_pack import EvidencePack
from tools.results import Candidate, DiagnosisResult, DriftResult, MetricsResult, ReportReply, ServingModel, TrainingReply
from tools.strict_server import StrictServer

CASE = "2026-11-20-abc123"
CHAMPION = ModelRef(version="3", digest="c" * 64)


def shipped_policy(**overrides: Any) -> Policy:
    """The policy as shipped, with nested overrides."""
    return load_policy(policy_text(), overrides)


def clock_at(second: int = 0) -> datetime:
    """A fixed time."""
    return datetime(2026, 11, 20, 9, 0, second, tzinfo=UTC)


def metrics(roc_auc: float, n: int = 300) -> Metrics:
    """Plausible metrics around one ROC-AUC."""
    measure = Measure(value=0.5, n=n)
    names = ("pr_auc", "accuracy", "f1", "precision", "recall", "log_loss", "brier", "calibration_error")
    return Metrics(n=n, churners=80, threshold=0.5, roc_auc=Measure(value=roc_auc, n=n), **dict.fromkeys(names, measure))


def drift(band: Band = "evaluate", kinds: Sequence[Kind] = ("numerical",), name: str = "tenure") -> DriftSummary:
    """A drift summary in `band`, with one drifted feature of each of `kinds`."""
    features = tuple(
        FeatureDrift(
            name=name,
            kind=kind,
            method="ks",
            score=0.31,
            low=0.31,
            high=0.31,
            threshold=0.1,
            drifted=True,
            direction="up",
            change="mean 32 to 41",
            moved_share=0.2,
            calibrated=True,
            p_adjusted=0.001,
            importance=0.04,
            why=None,
        )
        for kind in kinds
    )
    return DriftSummary(
        reference_rows=4200,
        current_rows=900,
        share=None if band == "not_enough_data" else 0.316,
        drifted=len(features),
        drifted_numerical=kinds.count("numerical"),
        drifted_categorical=kinds.count("categorical"),
        features_total=19,
        band=band,
        calibrated_drifted=len(features),
        calibrated_share=None if band == "not_enough_data" else 0.316,
        felt_share=None,
        since=None,
        until=None,
        features=features,
        findings=(),
    )


def diagnosed(cause: Cause, action: Action, mode: Mode | None = None, column: str | None = None) -> EvidencePack:
    """A diagnosis as the tool tells it."""
    return EvidencePack(
        cause=cause,
        confidence=0.86,
        column=column,
        action=action,
        mode=mode,
        rule="changed_behaviour",
        said="Customers on monthly contracts churn 0.31 more than they did.",
        findings=(),
        ruled_out=(),
        blind_spots=("400 outcomes show large changes only.",),
        runner_up=RunnerUp(cause="label_fault", tell_apart="The same outcomes a month later."),
        elided=0,
    )


@dataclass
class CaseTools:
    """The facts of the case, what the tools were asked, and how they answer."""

    band: Band = "evaluate"
    kinds: Sequence[Kind] = ("numerical",)
    labelled_rows: int = 400
    labelled_churners: int = 110
    gates: Sequence[bool] = (True,)
    diagnosis: EvidencePack | None = None
    refuse_training: Refusal | None = None
    refuse_report: Refusal | None = None
    feature: str = "tenure"
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    modes: list[Mode] = field(default_factory=list)
    crashes: list[tuple[str, BaseException]] = field(default_factory=list)

    def drift_result(self) -> DriftResult:
        return DriftResult(
            case_id=CASE,
            call=1,
            champion=CHAMPION,
            drift=drift(self.band, self.kinds, self.feature),
            labelled_rows=self.labelled_rows,
            labelled_churners=self.labelled_churners,
        )

    def metrics_result(self) -> MetricsResult:
        champion = ServingModel(**CHAMPION.model_dump(), estimator="random_forest", hyperparameters={}, trained_at=clock_at())
        return MetricsResult(
            case_id=CASE,
            call=2,
            champion=champion,
            gate=metrics(0.8413),
            window=metrics(0.7927),
            labelled_rows=self.labelled_rows,
            labelled_churners=self.labelled_churners,
        )

    def briefing(self) -> Briefing:
        found = None if self.diagnosis is None else DiagnosisResult(case_id=CASE, call=3, diagnosis=self.diagnosis).model_dump(mode="json")
        return briefing(self.drift_result().model_dump(mode="json"), self.metrics_result().model_dump(mode="json"), found, shipped_policy())

    def _on_crash(self, tool: str, error: BaseException) -> None:
        self.crashes.append((tool, error))

    def server(self) -> StrictServer:
        """An MCP server with the tools of a case; without a diagnosis in the facts, `diagnose` fails."""
        server = StrictServer("case-tools", more_resources=list, on_crash=self._on_crash, log_level="CRITICAL")

        @server.tool()
        async def get_drift_summary() -> DriftResult:
            """Drift of the window."""
            self.asked.append(("get_drift_summary", {}))
            return self.drift_result()

        @server.tool()
        async def get_current_model_metrics(case_id: str) -> MetricsResult:
            """The champion's metrics."""
            self.asked.append(("get_current_model_metrics", {}))
            return self.metrics_result()

        @server.tool()
        async def diagnose(case_id: str) -> DiagnosisResult:
            """What happened."""
            self.asked.append(("diagnose", {}))
            if self.diagnosis is None:
                raise ChurnopsError("The window cannot be read again.")
            return DiagnosisResult(case_id=CASE, call=3, diagnosis=self.diagnosis)

        @server.tool()
        async def run_training(
            case_id: str,
            ctx: Context[Any],
            mode: Mode = "combined",
            estimator: Literal["random_forest", "logistic_regression"] = "random_forest",
            n_estimators: int | None = None,
            max_depth: int | None = None,
            C: float | None = None,  # noqa: N803
        ) -> TrainingReply:
            """Train a candidate."""
            given = {"n_estimators": n_estimators, "max_depth": max_depth, "C": C}
            values = {name: value for name, value in given.items() if value is not None}
            self.asked.append(("run_training", values))
            self.modes.append(mode)
            if self.refuse_training:
                raise self.refuse_training
            for fold in range(2):
                await ctx.report_progress(fold + 1, 2, f"fold {fold + 1}")
            return self._trained(estimator, values, mode)

        @server.tool()
        async def save_remediation_report(case_id: str, action: Action, summary: str, reasoning: str) -> ReportReply:
            """Close the case."""
            self.asked.append(("save_remediation_report", {"action": action, "summary": summary, "reasoning": reasoning}))
            if self.refuse_report and action not in {"retrain", "recalibrate"}:
                raise self.refuse_report
            status: Status = "pending_approval" if action in {"retrain", "recalibrate"} else "no_deploy_needed"
            report = ReportRef(path=f".churnops/reports/{CASE}.md", sha256="f" * 64)
            waits = status == "pending_approval"
            return ReportReply(
                case_id=CASE,
                action=action,
                report=report,
                status=status,
                next_command=f"churnops reports approve {CASE}" if waits else None,
            )

        return server

    def saved(self) -> dict[str, Any]:
        """The arguments of the one report that was accepted last."""
        return next(given for name, given in reversed(self.asked) if name == "save_remediation_report")

    def trained(self) -> list[dict[str, Any]]:
        """The hyperparameters of every training, in order."""
        return [given for name, given in self.asked if name == "run_training"]

    def _trained(self, estimator: str, values: dict[str, float], mode: str) -> TrainingReply:
        number = len(self.trained())
        passed = self.gates[number - 1]
        check = GateCheck(rule="gate.min_roc_auc", passed=passed, said=f"ROC-AUC {0.8051 if passed else 0.7402} against the floor.")
        return TrainingReply(
            case_id=CASE,
            mode=mode,
            estimator=estimator,
            hyperparameters=values,
            candidate=Candidate(digest="d" * 64 if passed else None, version="4" if passed else None),
            metrics=metrics(0.8051 if passed else 0.7402),
            champion_metrics=metrics(0.7927),
            comparison=Comparison(difference=0.0124, low=0.001, high=0.024, n=300),
            gate=GateResult(passed=passed, checks=(check,)),
            train_rows=1000,
            held_out_rows=300,
            trainings_left=0 if passed else len(self.gates) - number,
        )
