"""What doing nothing costs is said in money only where the team said what a campaign is worth, and something is known to be lost."""

from dataclasses import replace
from datetime import timedelta

import pytest

from agent.watch.idle_cost import idle_cost
from agent.watch.message import asked_of_people
from pipeline.record.opened_workspace import Opened
from pipeline.state.check_figures import CheckFigures
from pipeline.workspace.value_settings import ValueSettings
from tests.agent.watch.standing_cases import diagnosis, put_case, put_check
from tests.conftest import NOON
from tests.reports.live_customers import log_live_customers


@pytest.fixture
def valued(trained: Opened) -> Opened:
    """400 customers scored this month, of whom a quarter churn; an offer to each churner brings 100."""
    log_live_customers(trained, NOON - timedelta(days=2))
    put_check(trained, "no_deploy_needed", figures=CheckFigures(rows=400, churn_rate=0.25))
    return replace(
        trained, settings=trained.settings.model_copy(update={"value": ValueSettings(margin=500, offer_cost=25, acceptance=0.25)})
    )


def test_it_is_the_regret_of_waiting_in_money(valued: Opened) -> None:
    found = idle_cost(valued, diagnosis(confidence=1.0))
    assert found is not None
    assert (found.points, found.amount, found.customers) == (pytest.approx(8), pytest.approx(0.08 * 100 * 100), 400)
    _, said = asked_of_people(valued, put_case(valued, "needs_people", found=diagnosis(confidence=1.0)))
    assert "If nothing is done, about 800 a month are lost" in said


def test_nothing_is_said_where_nobody_said_what_a_campaign_is_worth_or_nothing_is_lost(valued: Opened) -> None:
    as_shipped = valued.settings.model_copy(update={"value": ValueSettings()})  # which `init` writes into every churnops.toml
    assert idle_cost(replace(valued, settings=as_shipped), diagnosis()) is None
    assert idle_cost(valued, diagnosis(cause="none", action="monitor", confidence=1.0)) is None
    put_check(valued, "no_deploy_needed", figures=CheckFigures(rows=400))
    assert idle_cost(valued, diagnosis()) is None
