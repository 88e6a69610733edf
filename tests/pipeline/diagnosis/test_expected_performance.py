"""Performance without outcomes as a record, on the diagnosis, the screen and the report."""

import io

import pytest
from rich.console import Console

from agent.views.diagnosis_view import diagnosis_view
from pipeline.diagnosis.diagnosis import Diagnosis
from pipeline.diagnosis.expected_performance import Estimate, ExpectedPerformance
from reports.verdict import Verdict
from tests.reports.record import a_case, report

EXPECTED = ExpectedPerformance(
    roc_auc=0.8214,
    low=0.8032,
    high=0.8396,
    level=0.9,
    profit=Estimate(measure="profit", value=31.2, low=24.0, high=38.4),
    log_loss=Estimate(measure="log_loss", value=0.4312, low=0.41, high=0.4525),
    churn_rate=Estimate(measure="churn_rate", value=0.2412, low=0.22, high=0.2624),
    unsupported=0.12,
    rows=900,
)
NOTHING = ExpectedPerformance(
    roc_auc=None, low=None, high=None, level=0.9, profit=None, log_loss=None, churn_rate=None, unsupported=0.7, rows=900
)


def told(expected: ExpectedPerformance | None) -> Diagnosis:
    return Diagnosis(
        cause="none",
        confidence=0.9,
        column=None,
        action="monitor",
        mode=None,
        rule="nothing",
        said="Nothing changed.",
        findings=(),
        blind_spots=(),
        runner_up=None,
        expected=expected,
    )


def on_screen(expected: ExpectedPerformance | None) -> str:
    console = Console(file=io.StringIO(), width=100, highlight=False)
    console.print(diagnosis_view(told(expected), 900, 0, None, None))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_diagnosis_of_an_earlier_version_reads_and_serialises_as_it_was() -> None:
    earlier = told(None).model_dump_json()
    assert "expected" not in earlier
    assert Diagnosis.model_validate_json(earlier).model_dump_json() == earlier


def test_the_json_has_ranking_and_interval_at_its_top() -> None:
    found = told(EXPECTED).model_dump()["expected"]
    assert (found["roc_auc"], found["low"], found["high"], found["level"], found["unsupported"]) == (0.8214, 0.8032, 0.8396, 0.9, 0.12)
    assert found["churn_rate"] == {"measure": "churn_rate", "value": 0.2412, "low": 0.22, "high": 0.2624}


@pytest.mark.parametrize("shown", [on_screen, lambda expected: in_report(expected)], ids=["screen", "report"])
def test_people_see_each_measure_with_its_interval_and_what_it_is_blind_to(shown: object) -> None:
    assert callable(shown)
    text = " ".join(shown(EXPECTED).split())
    for fact in (
        "ROC-AUC",
        "0.821",
        "0.803 to 0.840",
        "24.1%",
        "31% of the maximum",
        "blind to customers who behave differently",
        "hardly covers 12%",
    ):
        assert fact in text, fact
    assert "cannot be estimated" in " ".join(shown(NOTHING).split())
    assert "without outcomes" not in shown(None).lower()


def in_report(expected: ExpectedPerformance | None) -> str:
    verdict = Verdict("no_deploy_needed", "monitor", None, "rulebook", "finished")
    return report(a_case(diagnosis=told(expected)), verdict)
