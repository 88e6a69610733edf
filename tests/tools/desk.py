"""Where tests meet the tools: the real MCP client over the real server in process, on a real workspace."""

import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from mcp import Client

from pipeline.diagnosis.diagnosis import Action, Diagnosis, Mode
from pipeline.diagnosis.finding import Cause
from pipeline.drift.summary import DriftSummary, FeatureDrift
from pipeline.intake.window_choice import WindowReader
from pipeline.intake.windows import logged_window
from pipeline.measures.measure import CalibrationTrial, Comparison, GateCheck, GateResult, Measure, Metrics
from pipeline.record.cases import Case, ModelRef, TrainingResult, WindowFacts
from pipeline.record.champion import require_champion
from pipeline.record.opened_workspace import Opened
from pipeline.workspace.policy import Band, load_policy
from prompts import policy_text
from tools.casework import Casework
from tools.server import build_server


class Desk:
    """One client. `ok` and `refused` call a tool and insist on how it ends."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def ok(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The structured answer of a call that must succeed."""
        result = await self.client.call_tool(tool, arguments)
        assert not result.is_error, _text(result)
        assert result.structured_content is not None
        return result.structured_content

    async def refused(self, tool: str, **arguments: Any) -> str:
        """What a call that must not succeed said."""
        result = await self.client.call_tool(tool, arguments)
        assert result.is_error, f"{tool} went through: {result.structured_content}"
        return _text(result)

    async def close(self, case_id: str, action: str = "monitor", reasoning: str = "Nothing moved.") -> dict[str, Any]:
        """The case closed with `action`."""
        return await self.ok("save_remediation_report", case_id=case_id, action=action, summary="A summary.", reasoning=reasoning)


@asynccontextmanager
async def desk(opened: Opened, read_window: WindowReader | None = None, *, operator: str = "a test") -> AsyncIterator[Desk]:
    """A desk on `opened`; its window is the logged one unless `read_window` says otherwise. Each has a server of its own."""
    casework = Casework(opened, read_window or partial(logged_window, opened), started_by="a test", operator=lambda: operator)
    async with Client(build_server(casework, opened.policy)) as client:
        yield Desk(client)


def under(opened: Opened, **overrides: Any) -> Opened:
    """The same workspace under a policy with nested `overrides`, as `[policy]` in churnops.toml gives it."""
    return dataclasses.replace(opened, policy=load_policy(policy_text(), overrides))


def case_of(
    opened: Opened,
    key: str = "a window",
    *,
    share: float | None = 0.45,
    rows: int = 900,
    labelled: int = 400,
    churners: int = 110,
    **changes: Any,
) -> Case:
    """An open case whose facts the test sets, against the serving champion, as `get_drift_summary` would have opened it."""
    champion = require_champion(opened.workspace, opened.ledger)
    now = opened.clock()
    window = WindowFacts(
        source="a test", since=None, until=None, rows=rows, labelled_rows=labelled, labelled_churners=churners, fingerprint="f" * 64
    )
    facts: dict[str, Any] = {
        "case_id": f"{now:%Y-%m-%d}-{key.encode().hex()[:6]}",
        "key": key,
        "kind": "triage",
        "opened_at": now,
        "started_by": "a test",
        "policy_version": opened.policy.version,
        "champion": ModelRef(version=champion.version, digest=champion.digest),
        "window": window,
        "drift": drift_of(share, rows, opened.policy.band(share or 0.0, rows)),
        "diagnosis": diagnosis_of("concept_drift"),
    }
    return opened.cases.open(Case(**{**facts, **changes}))


def diagnosis_of(cause: Cause, action: Action | None = None) -> Diagnosis:
    """A diagnosis with what its cause usually asks for, or with another action."""
    asks: dict[Cause, Action] = {"data_fault": "fix_data", "label_fault": "collect_labels", "prior_shift": "recalibrate"}
    usual: Action = "retrain" if cause in {"concept_drift", "covariate_harmful"} else "monitor"
    chosen = action or asks.get(cause, usual)
    mode: Mode | None = "combined" if chosen == "retrain" else "recalibrate" if chosen == "recalibrate" else None
    return Diagnosis(
        cause=cause, confidence=0.87, column=None, action=chosen, mode=mode, rule="conflict", said="A test says so.", findings=(),
        blind_spots=(), runner_up=None,
    )  # fmt: skip


def drift_of(share: float | None, rows: int, band: Band) -> DriftSummary:
    """A drift summary with one drifted feature."""
    feature = FeatureDrift(
        name="tenure", kind="numerical", method="Wasserstein distance (normed)", score=0.31, low=0.31, high=0.31, threshold=0.1, drifted=True,
        direction="up", change="mean 32.4 → 41.1", moved_share=0.127, calibrated=True, p_adjusted=0.001, importance=0.04, why=None,
    )  # fmt: skip
    return DriftSummary(
        reference_rows=4200, current_rows=rows, share=share, drifted=8, drifted_numerical=3, drifted_categorical=5, features_total=19, band=band,
        calibrated_drifted=7, calibrated_share=None if share is None else 0.368, felt_share=None if share is None else 0.62,
        since=None, until=None, features=() if share is None else (feature,), findings=(),
    )  # fmt: skip


def metrics_of(roc_auc: float, n: int = 300) -> Metrics:
    """Plausible metrics around one ROC-AUC."""
    names = ("pr_auc", "accuracy", "f1", "precision", "recall", "log_loss", "brier", "calibration_error")
    others = {name: Measure(value=0.5 + index / 100, n=n) for index, name in enumerate(names)}
    auc = Measure(value=roc_auc, n=n, low=roc_auc - 0.04, high=roc_auc + 0.04)
    return Metrics(n=n, churners=80, threshold=0.5, roc_auc=auc, **others)


def training_result(*, passed: bool, digest: str | None = None, version: str | None = None) -> TrainingResult:
    """What a training came to; by default one that failed the gate."""
    check = GateCheck(rule="gate.min_roc_auc", passed=passed, said="ROC-AUC 0.7123 against the floor of 0.78.")
    return TrainingResult(
        mode="combined",
        estimator="random_forest",
        hyperparameters={"n_estimators": 200, "max_depth": 10},
        digest=digest,
        version=version,
        metrics=metrics_of(0.7123),
        champion_metrics=metrics_of(0.7001),
        comparison=Comparison(difference=0.0122, low=-0.01, high=0.034, n=300),
        gate=GateResult(passed=passed, checks=(check,)),
        calibration=CalibrationTrial(method="sigmoid", log_loss_raw=0.51, log_loss_calibrated=0.5, z=1.2, n=900, kept=False),
        train_rows=1700,
        gate_rows=300,
        seconds=9.4,
    )


def train_on_record(opened: Opened, case: Case, *, finished: bool = True, n_estimators: int = 200) -> None:
    """A training of `case` put on record now: one that failed the gate, or one that was cut off."""
    number = opened.cases.begin_training(case.case_id, opened.clock(), {"mode": "combined", "n_estimators": n_estimators})
    if finished:
        with opened.state.write() as connection:
            opened.cases.finish_training(connection, case.case_id, number, training_result(passed=False))


def _text(result: Any) -> str:
    return " ".join(block.text for block in result.content if block.type == "text")
