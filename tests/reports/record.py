"""Cases as the record holds them, their reports, and what a reader of a report finds in it."""

from pathlib import Path
from typing import Any

import yaml

from pipeline.record.cases import Call, Case, Challenger, ModelRef, Training, WindowFacts
from pipeline.workspace.policy import Policy, load_policy
from pipeline.workspace.value_settings import ValueSettings
from prompts import policy_text
from reports.audit import AuditReport, render_audit
from reports.first_page.page import Setting
from reports.harm import Harm
from reports.verdict import Narrative, Verdict
from tests.conftest import NOON
from tests.tools.desk import drift_of, training_result

SHA = "5" * 64
HEAD = [
    "case",
    "status",
    "action",
    "mode",
    "operator",
    "stopped",
    "champion",
    "challenger",
    "policy_version",
    "reference_sha256",
    "window_fingerprint",
    "opened_at",
    "written_at",
    "churnops",
    "sources_sha256",
    "sections",
]
SECTIONS = [
    "What a human must decide",
    "Drift",
    "Models",
    "Policy rules applied",
    "Tool calls",
    "The operator's reasoning",
]
WORDS = Narrative("A summary of 19 features.", "A reason.")


def policy(**overrides: Any) -> Policy:
    """The shipped policy with nested overrides."""
    return load_policy(policy_text(), overrides)


def a_case(share: float | None = 0.421, **changes: Any) -> Case:
    """An open case."""
    window = WindowFacts(
        source="prediction log", since=None, until=None, rows=900, labelled_rows=400, labelled_churners=110, fingerprint="f" * 64
    )
    facts: dict[str, Any] = {
        "case_id": "2026-11-21-abc123",
        "key": "k",
        "kind": "triage",
        "opened_at": NOON,
        "started_by": "a test",
        "policy_version": policy().version,
        "champion": ModelRef(version="3", digest="c" * 64),
        "window": window,
        "drift": drift_of(share, 900, policy().band(share or 0.0, 900)),
    }
    return Case(**{**facts, **changes})


def a_challenger() -> Challenger:
    """One that passed the gate."""
    result = training_result(passed=True)
    return Challenger(version="4", digest="d" * 64, gate=result.gate, metrics=result.metrics)


def trainings_of(*, passed: bool) -> tuple[Training, ...]:
    """One finished training and one that was cut off."""
    digest, version = ("d" * 64, "4") if passed else (None, None)
    result = training_result(passed=passed, digest=digest, version=version)
    return (
        Training(number=1, started_at=NOON, arguments={"estimator": "random_forest"}, result=result),
        Training(number=2, started_at=NOON, arguments={"estimator": "random_forest"}, result=None),
    )


def calls() -> tuple[Call, ...]:
    """A call that went through and one that was refused."""
    said = {"said": "Rule `training.retries` in policy.toml", "call": 2}
    return (
        Call(number=1, at=NOON, tool="get_drift_summary", arguments={}, outcome="ok", seconds=1.25, result={"call": 1}),
        Call(number=2, at=NOON, tool="run_training", arguments={"max_depth": 11}, outcome="refused", seconds=0.0, result=said),
    )


def report(case: Case, verdict: Verdict, *facts: Any, **more: Any) -> str:
    """The report of `case` as Markdown."""
    return rendered_report(case, verdict, *facts, **more).text


def rendered_report(
    case: Case,
    verdict: Verdict,
    words: Narrative = WORDS,
    trainings: tuple[Training, ...] = (),
    rules: Policy | None = None,
    harm: Harm | None = None,
    outside: tuple[str, ...] = (),
) -> AuditReport:
    """The report of `case` and its appendix."""
    return render_audit(
        case,
        verdict,
        words,
        calls=calls(),
        trainings=trainings,
        setting=Setting(Path("/srv/churn"), rules or policy(), ValueSettings()),
        harm=harm,
        reference_sha256=SHA,
        written_at=NOON,
        from_environment=outside,
    )


def front_matter(text: str) -> dict[str, Any]:
    """The report's head as a YAML reader sees it."""
    opening, head, _ = text.split("---\n", 2)
    assert opening == ""
    found: dict[str, Any] = yaml.safe_load(head)
    return found


def headings(text: str, level: int) -> list[str]:
    """Headings of one level, in order."""
    mark = "#" * level + " "
    return [line.removeprefix(mark) for line in text.splitlines() if line.startswith(mark)]
