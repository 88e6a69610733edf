"""The page shows what goes on: which model serves, how drift went, and what the champion says of a customer."""

from datetime import timedelta
from functools import partial

import anyio
import pytest

from pipeline.intake.windows import logged_window
from pipeline.record.cases import ModelRef
from pipeline.record.champion import require_champion
from pipeline.record.opened_workspace import Opened
from pipeline.state.check_figures import CheckFigures, IntervalFigure
from pipeline.state.predictions import newest_prediction
from pipeline.worlds.simulation import simulate
from reports.web.review_page.case_window import moved_features
from reports.web.review_page.try_prediction import Trial
from tests.agent.watch.standing_cases import put_check
from tests.conftest import NOON, Clock
from tests.reports.record import a_case
from tests.reports.web.review_page.browser import Browser
from tests.tools.desk import desk, drift_of


def test_the_start_page_shows_champion_drift_and_cases(visitor: Browser) -> None:
    assert isinstance(visitor.opened.clock, Clock)
    for share, band in ((0.05, "monitor"), (0.3, "evaluate"), (None, "not_enough_data"), (0.6, "retrain")):
        visitor.opened.cases.open(a_case(share, key=str(share), opened_at=visitor.opened.clock(), drift=drift_of(share, 900, band)))
        visitor.opened.clock.advance(hours=24)
    visitor.sign_in()  # those were longer than a session lasts
    assert visitor.get("/review").text.count('<rect class="heat-') == 3 * len(drift_of(0.3, 900, "monitor").features)
    champion = require_champion(visitor.opened.workspace, visitor.opened.ledger)
    shown = visitor.shown("/review")
    assert f"version {champion.version}" in shown.seen
    assert champion.digest[:12] in shown.seen
    assert "first model" in shown.everything


def test_the_start_page_answers_first_whether_the_model_is_well_what_waits_and_what_changed(reviewer: Browser) -> None:
    seen = reviewer.shown("/review").seen
    places = [
        seen.index(said)
        for said in ("Whether the model is well is not known", "2 challengers waiting for you", "What changed in the last 7 days")
    ]
    assert places == sorted(places)
    assert "(first model)" in seen
    again = reviewer.shown("/review").seen
    assert "(first model)" in again, "to look is not to have noted"


def test_of_several_cases_that_ask_for_people_the_newest_is_named_first(visitor: Browser) -> None:
    serving = require_champion(visitor.opened.workspace, visitor.opened.ledger)
    asks = {"champion": ModelRef(version=serving.version, digest=serving.digest), "status": "needs_people", "action": "fix_data"}
    first = visitor.opened.cases.open(a_case(key="first", **asks))
    seen = visitor.shown("/review").seen
    assert "A case waits for you" in seen
    assert f"Case {first.case_id} asks something of people: fix data" in seen
    visitor.opened.cases.open(a_case(key="second", case_id="2026-11-22-abc124", opened_at=NOON + timedelta(days=1), **asks))
    seen = visitor.shown("/review").seen
    assert "Case 2026-11-22-abc124 asks something of people" in seen
    assert "1 earlier case did, too" in seen


def test_what_checks_measured_is_drawn_with_its_interval_and_the_deploys(visitor: Browser) -> None:
    assert isinstance(visitor.opened.clock, Clock)
    for value in (0.81, 0.74):
        measured = IntervalFigure(value=value, low=value - 0.02, high=value + 0.02)
        figures = CheckFigures(rows=900, measured=measured, churn_rate=0.3, drift={"tenure": 1.5}, missing={"tenure": 0.02})
        put_check(visitor.opened, "no_deploy_needed", figures=figures)
        visitor.opened.clock.advance(hours=1)
    visitor.sign_in()
    answer = visitor.get("/review").text
    assert 'class="shade measured"' in answer and "measured on known outcomes, 2026-11-21 12:59: 0.740 (0.720 to 0.760)" in answer
    assert "tenure, 2026-11-21 11:59: 1.5 times the threshold" in answer
    assert "ROC-AUC, 2026-11-21 to 2026-11-21, from 0.720 to 0.830. Newest: measured on known outcomes 0.740." in answer


def test_a_workspace_without_a_champion_and_one_with_a_forged_one_say_so(fresh: Opened, visitor: Browser) -> None:
    empty = Browser(fresh).sign_in()
    assert "None yet." in empty.shown("/review").seen
    assert "Run churnops train first" in " ".join(empty.get("/review/try").text.replace("<code>", "").replace("</code>", "").split())
    visitor.opened.workspace.champion_pointer.write_text("{}")
    assert "is not a champion pointer" in visitor.shown("/review").seen


def test_a_try_is_answered_by_the_champion_and_logged_nowhere(visitor: Browser) -> None:
    trial = Trial(visitor.opened)
    typical = trial.empty()
    columns = visitor.opened.settings.data.columns
    assert [field.label for field in typical.fields] == list(columns.features)
    form = visitor.form("/review/try", "/review/try")
    before = visitor.get("/review/try").text
    answer = visitor.send(form).text
    assert "% to churn" not in before
    expected = trial.asked(form.fields).answer
    assert expected is not None
    assert f"{100 * expected.probability:.1f}% to churn: {expected.tier} risk" in answer
    assert expected.action in answer
    assert newest_prediction(visitor.opened.state) is None
    gone = visitor.send(form, **{name: "" for name in form.fields if name.startswith("feature-")})
    assert "% to churn" in gone.text


@pytest.mark.parametrize("value", ["many", "nan", "1e999", "1" * 201, '"><script>alert(1)</script>'])
def test_a_try_with_what_is_no_number_says_so(reader: Browser, value: str) -> None:
    answer = reader.send(reader.form("/review/try", "/review/try"), **{"feature-0": value})
    assert answer.status_code == 200
    assert 'class="warning"' in answer.text
    assert "<script" not in answer.text


@pytest.mark.slow
def test_the_windows_distributions_come_from_the_log_and_only_while_it_holds_just_those_rows(trained: Opened) -> None:
    simulate(trained, "market_shift", 600, labelled_share=0.0, seed=3)

    async def opened_case() -> str:
        async with desk(trained, partial(logged_window, trained)) as client:
            return str((await client.ok("get_drift_summary"))["case_id"])

    case = trained.cases.get(anyio.run(opened_case))
    found, why = moved_features(trained, case)
    assert (len(found), why) == (3, "")
    drifted = {feature.name for feature in case.drift.features if feature.drifted} if case.drift else set()
    assert {one.feature for one in found} <= drifted
    for one in found:
        for shares in ([part.reference for part in one.parts], [part.window for part in one.parts]):
            assert sum(shares) == pytest.approx(1, abs=1e-3)
    assert case.window is not None
    changed = case.model_copy(update={"window": case.window.model_copy(update={"rows": 599})})
    assert moved_features(trained, changed)[0] == ()
    assert "not in the log any more" in moved_features(trained, changed)[1]
