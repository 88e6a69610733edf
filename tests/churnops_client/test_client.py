"""`churnops.open`: the commands from Python, light, typed, and without what only people may do."""

import ast
import json
import os
from pathlib import Path

import pytest

import churnops
from churnops_client.answers import Case, Drift, Hypothesis, Report, Status
from churnops_client.reading import made
from tests.checkout import ROOT
from tests.conftest import Simulated, copied
from tests.test_house import HEAVY, PACKAGES, run_python

ALLOWED = {
    ("status",),
    ("drift",),
    ("diagnose",),
    ("triage",),
    ("train",),
    ("train", "--compare"),
    ("reports", "list"),
    ("reports", "show"),
}
SUMMARY = {"reference_rows": 10, "current_rows": 5, "share": 0.5, "drifted": 1, "features_total": 2, "band": "retrain", "later": {"x": 1}}
FEATURE = {"name": "<b>plan</b>", "kind": "categorical", "method": "JS", "score": 0.25, "threshold": 0.1, "drifted": True, "newer": 3}


def test_importing_it_brings_nothing_heavy_and_none_of_our_common_names() -> None:
    ran = run_python(
        "import sys, churnops, json; churnops.open('.'); import churnops_client.workspace; print(json.dumps(sorted(sys.modules)))"
    )
    assert ran.returncode == 0, ran.stderr
    loaded = set(json.loads(ran.stdout))
    assert "churnops_client.answers" in loaded
    assert not (HEAVY | set(PACKAGES) - {"churnops_client"} | {"typer"}) & loaded


def test_what_only_people_may_do_is_not_in_it() -> None:
    tree = ast.parse((ROOT / "churnops_client" / "workspace.py").read_text(encoding="utf-8"))
    asked = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "_answer"]
    commands = {
        tuple(part.value for part in call.args[0].elts if isinstance(part, ast.Constant))
        for call in asked
        if isinstance(call.args[0], ast.List)
    }
    assert len(asked) > 6
    assert commands == ALLOWED


def test_fields_of_a_newer_version_are_left_out_and_values_become_no_markup() -> None:
    segments = {"Monthly": SUMMARY | {"features": []}}
    found = made(Drift, SUMMARY | {"features": [FEATURE], "segments": segments, "recent": {"since": "2026-10-01T00:00:00Z", "rows": 5}})
    assert (found.features[0].score, found.features[0].importance, found.matured) == (0.25, None, None)
    assert found.segments is not None
    assert found.segments["Monthly"].features == ()
    assert found.recent is not None
    assert found.recent.since is not None
    assert (found.recent.since.year, found.recent.since.tzinfo is not None) == (2026, True)
    page = found._repr_html_()
    assert "&lt;b&gt;plan&lt;/b&gt;" in page
    assert "<b>" not in page
    assert list(found.to_frame()["method"]) == ["JS"]
    assert made(Hypothesis, {"cause": "none", "for": ["a"], "against": []}).for_ == ("a",)


def test_a_report_is_shown_without_its_header_and_a_changed_one_says_so() -> None:
    case = made(Case, {"case_id": "2026-01-01-abcdef"})
    page = Report(case, "---\nstatus: x\n---\n# Title\n\n<script>1</script> ![p](http://elsewhere/p)\n", intact=False)._repr_html_()
    assert "<h1>Title</h1>" in page
    assert "changed after it was written" in page
    assert not any(part in page for part in ("status: x", "<script>", "<img"))


def test_a_refusal_says_what_the_command_says(tmp_path: Path) -> None:
    with pytest.raises(churnops.Refusal, match=r"No churnops\.toml in .*churnops init") as refused:
        churnops.open(tmp_path).status()
    assert (refused.value.exit_code, refused.value.rule) == (1, None)


@pytest.mark.slow
def test_a_notebook_with_tools_of_its_own_goes_from_status_to_report(
    simulated: Simulated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("tools", "pipeline", "agent"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('shadowed')\n")
    with copied(simulated("market_shift", 2000, 0.5, 1), tmp_path / "w") as opened:
        folder = opened.workspace.root
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    ws = churnops.open("w")
    status = ws.status()
    assert isinstance(status, Status)
    assert status.champion is not None
    drift = ws.drift("3d", by="Contract")
    assert drift.segments is not None
    assert len(drift.to_frame()) == drift.features_total
    found = ws.diagnose()
    assert found.cause == found.hypotheses[0].cause == "concept_drift"
    outcome = ws.triage()
    assert (outcome.action, outcome.challenger is not None) == ("retrain", True)
    (case,) = ws.cases
    assert (case.case_id, case.status, case.diagnosis is not None) == (outcome.case_id, "pending_approval", True)
    report = ws.report(case)
    assert report.intact
    assert "<table>" in report._repr_html_()
    written = folder / ".churnops" / "reports" / f"{case.case_id}.md"
    written.write_text(report.markdown + "\nmore\n", encoding="utf-8")
    assert not ws.report(case.case_id[:12]).intact
    with pytest.raises(churnops.Refusal) as usage:
        ws.drift(potato=3)
    assert (usage.value.said, usage.value.exit_code) == ("No such option: --potato", 2)


@pytest.mark.slow
def test_a_workspace_is_compared_trained_and_refused_by_the_gate(
    untrained_workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with copied(untrained_workspace, tmp_path / "w") as opened:
        ws = churnops.open(opened.workspace.root)
    monkeypatch.setenv("CHURNOPS_POLICY__GATE__MIN_ROC_AUC", "0.99")
    with pytest.raises(churnops.Refusal, match="quality gate failed") as gate:
        ws.train("logistic_regression")
    assert gate.value.rule == "gate.min_roc_auc"
    monkeypatch.delenv("CHURNOPS_POLICY__GATE__MIN_ROC_AUC")
    compared = ws.compare("logistic_regression", fits=10)
    assert [family.name for family in compared.families] == [compared.selected] == ["logistic_regression"]
    assert compared.trained.case_id is None
    auc = next(measure for measure in compared.trained.measures if measure.name == "roc_auc")
    assert auc.low is not None
    assert auc.low < auc.value
    champion = ws.status().champion
    assert champion is not None
    assert compared.trained.digest is not None
    assert compared.trained.digest.startswith(champion.digest)
