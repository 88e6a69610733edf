"""What is on record can be read on pages of its own, and an alert be taken on there."""

from pipeline.record.opened_workspace import Opened
from pipeline.state.alerts import Condition, alert_in, raise_in
from pipeline.state.check_figures import CheckFigures, IntervalFigure
from reports.web.review_page.record_tables import ROWS
from tests.agent.watch.standing_cases import put_check
from tests.reports.waiting import Waiting
from tests.reports.web.review_page.browser import Browser


def linked(browser: Browser, path: str) -> set[str]:
    """Where the page at `path` leads to."""
    return {given["href"] or "" for tag, given in browser.shown(path).tags if tag == "a"}


def test_cases_versions_and_the_ledger_are_tables_that_lead_to_their_cases(waiting: Waiting, reviewer: Browser) -> None:
    cases = reviewer.shown("/review/cases").seen
    assert "bob <bob@example.org>" in cases and "waits for approval" in cases
    for path in ("/review/cases", "/review/versions", "/review/ledger"):
        assert {f"/review/cases/{case}" for case in (waiting.ours, waiting.other)} <= linked(reviewer, path), path
    versions = reviewer.shown("/review/versions").seen
    assert "champion" in versions and "waits" in versions and "No model was deployed in another one's place yet." in versions
    newest = waiting.opened.ledger.entries()[-1]
    assert f"{newest.seq} {newest.at[:10]}" in reviewer.shown("/review/ledger").seen
    assert newest.hash[:12] in reviewer.shown("/review/ledger").seen


def test_the_ledger_goes_back_page_by_page_and_takes_no_other_number(trained: Opened) -> None:
    browser = Browser(trained).sign_in()
    for number in range(ROWS):
        trained.ledger.append(trained.clock(), "noted", None, {"said": f"note {number}", "sha256": "0" * 64, "nested": {"x": 1}})
    (older,) = (to for to in linked(browser, "/review/ledger") if "before=" in to)
    assert "said note 99" in browser.shown("/review/ledger").seen
    assert "0" * 32 not in browser.shown("/review/ledger").seen
    first = browser.shown(older).seen
    assert "note 0" not in first and "1 2026" in first
    for wrong in ("0", "-1", "x", "1" * 30):
        assert browser.get(f"/review/ledger?before={wrong}").status_code == 422
    trained.ledger.append(trained.clock(), "noted", None, {"said": "<script>alert(1)</script>\x1b[2J"})
    assert "<script" not in browser.get("/review/ledger").text and "\x1b" not in browser.get("/review/ledger").text


def test_performance_has_what_each_check_measured(trained: Opened) -> None:
    browser = Browser(trained).sign_in()
    assert "No check yet." in browser.shown("/review/performance").seen
    put_check(
        trained, "no_deploy_needed", figures=CheckFigures(rows=900, measured=IntervalFigure(value=0.8, low=0.78, high=0.82), churn_rate=0.3)
    )
    seen = browser.shown("/review/performance").seen
    assert "900 0.800 (0.780 to 0.820) – 30.0%" in seen


def test_an_alert_is_taken_on_here_once(trained: Opened) -> None:
    browser = Browser(trained).sign_in()
    assert "No alert was raised yet." in browser.shown("/review/alerts").seen
    with trained.state.write() as connection:
        alert = raise_in(connection, Condition("k", "people_must_act", "critical", "Tenure is broken", "Ask <b>Ada</b>."), trained.clock())
    assert alert is not None
    shown = browser.shown("/review/alerts")
    assert "nobody has it" in shown.seen and "Ask <b>Ada</b>." in shown.seen
    form = browser.form("/review/alerts", f"/alerts/{alert.number}/ack")
    assert browser.send(form).status_code == 303
    with trained.state.read() as connection:
        assert alert_in(connection, alert.number).acked_by == "a person"
    assert "a person has it" in browser.shown("/review/alerts").seen
    assert browser.send(form).status_code == 409
