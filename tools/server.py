"""The MCP server of a workspace: a few tools, typed in and out, described for a model that has to choose among them; resources, prompts."""

from datetime import date
from inspect import signature
from typing import Annotated, Any

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.tools import Tool
from mcp.types import ToolAnnotations
from pydantic import Field

from pipeline.churnops_version import churnops_version
from pipeline.diagnosis.diagnosis import Action, Mode
from pipeline.diagnosis.group_measures import Bucket, MeasureName, Rows
from pipeline.diagnosis.outcomes.inspection import OutcomeCut
from pipeline.diagnosis.repairs.preview import Suspected
from pipeline.training.job import Progress
from pipeline.workspace.policy import Policy
from reports.verdict import Narrative, StatedHypothesis
from tools.argument_checks import seal
from tools.casework import Casework
from tools.completions import add_completions
from tools.looks import at_feature, at_measure, at_outcomes, at_pair, at_repair
from tools.mcp_prompts import add_prompts
from tools.question import Question
from tools.resources import add_resources, report_resources
from tools.results import (
    ComparedModels,
    DiagnosisResult,
    DriftResult,
    FeatureResult,
    HistoryResult,
    MetricsResult,
    OutcomeResult,
    PairResult,
    QueryResult,
    RepairResult,
    ReportReply,
    TrainingReply,
)
from tools.strict_server import OnCrash, StrictServer
from tools.training_request import TrainingRequest, with_families

INSTRUCTIONS = """Triage drift of a churn model. Begin with get_drift_summary: it opens a case and returns its case_id, which the other
tools take. diagnose says what happened; inspect_feature digs. A case ends with save_remediation_report. Training is bounded by a policy; a refusal names the rule and what is
allowed. No tool deploys: a person approves or rejects in the terminal."""

READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)  # of what only reads, the protocol asks for no more
Name = Annotated[str, Field(description="A feature", min_length=1, max_length=200)]
CaseId = Annotated[str, Field(description="From get_drift_summary", min_length=1, max_length=64)]


def build_server(casework: Casework, policy: Policy, on_crash: OnCrash | None = None) -> StrictServer:
    """The server over one workspace's casework; descriptions state the bounds of `policy`. `on_crash` hears of unexpected exceptions, which
    else go to the log."""

    async def get_drift_summary() -> DriftResult:
        return await casework.drift_summary()

    async def get_current_model_metrics(case_id: CaseId) -> MetricsResult:
        return await casework.champion_metrics(case_id)

    async def diagnose(case_id: CaseId) -> DiagnosisResult:
        return await casework.diagnose(case_id)

    async def inspect_feature(
        case_id: CaseId,
        feature: Annotated[str, Field(description="As in the drift summary", min_length=1, max_length=200)],
    ) -> FeatureResult:
        return await casework.look(case_id, at_feature(feature))

    async def query(
        case_id: CaseId,
        measure: Annotated[
            MeasureName,
            Field(description="missing to quantile: of `column`; calibration_gap: churn rate - mean score; profit: % of the maximum"),
        ],
        rows: Annotated[Rows, Field(description="matured: outcome known; window has no outcomes, reference no times")] = "matured",
        column: Annotated[str, Field(description="A feature", max_length=200)] = "",
        by: Annotated[tuple[str, ...], Field(description="Features to cut by", max_length=2)] = (),
        bucket: Annotated[Bucket | None, Field(description="Cut by time")] = None,
        since: Annotated[date | None, Field(description="From this day")] = None,
        until: Annotated[date | None, Field(description="Before this day")] = None,
        level: Annotated[float, Field(description="Which quantile", ge=0.05, le=0.95)] = 0.5,
    ) -> QueryResult:
        return await casework.look(case_id, at_measure(Question(measure, rows, column or None, by, bucket, since, until, level)))

    async def preview_repair(
        case_id: CaseId,
        fault: Annotated[Suspected, Field(description="What may have happened to the column")],
        column: Name,
        value: Annotated[
            str,
            Field(
                description="What to undo. unit: the number that values were multiplied by; shift: that was added; default: the value that was filled in; rename: the "
                "category as sent. Empty: guessed. sign, swap: none",
                max_length=200,
            ),
        ] = "",
        other: Annotated[str, Field(description="swap: the other feature; rename: the category as it was", max_length=200)] = "",
    ) -> RepairResult:
        return await casework.look(case_id, at_repair(fault, column, value, other))

    async def inspect_outcomes(
        case_id: CaseId,
        by: Annotated[OutcomeCut, Field(description="What to cut by; label_age: days since scoring")] = "score",
        feature: Annotated[str, Field(description="With by=feature", max_length=200)] = "",
    ) -> OutcomeResult:
        return await casework.look(case_id, at_outcomes(by, feature))

    async def inspect_pair(case_id: CaseId, first: Name, second: Name) -> PairResult:
        return await casework.look(case_id, at_pair(first, second))

    async def get_history(
        case_id: Annotated[str, Field(description="Empty: the newest case", max_length=64)] = "",
    ) -> HistoryResult:
        return await casework.history(case_id)

    async def compare_models(case_id: CaseId) -> ComparedModels:
        return await casework.compare(case_id)

    async def run_training(
        case_id: CaseId,
        ctx: Context[Any],
        mode: Annotated[
            Mode,
            Field(
                description="Rows to train on, as diagnose names it. combined: reference and known outcomes; recent: known outcomes alone; newest: their newer half; "
                "reweighted: combined, drawn to resemble customers now; recalibrate: only the champion's probabilities are refitted"
            ),
        ] = "combined",
        estimator: str | None = None,
        **hyperparameters: float | None,
    ) -> TrainingReply:
        request = TrainingRequest(mode, estimator, {name: value for name, value in hyperparameters.items() if value is not None})

        async def report(progress: Progress) -> None:
            await ctx.report_progress(progress.fraction, 1.0, progress.said)

        return await casework.train(case_id, request, report)

    run_training.__signature__ = with_families(signature(run_training), policy)  # type: ignore[attr-defined]  # what the SDK reads

    async def save_remediation_report(
        case_id: CaseId,
        action: Annotated[Action, Field(description="What the case comes to")],
        summary: Annotated[
            str, Field(description="What was found, how urgent, who does what, what if nothing is done", min_length=1, max_length=1500)
        ],
        reasoning: Annotated[str, Field(description="Why this action; numbers only from results, citing calls", max_length=6000)],
        hypotheses: Annotated[tuple[StatedHypothesis, ...], Field(description="Up to three, the likeliest first", max_length=3)] = (),
    ) -> ReportReply:
        return await casework.save_report(case_id, action, Narrative(summary, reasoning, hypotheses))

    tools = [
        _tool(
            get_drift_summary,
            "Drift summary",
            "How the current window differs from the champion's reference: share of drifted features, drift level (`band`), and by "
            "feature score, threshold, direction, what moved. Opens or continues the window's case, or shows it closed.",
            ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False),
        ),
        _tool(
            get_current_model_metrics,
            "Champion's metrics",
            "How the serving model did on its test set (`gate`) and does on the newest known outcomes (`window`, null if too few): does drift hurt?",
            READS,
        ),
        _tool(
            diagnose,
            "What happened",
            "Weigh all evidence on the window into a cause with its probability, the column at fault, the action and mode it asks for, the runner-up, "
            "and what is not visible here.",
            ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False),
        ),
        _tool(
            inspect_feature,
            "One feature from near",
            "One feature's distribution in reference and window; by day or cut by another feature: query.",
            READS,
        ),
        _tool(
            run_training,
            "Train a candidate",
            f"Train a candidate and judge it on later held-out rows against the champion. Allowed where the diagnosis asks for it, never on a data "
            f"or label fault; at most {1 + policy.training.retries} times a case, from {policy.training.min_labelled_rows} labelled rows, not "
            f"within {policy.training.cooldown_hours:g} h of another case's training. One that passes waits for a "
            "person; nothing is deployed.",
            ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False),
        ),
        _tool(
            compare_models,
            "Candidates beside the champion",
            "A case's trainings, each beside the champion on the same rows, what failed at the gate, and whether a person must decide.",
            READS,
        ),
        _tool(
            query,
            "One measure by group",
            "One measure by up to two features or time, with 95% intervals, no group under 10: churn rate by "
            "week, where the model ranks badly, since when a column is empty.",
            READS,
        ),
        _tool(
            preview_repair,
            "Undo a suspected fault in memory",
            "Undo a suspected fault of a column in memory and measure what returns beside the rows as sent: fit to the other columns, score shift, "
            "ROC-AUC. Tells a broken feed from a real change.",
            READS,
        ),
        _tool(
            inspect_outcomes,
            "Outcomes from near",
            "Known outcomes, observed against expected by group; which simple cause fits best (level, slope, flipped, shuffled); when they were written and mature.",
            READS,
        ),
        _tool(
            inspect_pair,
            "Two features together",
            "Which values of two features come together, before and now, how closely, and the customers who lack one. Use it for linked columns and joins.",
            READS,
        ),
        _tool(
            get_history,
            "History",
            "Models that served, which person decided it and why; what waits, open cases, trainings, events, rulings, the last triage, "
            "what was logged. Needs no case.",
            READS,
        ),
        _tool(
            save_remediation_report,
            "Close the case with a report",
            "Write the audit report and close the case with an action: monitor (nothing to do), fix_data (a feed is broken), collect_labels "
            "(too few or wrong outcomes), wait_for_outcomes (late or not matured), rollback (a person should), retrain or recalibrate (with a challenger). Facts are filled in; give your "
            "words only.",
            ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=False),
        ),
    ]
    server = StrictServer(
        "churnops", title="churnops", version=churnops_version(), instructions=INSTRUCTIONS, tools=tools, log_level="ERROR",
        more_resources=lambda: report_resources(casework.archive), on_crash=on_crash,
    )  # fmt: skip
    add_resources(server, lambda: casework.archive)
    add_prompts(server, lambda: casework.archive)
    add_completions(server, lambda: casework.archive)
    return server


def _tool(function: Any, title: str, description: str, annotations: ToolAnnotations) -> Tool:
    return seal(Tool.from_function(function, title=title, description=description, annotations=annotations))
