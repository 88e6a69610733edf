"""Both eras of the protocol, judged by the official suite; and every tool, called by the official Inspector over both transports."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.record.opened_workspace import Opened
from tests.conformance.suite import HERE, inspect, require_node, run_suite, say, scored
from tests.tools.served import CONSOLE_SCRIPT, Served, as_a_process, bearer, churnops_mcp, issue

pytestmark = pytest.mark.slow

REVISIONS = {"2025-11-25": 30, "2026-07-28": 37}
# Scenarios that need no fixture: a server of any purpose passes them. The suite puts the last two under "not scored".
ANY_SERVER = {
    "2025-11-25": {
        "server-initialize", "ping", "completion-complete", "tools-list", "resources-list", "prompts-list", "dns-rebinding-protection",
        "server-sse-multiple-streams", "server-session-lifecycle",
    },
    "2026-07-28": {
        "completion-complete", "tools-list", "resources-list", "prompts-list", "dns-rebinding-protection", "server-sse-multiple-streams",
        "sep-2164-resource-not-found", "caching", "input-required-result-unsupported-methods", "http-header-validation",
    },
}  # fmt: skip


@pytest.fixture(autouse=True)
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_node()
    monkeypatch.setenv("HOME", str(tmp_path))  # the Inspector keeps files of its own there


@pytest.mark.parametrize("revision", REVISIONS)
def test_the_product_passes_what_applies_to_any_server(revision: str, drifted: Opened, tmp_path: Path) -> None:
    """The command as people run it, with a real token; what its baseline lists needs the suite's fixtures."""
    baseline = HERE / f"baseline-{revision}.yml"
    secret = issue(drifted, "train")
    with as_a_process(churnops_mcp(drifted.workspace.root)) as served:
        verdict = run_suite(served.address, secret, revision, tmp_path, baseline)
    say(f"{revision}, churnops mcp --http: {len(verdict.passed)} of {len(scored(revision))} scored scenarios pass")
    assert verdict.exit_code == 0, verdict.said
    listed = {line.strip("- \n") for line in baseline.read_text(encoding="utf-8").splitlines() if line.startswith("  - ")}
    assert not ANY_SERVER[revision] & listed
    assert scored(revision) - verdict.passed <= {entry.split(":")[0] for entry in listed}


@pytest.mark.parametrize(("revision", "scenarios"), REVISIONS.items())
def test_the_same_stack_passes_every_scored_scenario(revision: str, scenarios: int, drifted: Opened, tmp_path: Path) -> None:
    secret = issue(drifted, "train")
    with as_a_process([sys.executable, "-m", "tests.conformance.fixtures_server", str(drifted.workspace.root)]) as served:
        verdict = run_suite(served.address, secret, revision, tmp_path)
    say(f"{revision}, with the suite's fixtures: {len(verdict.passed)} of {len(scored(revision))} scored scenarios pass")
    assert len(scored(revision)) == scenarios
    assert verdict.passed == scored(revision), verdict.said


@pytest.fixture
def served(drifted: Opened) -> Iterator[Served]:
    issue(drifted, "train", "anybody")
    with as_a_process(churnops_mcp(drifted.workspace.root)) as running:
        yield running


@pytest.mark.parametrize(("transport", "era"), [("stdio", "legacy"), ("http", "legacy"), ("http", "modern")])
def test_the_inspector_lists_and_calls_every_tool(transport: str, era: str, drifted: Opened, served: Served) -> None:
    secret = issue(drifted, "train", "inspector")
    stdio = [str(CONSOLE_SCRIPT), "mcp", "--workspace", str(drifted.workspace.root)]
    http = [served.address, "--header", f"Authorization: {bearer(secret)['Authorization']}"]
    target = [*(stdio if transport == "stdio" else http), "--protocol-era", era]
    code, listed = inspect(target, "--method", "tools/list", "--strict")
    assert code == 0, listed
    offered = {tool["name"] for tool in listed["result"]["tools"]}  # type: ignore[index,call-overload]
    case_id = ""
    arguments = {
        "get_drift_summary": {},
        "get_current_model_metrics": {"case_id": ""},
        "diagnose": {"case_id": ""},
        "inspect_feature": {"case_id": "", "feature": "tenure"},
        "query": {"case_id": "", "measure": "churn_rate"},
        "preview_repair": {"case_id": "", "fault": "swap", "column": "tenure", "other": "TotalCharges"},
        "inspect_outcomes": {"case_id": ""},
        "inspect_pair": {"case_id": "", "first": "tenure", "second": "TotalCharges"},
        "get_history": {"case_id": ""},
        "run_training": {"case_id": "", "estimator": "logistic_regression"},
        "compare_models": {"case_id": ""},
        "save_remediation_report": {"case_id": "", "action": "retrain", "summary": "A summary.", "reasoning": "A reason."},
    }
    assert set(arguments) == offered
    for tool, given in arguments.items():
        pairs = [f"{name}={case_id or value}" if name == "case_id" else f"{name}={value}" for name, value in given.items()]
        asked = [word for pair in pairs for word in ("--tool-arg", pair)]
        code, said = inspect(target, "--method", "tools/call", "--tool-name", tool, *asked)
        assert code == 0, (tool, said)
        case_id = said["result"]["structuredContent"]["case_id"]  # type: ignore[index,call-overload]
        say(f"{transport}, {era}: tools/call {tool} exit {code}")
    assert [call.tool for call in drifted.cases.calls(case_id)] == list(arguments)
