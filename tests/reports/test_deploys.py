"""A deploy is judged on the customers whom both models scored; promise and outcome stand side by side, and too little is never a verdict."""

from dataclasses import replace
from datetime import datetime, timedelta

import pandas as pd
import pytest
from sqlalchemy import select

from pipeline.measures.measure import Comparison, Margins
from pipeline.models.artifact import open_artifact
from pipeline.record.champion import require_champion
from pipeline.record.opened_workspace import Opened
from pipeline.shadow.deployed import deploys, standing_deploy
from pipeline.shadow.paired import Paired
from pipeline.shadow.scoring import score_in_shadow, shadow_models, shadow_unable
from pipeline.shadow.unknown_values import ColumnShare, LiveRows
from pipeline.state.serving_hours import BOUNDS, Requests, add_requests, hour_of
from pipeline.state.shadow_scores import add_shadow_scores, newest_shadow, read_shadow_scores
from pipeline.state.watch_tables import shadow_scores
from pipeline.workspace.prediction_settings import PredictionSettings
from pipeline.workspace.watch_settings import WatchSettings
from reports.deploys import Promise, deploy_outcomes, judged
from reports.shadow_challenger import shadow_challenger
from tests.conftest import Clock
from tests.end_to_end.command_line import CommandLine
from tests.reports.live_customers import log_live_customers
from tests.reports.waiting import LATER, Waiting, approve_case
from tests.reports.web.review_page.browser import Browser

AFTER = LATER + timedelta(hours=1)


@pytest.fixture
def deployed(waiting: Waiting) -> Waiting:
    """The workspace a day after one of the challengers was deployed."""
    approve_case(waiting.opened, waiting.ours)
    assert isinstance(waiting.opened.clock, Clock)
    waiting.opened.clock.advance(days=1)
    return waiting


def test_a_waiting_challenger_scores_live_customers_and_the_champion_stays(waiting: Waiting) -> None:
    opened = waiting.opened
    before = require_champion(opened.workspace, opened.ledger)
    frame = log_live_customers(opened, LATER, rows=50)
    assert isinstance(opened.clock, Clock)
    opened.clock.advance(days=1)
    (model,) = shadow_models(opened)
    assert (model.role, [run.rows for run in score_in_shadow(opened)]) == ("challenger", [50])
    told = read_shadow_scores(opened.state, model.digest, model.since, opened.clock())
    assert told["score"].tolist() == pytest.approx(open_artifact(opened.workspace, model.digest).scores(frame).tolist())
    assert require_champion(opened.workspace, opened.ledger) == before
    found = shadow_challenger(opened)
    assert found is not None and found.found.customers == 50 and found.said.startswith("In the shadow, version ")
    browser = Browser(opened).sign_in()
    assert found.said in browser.shown("/review").seen and found.said in browser.shown(f"/review/cases/{found.case_id}").seen


def test_each_logged_row_is_scored_once_and_never_more_than_the_settings_say(deployed: Waiting) -> None:
    log_live_customers(deployed.opened, AFTER)
    few = replace(
        deployed.opened, settings=deployed.opened.settings.model_copy(update={"watch": WatchSettings(shadow_rows=100, shadow_for="3d")})
    )
    (run,) = score_in_shadow(few)
    assert run.model.role == "predecessor" and 90 <= run.rows <= 110
    score_in_shadow(deployed.opened)
    again = score_in_shadow(deployed.opened)
    assert [one.rows for one in again] == [0]
    none = replace(few, settings=few.settings.model_copy(update={"watch": WatchSettings(shadow_rows=0)}))
    assert score_in_shadow(none) == ()
    assert isinstance(few.clock, Clock)
    few.clock.advance(days=5)
    log_live_customers(few, few.clock() - timedelta(hours=2), rows=20)
    assert [one.rows for one in score_in_shadow(few)] == [0], "shadow_for is over"


def test_of_two_processes_one_writes(deployed: Waiting) -> None:
    log_live_customers(deployed.opened, AFTER, rows=10)
    (run,) = score_in_shadow(deployed.opened)
    rows = read_shadow_scores(deployed.opened.state, run.model.digest, AFTER - timedelta(days=1), deployed.opened.clock())
    as_read = rows.rename(columns={"served_score": "_score"})
    assert add_shadow_scores(deployed.opened.state, run.model.digest, "1", as_read, rows["score"].tolist(), None) == 0
    assert newest_shadow(deployed.opened.state, "0" * 64) is None
    with deployed.opened.state.read() as connection:
        assert len(connection.execute(select(shadow_scores)).all()) == 10


def test_scores_of_long_ago_are_forgotten(deployed: Waiting) -> None:
    def told(at: datetime, after: datetime | None) -> list[datetime]:
        rows = pd.DataFrame({"_id": ["C1"], "_time": [pd.Timestamp(at)], "_score": [0.3]})
        assert add_shadow_scores(deployed.opened.state, "0" * 64, "1", rows, [0.2], after) == 1
        return read_shadow_scores(deployed.opened.state, "0" * 64, LATER - timedelta(days=1), at)["_time"].tolist()

    assert told(LATER, None) == [LATER]
    assert told(LATER + timedelta(days=399), LATER) == [LATER, LATER + timedelta(days=399)]
    assert told(LATER + timedelta(days=401), LATER + timedelta(days=399)) == [LATER + timedelta(days=399), LATER + timedelta(days=401)]


def test_a_model_that_is_gone_is_said_and_stops_nothing(deployed: Waiting) -> None:
    log_live_customers(deployed.opened, AFTER, rows=10)
    deploy = standing_deploy(deployed.opened)
    assert deploy is not None
    (deployed.opened.workspace.models / deploy.predecessor.digest).rename(deployed.opened.workspace.root / "elsewhere")
    (run,) = score_in_shadow(deployed.opened)
    assert run.rows == 0 and "was deleted" in (run.problem or "")
    (found,) = deploy_outcomes(deployed.opened)
    assert (found.live, found.verdict) == (None, "too_early")


def test_a_good_deploy_stands_beside_its_promise(deployed: Waiting, churnops: CommandLine) -> None:
    log_live_customers(deployed.opened, AFTER)
    (deploy,) = deploys(deployed.opened)
    assert (deploy.case_id, deploy.ended, deploy.reviewer) == (deployed.ours, None, "Ada")
    told = churnops("deploys", "--score", "--json").json
    (found,) = told["deploys"]
    assert found["verdict"] in {"undecided", "reached"} and found["replaced"] == deploy.predecessor.version
    assert found["found"]["labelled"] == found["found"]["customers"] == 400
    assert found["promised"]["roc_auc"] is not None and found["live"]["unknown"] is None


def test_a_bad_deploy_is_told_by_the_same_customers(deployed: Waiting) -> None:
    log_live_customers(deployed.opened, AFTER, bad=True)
    score_in_shadow(deployed.opened)
    (found,) = deploy_outcomes(deployed.opened)
    assert found.verdict == "worse" and found.said.startswith("It does worse than the model it replaced: -0.")
    assert found.found is not None and found.found.roc_auc is not None and found.found.roc_auc.high < 0


def test_without_outcomes_there_is_no_verdict(deployed: Waiting) -> None:
    log_live_customers(deployed.opened, AFTER, bad=True, outcomes=False)
    assert deploy_outcomes(deployed.opened)[0].said.startswith("No customer was scored by version ")
    score_in_shadow(deployed.opened)
    (found,) = deploy_outcomes(deployed.opened)
    assert (found.verdict, found.said) == ("too_early", "0 outcomes known of 400 customers whom both scored: too few to compare them.")


def compared(difference: float, reach: float = 0.01) -> Comparison:
    return Comparison(difference=difference, low=difference - reach, high=difference + reach, n=500)


def pair(ranking: float, profit: float = 0.0, churners: int = 100) -> Paired:
    margins = Margins(log_loss=compared(0), brier=compared(0), profit=compared(profit, 1.0))
    return Paired(
        customers=500,
        mean_served=0.3,
        mean_shadow=0.3,
        moved=0,
        labelled=500,
        churners=churners,
        roc_auc=compared(ranking),
        margins=margins,
    )


@pytest.mark.parametrize(
    ("promised", "found", "verdict"),
    [
        (0.05, pair(0.05), "reached"),
        (0.05, pair(-0.02), "worse"),
        (0.05, pair(0.0, profit=-3.0), "worse"),
        (0.05, pair(0.0, profit=-1.2), "not_reached"),
        (0.05, pair(0.02), "not_reached"),
        (0.011, pair(0.0), "undecided"),
        (0.05, pair(-0.02, churners=14), "too_early"),
        (0.05, None, "too_early"),
    ],
)
def test_what_is_made_of_a_deploy(promised: float, found: Paired | None, verdict: str, waiting: Waiting) -> None:
    assert judged(Promise(roc_auc=compared(promised), profit=None), found, None, waiting.opened.policy) == verdict


def test_values_that_only_the_deployed_model_does_not_know_are_its_fault(waiting: Waiting) -> None:
    def live(share: float, before: float) -> LiveRows:
        unknown = ColumnShare(column="Contract", share=share, before=before)
        return LiveRows(
            rows=500,
            mean_score=0.3,
            expected_score=0.3,
            scores=(0.1, 0.3, 0.5),
            expected_scores=(0.1, 0.3, 0.5),
            score_distance=0.0,
            missing=None,
            unknown=unknown,
        )

    none = Promise(roc_auc=None, profit=None)
    assert judged(none, None, live(0.4, 0.0), waiting.opened.policy) == "unknown_values"
    assert judged(none, None, live(0.4, 0.38), waiting.opened.policy) == "too_early"


def own_log_of(opened: Opened, frame: pd.DataFrame, at: datetime, *without: str) -> Opened:
    """The workspace where the team logs these customers in a file of its own, scored a minute after another."""
    times = [(at + timedelta(minutes=place)).isoformat() for place in range(len(frame))]
    log = frame.assign(customerID=[f"L{place}" for place in range(len(frame))], scored_at=times)
    log.drop(columns=list(without)).to_csv(opened.workspace.root / "scored.csv", index=False)
    named = PredictionSettings(file="scored.csv", time="" if "scored_at" in without else "scored_at")
    return replace(opened, settings=opened.settings.model_copy(update={"predictions": named}))


def test_a_team_with_a_log_of_its_own_sees_both_models_on_its_customers(deployed: Waiting) -> None:
    frame = log_live_customers(deployed.opened, AFTER, rows=300)  # for the outcomes, which are on record either way
    opened = own_log_of(deployed.opened, frame, AFTER)
    (run,) = score_in_shadow(opened)
    assert (run.rows, run.problem, run.unable) == (300, None, None)
    assert [one.rows for one in score_in_shadow(opened)] == [0], "nobody is scored twice"
    told = read_shadow_scores(opened.state, run.model.digest, run.model.since, opened.clock())
    champion = require_champion(opened.workspace, opened.ledger)
    for scores, digest in (("score", run.model.digest), ("served_score", champion.digest)):
        assert told[scores].tolist() == pytest.approx(open_artifact(opened.workspace, digest).scores(frame).tolist())
    (found,) = deploy_outcomes(opened)
    assert found.found is not None and found.found.labelled == 300
    assert found.live is not None and found.live.rows == 300


@pytest.mark.parametrize(
    ("without", "said"),
    [("scored_at", "has no scoring time"), ("customerID", "has no id"), ("Contract", "lacks `Contract`")],
)
def test_a_log_that_cannot_be_scored_in_the_shadow_says_why_and_alarms_nobody(deployed: Waiting, without: str, said: str) -> None:
    frame = log_live_customers(deployed.opened, AFTER, rows=5, outcomes=False)
    opened = own_log_of(deployed.opened, frame, AFTER, without)
    (run,) = score_in_shadow(opened)
    assert run.rows == 0 and run.problem is None and said in (run.unable or "")
    assert shadow_unable(opened) == run.unable


def test_requests_since_a_deploy_stand_beside_those_before_it(deployed: Waiting, churnops: CommandLine) -> None:
    opened = deployed.opened
    (deploy,) = deploys(opened)
    fast, slow = (tuple(int(bound == limit) * 100 for bound in (*BOUNDS, None)) for limit in (0.005, 0.25))
    hour = hour_of(deploy.at)
    counted = {
        (deploy.predecessor.version, hour - timedelta(hours=1)): Requests(99, 1, 0, fast),
        (deploy.champion.version, hour): Requests(90, 0, 10, slow),
    }
    add_requests(opened.state, counted)
    (found,) = deploy_outcomes(opened)
    assert found.requests is not None and found.requests.before is not None
    assert (found.requests.since.failed, found.requests.since.most_within) == (0.1, 0.25)
    assert (found.requests.before.refused, found.requests.before.half_within) == (0.01, 0.005)
    assert "100 requests since: 10.00% failed, 0.00% refused, 95% done within 250 ms." in churnops("deploys").out
