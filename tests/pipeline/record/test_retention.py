"""What [retention] limits is deleted, and nothing else: neither what people decided, nor what alerts need so as not to be raised again."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from pydantic import ValidationError
from sqlalchemy import func, select

from agent.watch.alerting import follow
from pipeline.record.opened_workspace import Opened
from pipeline.record.retention import find_old, prune
from pipeline.state.alerts import Condition, end_in, newest_alerts, raise_in
from pipeline.state.checks import check_history
from pipeline.state.database import cases, ledger, outcomes, predictions
from pipeline.state.outbox import enqueue_in
from pipeline.state.serving_hours import Requests, add_requests, hour_of
from pipeline.state.watch_tables import checks, outbox
from pipeline.workspace.retention_settings import RetentionSettings
from tests.agent.watch.standing_cases import put_case, put_check
from tests.conftest import Clock
from tests.reports.live_customers import log_live_customers


def keeping(opened: Opened, **lengths: str) -> Opened:
    return replace(opened, settings=opened.settings.model_copy(update={"retention": RetentionSettings(**lengths)}))


def rows(opened: Opened, table: object) -> int:
    with opened.state.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())  # type: ignore[arg-type]


def raised(opened: Opened, key: str, at: datetime, *, once: bool = False, ended: datetime | None = None) -> int:
    with opened.state.write() as connection:
        alert = raise_in(connection, Condition(key, "people_must_act", "warning", "It broke", "So it is.", once=once), at)
        assert alert is not None
        enqueue_in(connection, alert.number, "first", 0, "somewhere", at)
        if ended is not None:
            end_in(connection, alert.number, ended)
        return alert.number


def test_old_predictions_go_and_what_is_judged_by_stays(trained: Opened) -> None:
    assert isinstance(trained.clock, Clock)
    log_live_customers(trained, trained.clock(), rows=60)
    trained.clock.advance(days=50)
    log_live_customers(trained, trained.clock(), rows=40)
    stays = [rows(trained, table) for table in (ledger, cases, outcomes)]
    here = keeping(trained, predictions="40d")
    (old,) = find_old(here)
    assert (old.what, old.number, rows(here, predictions)) == ("predictions", 60, 100), "a look deletes nothing"
    assert [(one.what, one.number) for one in prune(here)] == [("predictions", 60)]
    assert rows(here, predictions) == 40 and prune(here)[0].number == 0
    assert [rows(here, table) for table in (ledger, cases, outcomes)] == stays


def test_a_transcript_goes_with_the_age_of_its_case_while_one_that_goes_on_stays(fresh: Opened) -> None:
    assert isinstance(fresh.clock, Clock)
    fresh.workspace.transcripts.mkdir(parents=True)
    files = {}
    for status in ("needs_people", "pending_approval"):
        case = put_case(fresh, status)  # type: ignore[arg-type]
        files[status] = fresh.workspace.transcripts / f"{case.case_id}.jsonl"
        files[status].write_text("{}\n")
        fresh.clock.advance(days=1)
    fresh.clock.advance(days=400)
    here = keeping(fresh, transcripts="300d")
    assert [one.number for one in find_old(here)] == [1]
    prune(here)
    assert [file.exists() for file in files.values()] == [False, True]


def test_checks_keep_the_first_and_the_newest_and_alerts_those_that_would_be_said_again(fresh: Opened) -> None:
    assert isinstance(fresh.clock, Clock)
    first = fresh.clock()
    for _ in range(4):
        put_check(fresh, "no_deploy_needed")
        fresh.clock.advance(days=1)
    add_requests(fresh.state, {("1", hour_of(first)): Requests(1, 0, 0)})
    raised(fresh, "move:1", first, once=True)
    over = raised(fresh, "people:1", first, ended=first + timedelta(days=1))
    stands = raised(fresh, "people:2", first)
    newest = raised(fresh, "people:3", first, ended=first + timedelta(days=1))
    fresh.clock.advance(days=100)
    put_check(fresh, "failed")
    here = keeping(fresh, checks="50d", alerts="50d")
    assert {one.what: one.number for one in prune(here)} == {"checks": 2, "serving_hours": 1, "alerts": 1}
    history = check_history(here.state)
    assert history.first_at == first - timedelta(seconds=1) and history.done is not None and len(history.undone) == 1
    assert rows(here, checks) == 3
    kept = {alert.number for alert in newest_alerts(here.state, 9, over=True)}
    assert over not in kept and {stands, newest} <= kept and len(kept) == 3
    assert rows(here, outbox) == 3
    follow(here)


def test_everything_is_kept_unless_the_settings_say_so_and_too_little_is_refused(fresh: Opened) -> None:
    assert find_old(fresh) == prune(fresh) == ()
    for wrong in ({"predictions": "7d"}, {"checks": "long"}):
        with pytest.raises(ValidationError):
            RetentionSettings(**wrong)
