"""When to retrain is said in a sentence or two, in money where it is known, and never to whoever is asked to approve a model."""

from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.timing.retraining_time import RetrainingTime, TrainingWorth, When
from pipeline.record.cases import WindowFacts
from pipeline.state.check_figures import GainFigure
from reports.first_page.timed_diagnosis import timed
from reports.first_page.timing_words import timing_words
from reports.verdict import Verdict
from tests.conftest import NOON
from tests.pipeline.diagnosis.timing.test_waiting import windows
from tests.pipeline.known_windows import champion_of_known_windows
from tests.pipeline.small_windows import small_opened
from tests.reports.record import a_challenger
from tests.reports.test_first_page import a_result, a_told_case, found_of, page_of
from tests.tools.desk import diagnosis_of

CLOSED = Verdict("no_deploy_needed", "monitor", None, "rulebook", "finished")


def a_time(best: When, **changes: object) -> RetrainingTime:
    told = RetrainingTime(
        best=best, now=TrainingWorth(worth=6.0, low=-1.0, high=13.0), next=TrainingWorth(worth=5.0, low=0.0, high=9.0),
        a_month=TrainingWorth(worth=2.5, low=0.5, high=4.5), cost=1.5, months=3, looks=4,
        seen=GainFigure(model="a", at=NOON, age=3.0, points=3.0, error=1.0), next_outcomes=NOON + timedelta(days=28),
    )  # fmt: skip
    return told.model_copy(update=changes)


def test_now_says_what_it_is_worth_and_what_waiting_costs() -> None:
    points = "6.0 points of a month’s maximum (-1.0 to 13.0) beyond its cost; each month of waiting costs 2.5 points of a month’s maximum."
    assert timing_words(a_time("now")) == f"When to retrain: now. Within 3 months it is worth {points}"
    assert "6,000 (-1,000 to 13,000)" in timing_words(a_time("now", a_point=1000.0))


@pytest.mark.parametrize(("best", "said"), [("next", "about 2026-12-19"), ("never", "it can wait")])
def test_later_says_from_when_on_waiting_costs_as_far_as_can_be_seen(best: When, said: str) -> None:
    assert said in timing_words(a_time(best)) and "costs nothing within a year" in timing_words(a_time(best))
    assert timing_words(a_time(best, costs_from=NOON + timedelta(days=90))).endswith("waiting starts to cost about 2027-02-19.")
    assert timing_words(None) == ""


def test_the_first_page_says_it_unless_a_challenger_waits() -> None:
    found = found_of("concept_drift", timing=a_time("now"))
    assert "When to retrain: now." in page_of(a_told_case(found), CLOSED).loss
    assert page_of(a_told_case(found, challenger=a_challenger()), result=a_result()).loss == ""


def test_nothing_is_said_where_a_check_calls_the_outcomes_wrong_unless_a_person_called_that_real(tmp_path: Path) -> None:
    told = {"unit": "", "n": 900, "strength": 4.0, "z": 6.0, "said": "Said."}
    gain = Finding(family="challengers", name="gain_combined", low=3.0, high=5.0, **told)
    wrong = Finding(family="labels", name="labels_redefined", column="payment", argues_for=("label_fault",), **told)
    ruled = Finding(family="history", name="ruled_before", column="payment", argues_for=("concept_drift",), **told)
    opened, model = small_opened(tmp_path), champion_of_known_windows().artifact
    facts = WindowFacts(
        source="log", since=None, until=None, rows=900, labelled_rows=900, labelled_churners=200, fingerprint="f" * 64, windows=windows(100)
    )
    changed = diagnosis_of("concept_drift")
    for findings, says in (((gain,), True), ((gain, wrong), False), ((gain, wrong, ruled), True)):
        found = timed(opened, changed.model_copy(update={"findings": findings}), model, facts)
        assert (found.timing is not None) is says
    opened.state.close()
