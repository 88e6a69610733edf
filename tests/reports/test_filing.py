"""Closing a case: report, ledger row and status change together or not at all."""

import dataclasses
from typing import Any

import pytest

from pipeline.atomic_files import digest_of_file
from pipeline.errors import ChurnopsError
from pipeline.measures.measure import Measure
from pipeline.record.cases import Case, Challenger
from pipeline.record.opened_workspace import Opened
from pipeline.workspace.policy import Band
from reports.filing import file_report, page_of, report_path, status_of
from reports.harm import Harm
from reports.second_opinion import SecondOpinion
from reports.verdict import Narrative, Verdict
from tests.conftest import Clock
from tests.tools.desk import case_of, diagnosis_of, training_result

WORDS = Narrative("A summary.", "A reason.")
MONITOR = Verdict("no_deploy_needed", "monitor", None, "rulebook", "finished")
HARMED = Harm(accepted=Measure(value=0.85, n=500, low=0.82, high=0.88), now=Measure(value=0.7, n=300, low=0.6, high=0.8))
UNHARMED = Harm(accepted=HARMED.accepted, now=Measure(value=0.75, n=300, low=0.65, high=0.85))
PARTIAL = Verdict("partial", None, None, "claude", "turn_limit", "The turns ran out.")


def trace(opened: Opened, case: Case) -> dict[str, Any]:
    """All that filing may change."""
    path = report_path(opened.workspace, case.case_id)
    folder = opened.workspace.reports
    return {
        "case": opened.cases.get(case.case_id),
        "ledger": opened.ledger.entries(),
        "report": path.read_bytes() if path.exists() else None,
        "files": sorted(folder.iterdir()) if folder.exists() else [],
    }


@pytest.mark.parametrize(
    ("action", "band", "harm", "status"),
    [
        ("monitor", "monitor", None, "no_deploy_needed"),
        ("monitor", "evaluate", UNHARMED, "no_deploy_needed"),
        ("monitor", "not_enough_data", None, "not_enough_data"),
        ("monitor", None, None, "no_deploy_needed"),
        ("monitor", "retrain", None, "needs_people"),
        ("monitor", "monitor", HARMED, "needs_people"),
        ("fix_data", "monitor", None, "needs_people"),
        ("collect_labels", "evaluate", None, "needs_people"),
        ("recalibrate", "monitor", HARMED, "pending_approval"),
        ("retrain", "retrain", HARMED, "pending_approval"),
    ],
)
def test_an_action_the_band_and_measured_harm_say_what_people_have_to_do(action: str, band: Band, harm: Harm, status: str) -> None:
    assert status_of(action, band, None, harm) == status


def test_the_ledger_and_the_case_name_the_bytes_that_lie_on_disk(trained: Opened) -> None:
    case = file_report(trained, case_of(trained), MONITOR, WORDS)
    path = report_path(trained.workspace, case.case_id)
    assert case == trained.cases.get(case.case_id)
    assert case.report is not None
    assert (case.report.path, case.report.sha256) == (str(path), digest_of_file(path))
    row = trained.ledger.entries(case.case_id)[-1]
    assert (row.kind, row.body) == (
        "reported",
        {"report": case.report.sha256, "status": "no_deploy_needed", "action": "monitor", "people": []},
    )
    assert trained.workspace.ledger_mirror.read_text().count("\n") == row.seq


def test_a_case_takes_what_its_report_says(trained: Opened) -> None:
    case = file_report(trained, case_of(trained), MONITOR, WORDS)
    assert (case.status, case.action, case.mode, case.operator, case.closed_at) == (
        "no_deploy_needed",
        "monitor",
        None,
        "rulebook",
        trained.clock(),
    )


def test_a_partial_case_can_be_resumed_and_its_next_report_takes_the_place_of_the_first(trained: Opened) -> None:
    assert isinstance(trained.clock, Clock)
    first = file_report(trained, case_of(trained), PARTIAL, WORDS)
    assert trained.cases.of_key(first.key) == first
    trained.clock.advance(hours=1)
    second = file_report(trained, first, MONITOR, WORDS)
    assert second.report is not None
    assert first.report is not None
    assert second.report.path == first.report.path
    assert digest_of_file(report_path(trained.workspace, first.case_id)) == second.report.sha256 != first.report.sha256
    assert [row.body["status"] for row in trained.ledger.entries(first.case_id)] == ["partial", "no_deploy_needed"]
    assert trained.cases.of_key(first.key) == second


def test_the_report_of_a_closed_case_is_never_written_over(trained: Opened) -> None:
    case = file_report(trained, case_of(trained), MONITOR, WORDS)
    before = trace(trained, case)
    with pytest.raises(ChurnopsError, match="has status “nothing to deploy”"):
        file_report(trained, case, dataclasses.replace(MONITOR, operator="another"), WORDS)
    assert trace(trained, case) == before


def test_a_report_that_misses_a_training_which_ended_meanwhile_is_not_filed(trained: Opened) -> None:
    case, result = case_of(trained), training_result(passed=True)
    challenger = Challenger(version="7", digest="d" * 64, gate=result.gate, metrics=result.metrics)
    trained.cases.move(case.case_id, ("open",), challenger=challenger)
    before = trace(trained, case)
    with pytest.raises(ChurnopsError, match="ended while its report was written"):
        file_report(trained, case, MONITOR, WORDS)
    assert trace(trained, case) == before


def test_a_report_that_cannot_be_written_leaves_the_case_open(trained: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    case = case_of(trained)
    before = trace(trained, case)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("reports.filing.write_atomically", full)
        with pytest.raises(OSError, match="No space left"):
            file_report(trained, case, MONITOR, WORDS)
    assert trace(trained, case) == before
    assert file_report(trained, case, MONITOR, WORDS).status == "no_deploy_needed"


def test_the_first_page_of_a_case_on_record_says_what_its_report_says(trained: Opened) -> None:
    other = SecondOpinion("fix_data", None, "A feed is broken.", "A finding.")
    verdict = Verdict("pending_approval", "retrain", "recent", "claude", "finished", second=other)
    result = training_result(passed=True, digest="d" * 64, version="4")
    challenger = Challenger(version="4", digest="d" * 64, gate=result.gate, metrics=result.metrics)
    case = case_of(trained, diagnosis=diagnosis_of("concept_drift"), challenger=challenger)
    number = trained.cases.begin_training(case.case_id, trained.clock(), {})
    with trained.state.write() as connection:
        trained.cases.finish_training(connection, case.case_id, number, result)
    closed = file_report(trained, case, verdict, Narrative("A rival's offer ended.", "A reason."))
    page, written = page_of(trained, closed), report_path(trained.workspace, closed.case_id).read_text()
    assert (page.happened, page.advice[:37]) == ("A rival's offer ended.", "Advice: read the two opinions below b")
    assert all(told in written for told in (f"# {page.headline}", page.advice, page.happened, page.confidence, page.urgency))
