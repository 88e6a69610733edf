"""A deploy that turns out bad becomes one case that recommends to go back; only a person goes back, and then it is over."""

from datetime import timedelta

import pytest

from agent.operators.rulebook import Rulebook
from agent.watch.check import check
from agent.watch.conditions import standing
from agent.watch.deploy_review import review_deploy
from agent.watch.stopping import Stopping
from pipeline.record.approvers import confirmed
from pipeline.record.cases import Decision
from pipeline.record.champion import require_champion
from pipeline.record.opened_workspace import Opened
from pipeline.state.check_figures import CheckFigures, DeployFigure
from pipeline.state.checks import check_history
from reports.decisions.case_status import standing_of
from reports.decisions.rollback import draft_rollback, roll_back
from reports.decisions.verification import verify
from reports.decisions.workspace_status import workspace_status
from tests.agent.watch.standing_cases import put_check
from tests.agent.watch.test_check import looked
from tests.conftest import Clock
from tests.reports.conftest import pending_workspace as pending_workspace
from tests.reports.conftest import waiting as waiting
from tests.reports.live_customers import log_live_customers
from tests.reports.waiting import LATER, Waiting, approve_case
from tests.reports.web.review_page.browser import Browser


@pytest.fixture
def opened(waiting: Waiting) -> Opened:
    """The workspace a day after a challenger was deployed, whose scores then say nothing."""
    approve_case(waiting.opened, waiting.ours)
    log_live_customers(waiting.opened, LATER + timedelta(hours=1), bad=True)
    assert isinstance(waiting.opened.clock, Clock)
    waiting.opened.clock.advance(days=1)
    return waiting.opened


def test_it_has_one_case_whoever_looks_how_often_and_moves_nothing(opened: Opened) -> None:
    champion = require_champion(opened.workspace, opened.ledger)
    first, second = review_deploy(opened), review_deploy(opened)
    assert first.case is not None and second.case == first.case
    case = opened.cases.get(first.case.case_id)
    assert (case.kind, case.status, case.action, case.unsourced) == ("deploy", "needs_people", "rollback", ())
    assert require_champion(opened.workspace, opened.ledger) == champion
    assert case.report is not None
    text = (opened.workspace.reports / f"{case.case_id}.md").read_text()
    assert "# Look at the last deployment: a rollback is recommended" in text and "churnops rollback" in text
    assert verify(opened).ok
    status = workspace_status(opened)
    assert (status.well, [one.case_id for one in status.open_cases]) == (False, [case.case_id])


def test_people_hear_of_it_until_one_of_them_goes_back(opened: Opened) -> None:
    review_deploy(opened)
    (found,) = [one for one in standing(opened, check_history(opened.state)).conditions if one.kind == "promise_missed"]
    assert found.severity == "critical" and "Go back: churnops rollback --workspace" in found.said
    record = draft_rollback(opened, None, Decision(reviewer="Ada", reason="It does worse.", at=opened.clock()))
    roll_back(opened, record, confirmed(record))
    assert [one for one in standing(opened, check_history(opened.state)).conditions if one.kind == "promise_missed"] == []
    case = next(case for case in opened.cases.all() if case.kind == "deploy")
    assert standing_of(opened, case).ended
    again = review_deploy(opened)
    assert (again.outcome, again.case) == (None, None)


def test_a_kill_ahead_of_its_report_leaves_a_case_that_the_next_look_completes(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        """The process is gone."""

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("agent.watch.deploy_review.file_report", die)
        with pytest.raises(Killed):
            review_deploy(opened)
    found = review_deploy(opened)
    assert found.case is not None and found.case.status == "needs_people"
    assert len(opened.cases.calls(found.case.case_id)) == 1
    assert len([case for case in opened.cases.all() if case.kind == "deploy"]) == 1


def test_a_gain_that_did_not_come_is_a_warning(fresh: Opened) -> None:
    figures = CheckFigures(
        rows=9, deploy=DeployFigure(version="3", verdict="not_reached", said="The promised gain was not reached: little.")
    )
    put_check(fresh, "no_deploy_needed", figures=figures)
    (found,) = [one for one in standing(fresh, check_history(fresh.state)).conditions if one.kind == "promise_missed"]
    assert (found.severity, found.case_id) == ("warning", None) and found.said.startswith("The promised gain was not reached: little.")


def test_a_model_that_cannot_score_in_the_shadow_is_said(fresh: Opened) -> None:
    put_check(fresh, "no_deploy_needed", figures=CheckFigures(rows=9, shadow_problem="The model 1234 was deleted."))
    (found,) = [one for one in standing(fresh, check_history(fresh.state)).conditions if one.key == "shadow:"]
    assert (found.severity, found.said) == ("warning", "The model 1234 was deleted.")


def test_a_check_ends_with_it_where_nothing_else_asks_and_keeps_its_figures(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.watch.look.look", lambda _: looked(asks="no_deploy_needed", figures=CheckFigures(rows=9)))
    found = check(opened, lambda here: (Rulebook(here.policy), None), Stopping())
    assert (found.status, found.exit_code) == ("needs_people", 10)
    assert found.said.startswith("It does worse than the model it replaced")
    done = check_history(opened.state).done
    assert done is not None and done.case_id == found.case_id
    assert done.figures is not None and done.figures.deploy is not None and done.figures.deploy.verdict == "worse"


def test_the_page_of_its_case_says_why_and_how_to_go_back(opened: Opened) -> None:
    case = review_deploy(opened).case
    assert case is not None
    browser = Browser(opened).sign_in()
    seen = browser.shown(f"/review/cases/{case.case_id}").seen
    assert "It does worse than the model it replaced" in seen and "churnops rollback" in seen
    assert "The model is not well" in browser.shown("/review").seen
