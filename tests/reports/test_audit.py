"""The audit report: the same structure for each ending, facts from the record, and a head that any YAML reader takes."""

import dataclasses
from typing import Any

import pytest
import yaml

from pipeline.cases import Call, Case, Challenger, ModelRef, Training, WindowFacts
from pipeline.policy import Policy, load_policy
from prompts import policy_text
from reports.audit import Narrative, Verdict, render_audit, strength
from tests.conftest import NOON
from tests.tools.desk import drift_of, metrics_of, training_result

SHA = "5" * 64
WORDS = Narrative("A summary of 19 features.", "A reason.")
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
]
SECTIONS = ["What a human must decide", "Drift", "Models", "Policy rules applied", "Tool calls", "The operator's reasoning"]


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


def trained(*, passed: bool) -> tuple[Training, ...]:
    """One finished training and one that was cut off."""
    digest, version = ("d" * 64, "4") if passed else (None, None)
    result = training_result(passed=passed, digest=digest, version=version)
    return (
        Training(number=1, started_at=NOON, arguments={"estimator": "random_forest"}, result=result),
        Training(number=2, started_at=NOON, arguments={"estimator": "random_forest"}, result=None),
    )


def calls() -> tuple[Call, ...]:
    """A call that went through and one that was refused."""
    first = Call(number=1, at=NOON, tool="get_drift_summary", arguments={}, outcome="ok", seconds=1.25, result={"call": 1})
    said = {"said": "Rule `training.retries` in policy.toml", "call": 2}
    return first, dataclasses_like(first, number=2, tool="run_training", arguments={"case_id": "x", "max_depth": 11}, outcome="refused", result=said)


def dataclasses_like(call: Call, **changes: Any) -> Call:
    """`call` with changes."""
    return call.model_copy(update=changes)


def report(case: Case, verdict: Verdict, words: Narrative = WORDS, trainings: tuple[Training, ...] = (), rules: Policy | None = None) -> str:
    """The report of `case` as Markdown."""
    return render_audit(
        case, verdict, words, calls=calls(), trainings=trainings, policy=rules or policy(), reference_sha256=SHA, written_at=NOON
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


ENDINGS: dict[str, tuple[Case, Verdict, tuple[Training, ...], str, str]] = {
    "monitor": (
        a_case(0.1),
        Verdict("no_deploy_needed", "monitor", None, "rulebook", "finished"),
        (),
        "No deployment needed: keep watching",
        "Nothing. The champion stays.",
    ),
    "fix_data": (
        a_case(),
        Verdict("needs_people", "fix_data", None, "claude", "finished"),
        (),
        "The data need fixing before anything else",
        "Nothing is deployed. Have the data named below mended",
    ),
    "collect_labels": (
        a_case(),
        Verdict("needs_people", "collect_labels", None, "rulebook", "finished"),
        trained(passed=False),
        "More outcomes are needed before a decision",
        "Nothing is deployed. Bring in outcomes",
    ),
    "retrain": (
        a_case(challenger=a_challenger()),
        Verdict("pending_approval", "retrain", "combined", "claude+rulebook", "operator_failed"),
        trained(passed=True),
        "A retrained challenger waits for approval",
        'churnops reports approve 2026-11-21-abc123 --reason "…"\nchurnops reports reject 2026-11-21-abc123 --reason "…"',
    ),
    "partial": (
        a_case(),
        Verdict("partial", None, None, "claude", "turn_limit", "The operator used all its turns (`limits.turns`)."),
        (),
        "No verdict was reached",
        "Nothing is deployed. Look at what was found",
    ),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_ending_has_the_same_structure_and_says_first_what_a_human_must_decide(ending: str) -> None:
    case, verdict, trainings, headline, decision = ENDINGS[ending]
    text = report(case, verdict, trainings=trainings)
    assert headings(text, 1) == [headline]
    assert headings(text, 2) == SECTIONS
    assert decision in text.split("## What a human must decide")[1].split("\n## ")[0]
    assert "\n\n\n" not in text
    assert text.endswith("\n")


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_head_says_who_what_and_on_what_in_yaml(ending: str) -> None:
    case, verdict, trainings, _, _ = ENDINGS[ending]
    head = front_matter(report(case, verdict, trainings=trainings))
    assert list(head) == HEAD
    assert (head["case"], head["status"], head["action"], head["mode"]) == (case.case_id, verdict.status, verdict.action, verdict.mode)
    assert (head["operator"], head["stopped"]) == (verdict.operator, verdict.stopped)
    assert head["champion"] == {"version": "3", "digest": "c" * 64}
    assert head["challenger"] == ({"version": "4", "digest": "d" * 64} if case.challenger else None)
    assert (head["policy_version"], head["reference_sha256"], head["window_fingerprint"]) == (policy().version, SHA, "f" * 64)
    assert head["written_at"] == NOON


@pytest.mark.parametrize("digest", ["1" * 64, "12e45678" + "0" * 56, "0" * 64, "1234_567" + "8" * 56, "e" * 64])
def test_a_digest_stays_text_whatever_its_digits(digest: str) -> None:
    case, verdict, *_ = ENDINGS["monitor"]
    head = front_matter(
        render_audit(case, verdict, WORDS, calls=(), trainings=(), policy=policy(), reference_sha256=digest, written_at=NOON)
    )
    assert head["reference_sha256"] == digest
    text = report(a_case(champion=ModelRef(version="1e3", digest=digest)), verdict)
    assert front_matter(text)["champion"] == {"version": "1e3", "digest": digest}


HOSTILE_NAMES = [
    "a: b",
    "- a",
    "[a, b]",
    "{a: b}",
    '"quoted" and \'single\'',
    "# comment",
    "x # comment",
    "null",
    "true",
    "1e3",
    "2026-11-21",
    "@at `tick` %percent &anchor *alias !tag",
    "line\nstatus: approved\n---\n# Deploy now",
    "tab\tand\x1b[31mred\x00\u2028line",
    "trailing \\",
    "ünïcode 模型 🚀",
    "<script>alert(1)</script>",
    "|",
    "> folded",
    "...",
]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_no_operators_name_breaks_the_head_or_adds_to_the_report(name: str) -> None:
    case, verdict, *_ = ENDINGS["monitor"]
    text = report(case, dataclasses.replace(verdict, operator=name))
    head = front_matter(text)
    assert list(head) == HEAD
    assert isinstance(head["operator"], str)
    assert head["status"] == "no_deploy_needed"
    assert headings(text, 1) == ["No deployment needed: keep watching"]
    assert headings(text, 2) == SECTIONS
    assert "<script>" not in text.split("---\n", 2)[2]


def test_values_set_by_the_workspace_are_shown_beside_those_shipped() -> None:
    rules = policy(gate={"min_roc_auc": 0.7}, hyperparameters={"random_forest": {"max_depth": [3, 7]}})
    case, verdict, *_ = ENDINGS["monitor"]
    text = report(case, verdict, rules=rules)
    assert "Overridden in this workspace: `gate.min_roc_auc` = 0.7 (shipped: 0.78)." in text
    assert "Overridden in this workspace: `hyperparameters.random_forest.max_depth` = [3.0, 7.0] (shipped: [10, 12])." in text
    assert "`gate.min_roc_auc` = 0.7, `gate.max_auc_drop` = 0.01." in text
    assert front_matter(text)["policy_version"] == rules.version
    assert "Overridden" not in report(case, verdict)


def test_facts_come_from_the_record() -> None:
    case, verdict, trainings, *_ = ENDINGS["retrain"]
    text = report(case, verdict, trainings=trainings)
    for fact in (
        "**8 of 19 features drifted (42.1%)**: 3 numerical, 5 categorical. Band: `retrain`.",
        "Reference 4200 rows, window 900 rows, 400 with a known outcome (110 churned). Source: prediction log.",
        "| tenure | numerical | 0.31 / 0.1 |",
        "| ROC-AUC | 0.700 (0.660–0.740) | 0.712 (0.672–0.752) |",
        "ROC-AUC, candidate 1 minus champion: +0.012 (interval -0.010 to +0.034).",
        "n_estimators = 200, max_depth = 10; 1700 rows to learn from, 300 held out to judge by, 9 s.",
        "- ✔ `gate.min_roc_auc`: ROC-AUC 0.7123 against the floor of 0.78.",
        "1. `get_drift_summary` : ok, 1.2 s",
        '2. `run_training` `{"max_depth": 11}`: refused: Rule \\`training.retries\\` in policy.toml',
    ):
        assert fact in text, fact


def test_a_window_too_small_for_a_verdict_says_so() -> None:
    case = a_case(None, drift=drift_of(None, 150, "not_enough_data"))
    text = report(case, ENDINGS["monitor"][1])
    assert "Not enough data: 150 rows in the window, 200 needed (`drift.min_rows`). No verdict." in text
    assert "| feature |" not in text


def test_a_case_made_by_hand_has_no_drift_to_tell() -> None:
    text = report(a_case(drift=None, window=None), ENDINGS["monitor"][1])
    assert headings(text, 2) == [section for section in SECTIONS if section != "Drift"]
    assert front_matter(text)["window_fingerprint"] is None


def test_nothing_said_is_said() -> None:
    case, verdict, *_ = ENDINGS["monitor"]
    assert "> Nothing was said." in report(case, verdict, Narrative(" ", "\n"))


def test_a_number_without_a_source_is_marked_and_counted_above_the_words() -> None:
    case, verdict, *_ = ENDINGS["monitor"]
    text = report(case, verdict, Narrative("97.3% of 19 features.", "All 400 of 401."))
    assert "**2 without a source: 97.3%, 401.**" in text
    assert "> 97.3% [no source] of 19 features." in text
    assert "without a source" not in report(case, verdict)


@pytest.mark.parametrize(
    ("method", "score", "expected"),
    [("Wasserstein distance (normed)", 0.1, 1.0), ("K-S p_value", 0.1, 1.0), ("K-S p_value", 0.01, 2.0), ("K-S p_value", 0.0, 6.0)],
)
def test_strength_is_told_in_thresholds_for_distances_and_p_values(method: str, score: float, expected: float) -> None:
    feature = drift_of(0.4, 900, "evaluate").features[0].model_copy(update={"method": method, "score": score, "threshold": 0.1})
    assert strength(feature) == pytest.approx(expected)


def test_the_measures_are_those_of_the_record() -> None:
    text = report(a_case(), ENDINGS["collect_labels"][1], trainings=trained(passed=False))
    metrics = metrics_of(0.7123)
    for name in ("pr_auc", "accuracy", "f1", "precision", "recall", "log_loss", "brier", "calibration_error"):
        assert f"{getattr(metrics, name).value:.3f}" in text
    assert "failed the gate" in text
