"""Two opinions on one case: what differs is explained beside what the operator chose, and is never nothing to do."""

import pytest

from pipeline.diagnosis.diagnosis import Action
from pipeline.record.cases import Status
from reports.second_opinion import SecondOpinion, weighed
from reports.verdict import Verdict
from tests.reports.record import SECTIONS, a_case, a_challenger, headings, report

RECENT = SecondOpinion("retrain", "recent", "The gate would decide.", "The diagnosis (rule changed_behaviour) says so: <b>they</b> left.")
WATCH = SecondOpinion("monitor", None, "Drift is usual variation.", "There is no diagnosis, and the policy's band is monitor.")


@pytest.mark.parametrize(
    ("second", "action", "mode", "differs"),
    [
        (RECENT, "retrain", "recent", False),
        (RECENT, "retrain", "combined", True),
        (RECENT, "recalibrate", "recalibrate", True),
        (RECENT, "monitor", None, True),
        (WATCH, "monitor", None, False),
        (WATCH, "collect_labels", None, True),
    ],
)
def test_action_and_mode_are_compared(second: SecondOpinion, action: Action, mode: str | None, differs: bool) -> None:
    assert second.differs(action, mode) is differs


@pytest.mark.parametrize(
    ("status", "second", "action", "heard"),
    [
        ("no_deploy_needed", RECENT, "monitor", "needs_people"),
        ("no_deploy_needed", WATCH, "monitor", "no_deploy_needed"),
        ("no_deploy_needed", None, "monitor", "no_deploy_needed"),
        ("pending_approval", WATCH, "retrain", "pending_approval"),
        ("needs_people", WATCH, "fix_data", "needs_people"),
    ],
)
def test_a_disagreement_is_never_nothing_to_do(status: Status, second: SecondOpinion | None, action: Action, heard: Status) -> None:
    assert weighed(status, second, action, None) == heard


def test_a_challenger_of_another_mode_waits_with_both_opinions_above_it() -> None:
    case = a_case(challenger=a_challenger())
    text = report(case, Verdict("pending_approval", "retrain", "combined", "claude", "finished", second=RECENT))
    assert "First weigh the two opinions below." in text
    assert "chose **retrain** (combined)" in text
    assert "comes to **retrain, recent**: The gate would decide." in text
    assert "&lt;b&gt;they&lt;/b&gt; left." in text
    assert headings(text, 2) == [SECTIONS[0], "Two opinions", *SECTIONS[1:]]


def test_the_same_opinion_adds_no_section() -> None:
    text = report(a_case(), Verdict("no_deploy_needed", "monitor", None, "claude", "finished", second=WATCH))
    assert headings(text, 2) == SECTIONS
    assert "The rulebook comes to the same action over the same results." in text
