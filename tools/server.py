"""The MCP server of a workspace: a few tools, typed in and out, described for a model that has to choose among them; resources, prompts."""

from inspect import signature
from typing import Annotated, Any

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.tools import Tool
from mcp.types import ToolAnnotations
from pydantic import Field

from pipeline.churnops_version import churnops_version
from pipeline.diagnosis.diagnosis import Action, Mode
from pipeline.training.job import Progress
from pipeline.workspace.policy import Policy
from reports.verdict import Narrative
from tools.argument_checks import seal
from tools.casework import Casework
from tools.completions import add_completions
from tools.mcp_prompts import add_prompts
from tools.resources import add_resources, report_resources
from tools.results import ComparedModels, DiagnosisResult, DriftResult, FeatureResult, MetricsResult, ReportReply, TrainingReply
from tools.strict_server import OnCrash, StrictServer
from tools.training_request import TrainingRequest, with_families

INSTRUCTIONS = """Triage drift of a churn model. Begin with get_drift_summary: it opens a case and returns its case_id, which the other
tools take. diagnose says what happened; inspect_feature digs. A case ends with save_remediation_report. Training is bounded by a policy; a refusal names the rule and what is
allowed. No tool deploys: a person approves or rejects in the terminal."""

READS = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
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
        feature: Annotated[str, Field(description="Name of the feature, as in the drift summary", min_length=1, max_length=200)],
        by: Annotated[
            str | None, Field(description="Categorical feature to cut the base by; null: the most telling", max_length=200)
        ] = None,
    ) -> FeatureResult:
        return await casework.inspect(case_id, feature, by)

    async def compare_models(case_id: CaseId) -> ComparedModels:
        return await casework.compare(case_id)

    async def run_training(
        case_id: CaseId,
        ctx: Context[Any],
        mode: Annotated[
            Mode, Field(description="recent: the window alone; newest: its newer half; recalibrate: the champion, its probabilities anew")
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
        action: Annotated[Action, Field(description="What the case comes to; retrain needs a challenger that passed the gate")],
        summary: Annotated[str, Field(description="Two or three sentences for the person who decides", min_length=1, max_length=1500)],
        reasoning: Annotated[
            str, Field(description="Why this action and not another; numbers only from tool results, citing call numbers", max_length=6000)
        ],
    ) -> ReportReply:
        return await casework.save_report(case_id, action, Narrative(summary, reasoning))

    tools = [
        _tool(
            get_drift_summary,
            "Drift summary",
            "Measure how the current window differs from the champion's training data (the reference): share of drifted features, drift level (`band`), and per "
            "feature method, score, threshold, direction and what moved. Opens the case, or continues the unfinished one for the same "
            "window. Call it first; again, it changes nothing.",
            ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False),
        ),
        _tool(
            get_current_model_metrics,
            "Champion's metrics",
            "How the serving model did when it was accepted (test set) and does on the newest known outcomes (null if too few). "
            "Use it to see whether drift hurts.",
            READS,
        ),
        _tool(
            diagnose,
            "What happened",
            "Weigh all evidence on the window into a cause with confidence, the column at fault, the action and mode it asks for, the runner-up, "
            "and what is not visible here. Call it before you decide; a share of drifted features alone says little.",
            ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False),
        ),
        _tool(
            inspect_feature,
            "One feature from near",
            "One feature's distribution in reference and window, day by day, and cut by another feature. Use it where you doubt the diagnosis.",
            READS,
        ),
        _tool(
            run_training,
            "Train a candidate",
            f"Train a candidate and judge it on later held-out rows against the champion. Allowed where the diagnosis asks for it, never on a data "
            f"or label fault; at most {1 + policy.training.retries} times a case, from {policy.training.min_labelled_rows} labelled rows, not "
            f"within {policy.training.cooldown_hours:g} h of another case's training. Takes ten seconds or more. One that passes waits for a "
            "person; nothing is deployed. The same call again returns the finished training.",
            ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False),
        ),
        _tool(
            compare_models,
            "Candidates beside the champion",
            "A case's trainings, open or closed, each beside the champion on the same rows, what failed at the gate, and whether a person must decide. "
            "Use it to explain; right after run_training it adds nothing.",
            READS,
        ),
        _tool(
            save_remediation_report,
            "Close the case with a report",
            "Write the audit report and close the case with an action: monitor (nothing to do), fix_data (a feed is broken), collect_labels "
            "(too few outcomes to decide), retrain or recalibrate (only with a challenger). Facts and tables are filled in from the record; give your "
            "words only. Every case ends with this call.",
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
