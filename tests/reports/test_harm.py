"""Harm is measured, never guessed: the champion's own figures then and now, told first when they differ beyond chance."""

from typing import Any

import pytest

from pipeline.measures.measure import Measure
from pipeline.record.cases import Call
from reports.harm import Harm, measured_harm
from reports.verdict import Verdict
from tests.conftest import NOON
from tests.reports.record import a_case, headings, report

ACCEPTED = Measure(value=0.85, n=500, low=0.82, high=0.88)


def now(low: float | None, high: float | None) -> Measure:
    """The champion on the window's labelled rows."""
    return Measure(value=0.75, n=1300, low=low, high=high)


def looked(number: int, window: dict[str, Any] | None, **changes: Any) -> Call:
    """A look at the champion's metrics."""
    result = {"gate": {"roc_auc": ACCEPTED.model_dump()}, "window": window, "call": number}
    facts: dict[str, Any] = {"tool": "get_current_model_metrics", "outcome": "ok", "result": result, **changes}
    return Call(number=number, at=NOON, arguments={}, seconds=0.1, **facts)


@pytest.mark.parametrize(
    ("low", "high", "beyond"), [(0.70, 0.8199, True), (0.70, 0.82, False), (0.70, 0.86, False), (None, None, False), (0.9, 0.95, False)]
)
def test_a_fall_counts_only_where_the_intervals_part(low: float | None, high: float | None, beyond: bool) -> None:
    assert Harm(ACCEPTED, now(low, high)).beyond_chance is beyond


def test_the_last_look_that_went_through_is_the_one_that_counts() -> None:
    calls = [
        looked(1, {"roc_auc": now(0.5, 0.6).model_dump()}),
        looked(2, {"roc_auc": now(0.7, 0.8).model_dump()}),
        looked(3, None, outcome="failed", result={"said": "…", "call": 3}),
        looked(4, None, tool="get_drift_summary", result={"call": 4}),
    ]
    assert measured_harm(calls) == Harm(ACCEPTED, now(0.7, 0.8))


def test_where_nobody_looked_or_outcomes_are_too_few_there_is_no_harm_to_tell() -> None:
    assert measured_harm([]) is None
    assert measured_harm([looked(1, None)]) is None


def test_a_report_on_a_harmed_champion_tells_people_to_look_at_it_first() -> None:
    verdict = Verdict("needs_people", "monitor", None, "rulebook", "finished")
    text = report(a_case(0.1), verdict, harm=Harm(ACCEPTED, now(0.7, 0.8)))
    assert headings(text, 1) == ["The champion stays, and people must look"]
    decision = text.split("## What a human must decide")[1].split("\n## ")[0]
    assert "Its ROC-AUC fell from 0.850 to 0.750 on 1,300 rows with a known outcome, more than chance" in decision
    assert "**worse, beyond chance**" in text.split("## Models")[1]


def test_a_report_on_an_unharmed_champion_shows_its_figures_and_nothing_more() -> None:
    verdict = Verdict("no_deploy_needed", "monitor", None, "rulebook", "finished")
    text = report(a_case(0.1), verdict, harm=Harm(ACCEPTED, now(0.7, 0.86)))
    assert "0.850 (0.820–0.880) on its test set, 0.750 (0.700–0.860) on the 1,300 rows" in text
    assert "beyond chance" not in text
    assert "Nothing. The champion stays." in text
