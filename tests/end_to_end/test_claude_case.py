"""`churnops triage --operator claude` from the command line: the real SDK, the real tools, a scripted provider on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.record.opened_workspace import Opened
from tests.conftest import Simulated, copied
from tests.end_to_end.command_line import CommandLine
from tests.messages_server import Fail, MessagesServer, Reply, Tool


@pytest.fixture
def calm(simulated: Simulated, tmp_path: Path) -> Iterator[Opened]:
    """A workspace whose window has a low drift level, the test's own."""
    with copied(simulated("none", 400, 0.5, 1), tmp_path / "calm") as opened:
        yield opened


@pytest.fixture
def drifted(calm: Opened, churnops: CommandLine, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """A key in the environment, the command line in the folder of that workspace."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "not-a-key")
    churnops.folder = calm.workspace.root
    return churnops


def report(case_id: str, reasoning: str = "No feature drifted.") -> Tool:
    arguments = {"case_id": case_id, "action": "monitor", "summary": "Nothing moved.", "reasoning": reasoning}
    return Tool("save_remediation_report", arguments)


def case_of(calm: Opened) -> str:
    return calm.cases.all()[0].case_id


@pytest.mark.slow
def test_claude_closes_a_case_and_the_report_says_who_did(drifted: CommandLine, calm: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    drifted("triage", "--show-request")  # opens the case, so that the script can name it
    case_id = case_of(calm)
    with MessagesServer([Fail(529, "overloaded_error"), Reply(["Nothing moved.", report(case_id)])]) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        said = drifted("triage", "--operator", "claude", "--json", "--detailed-exit-code")
    assert said.code == 0, said.err
    outcome = said.json
    assert (outcome["operator"], outcome["stopped"], outcome["action"]) == ("claude", "finished", "monitor")
    assert (outcome["tokens"]["output"], outcome["tokens"]["cached"]) == (100, 0)
    assert outcome["tokens"]["input"] > 1000  # the attempt that was turned away counts, too
    assert outcome["cost_usd"] > 0
    assert "operator: claude" in Path(outcome["report"]["path"]).read_text()


@pytest.mark.slow
def test_a_number_nobody_measured_is_marked_in_the_report(drifted: CommandLine, calm: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    drifted("triage", "--show-request")
    with MessagesServer([Reply([report(case_of(calm), "The ROC-AUC fell by 0.4711.")])]) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        outcome = drifted("triage", "--operator", "claude", "--json").json
    assert "0.4711 [no source]" in Path(outcome["report"]["path"]).read_text()
    assert outcome["unsourced"] == ["0.4711"]


@pytest.mark.slow
def test_when_claude_fails_the_rulebook_finishes_and_the_report_says_so(drifted: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    with MessagesServer([Fail(401, "authentication_error")]) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        outcome = drifted("triage", "--operator", "claude", "--json").json
    assert (outcome["operator"], outcome["stopped"]) == ("claude+rulebook", "operator_failed")
    assert (outcome["action"], outcome["status"]) == ("monitor", "no_deploy_needed")
    assert "operator: claude+rulebook" in Path(outcome["report"]["path"]).read_text()


@pytest.mark.slow
def test_a_bound_leaves_a_partial_report_that_the_next_run_continues(
    drifted: CommandLine, calm: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHURNOPS_POLICY__LIMITS__TURNS", "2")
    with MessagesServer([Reply([Tool("get_drift_summary", {}, id=f"toolu_{turn}")]) for turn in range(2)]) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        said = drifted("triage", "--operator", "claude", "--json", "--detailed-exit-code")
    assert (said.code, said.json["stopped"], said.json["status"], said.json["action"]) == (30, "turn_limit", "partial", None)
    assert "**Partial.**" in Path(said.json["report"]["path"]).read_text()
    again = drifted("triage", "--operator", "rulebook", "--json").json
    assert (again["case_id"], again["stopped"], again["status"]) == (said.json["case_id"], "finished", "no_deploy_needed")


@pytest.mark.slow
def test_auto_uses_claude_only_where_the_workspace_agreed(drifted: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = drifted("triage", "--json").json
    assert outcome["operator"] == "rulebook"
    assert drifted("simulate", "--scenario", "none", "--seed", "9").code == 0  # of the same data the case would be shown once more
    monkeypatch.setenv("CHURNOPS_OPERATOR__CLAUDE", "true")
    with MessagesServer([Fail(400, "invalid_request_error")]) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        outcome = drifted("triage", "--json").json
    assert outcome["operator"] == "claude+rulebook"


@pytest.mark.slow
def test_the_request_holds_aggregates_and_never_a_customer(drifted: CommandLine, calm: Opened) -> None:
    said = drifted("triage", "--show-request")
    assert said.code == 0
    assert '"get_drift_summary"' in said.out
    customers = (calm.workspace.root / "customers.csv").read_text().splitlines()[1:]
    assert not any(line.split(",")[0] in said.out for line in customers)
    assert "sim-" not in said.out


def test_without_a_key_claude_by_name_is_refused(drifted: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    said = drifted("triage", "--operator", "claude")
    assert said.code == 1
    assert "ANTHROPIC_API_KEY" in said.err
