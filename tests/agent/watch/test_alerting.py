"""An alert stands as long as its cause: told once, repeated while nobody takes it on, ended once; and every message arrives at least once."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from agent.watch.alerting import deliver, enqueue_again, follow
from pipeline.clock import stamp
from pipeline.errors import ChurnopsError
from pipeline.record.opened_workspace import Opened
from pipeline.state.alerts import Alert, acknowledge, newest_alerts
from pipeline.state.database import State, open_state, predictions
from pipeline.state.outbox import claim, due, hurry_in, unsent
from pipeline.state.outcomes import log_outcomes
from pipeline.state.watch_tables import outbox
from pipeline.workspace.alert_settings import AlertSettings, Route
from pipeline.workspace.watch_settings import WatchSettings
from tests.agent.watch.destinations_of import WebServer, web_server
from tests.agent.watch.standing_cases import diagnosis, put_case, put_check
from tests.conftest import Clock
from tests.postgres import postgres_server


def clock(opened: Opened) -> Clock:
    assert isinstance(opened.clock, Clock)
    return opened.clock


def telling(opened: Opened, server: WebServer, *, watch: dict[str, Any] | None = None, **alerts: Any) -> Opened:
    """The workspace with a destination at `server`, and with what else [alerts] and [watch] say."""
    told = {"destinations": (f"hook://127.0.0.1:{server.port}/all",), **alerts}
    settings = opened.settings.model_copy(
        update={"alerts": AlertSettings(**told), "watch": WatchSettings(**{"silence": "", **(watch or {})})}
    )
    return replace(opened, settings=settings)


@contextmanager
def told_at(opened: Opened, **more: Any) -> Iterator[tuple[Opened, WebServer]]:
    with web_server() as server:
        yield telling(opened, server, **more), server


def titles(server: WebServer, path: str = "") -> list[str]:
    """What came in, and whether it is a reminder or an end."""
    came = [json.loads(request.body) for request in server.requests if request.path.startswith(path or "/")]
    return [f"{one['phase']}: {one['title'].partition('] ')[2]}" for one in came]


def round_of(opened: Opened) -> tuple[Alert, ...]:
    raised = follow(opened)
    deliver(opened)
    return raised


BROKEN = "The data are broken (column tenure)"


def test_people_hear_of_a_case_once_however_often_it_is_looked_at(fresh: Opened) -> None:
    with told_at(fresh) as (opened, server):
        case = put_case(opened, "needs_people")
        put_check(opened, "needs_people", case)
        assert [alert.condition.title for alert in round_of(opened)] == [BROKEN]
        for _ in range(3):
            assert round_of(opened) == ()
    assert titles(server) == [f"first: {BROKEN}"]


def test_the_message_says_what_happened_how_sure_whom_to_call_and_what_to_do(fresh: Opened) -> None:
    with told_at(fresh, page="https://churn.example.com/") as (opened, server):
        case = put_case(opened, "needs_people", found=diagnosis(owners=("Ada <ada@example.com>",)))
        round_of(opened)
    (told,) = [json.loads(request.body) for request in server.requests]
    assert told["title"].endswith(BROKEN) and told["case_id"] == case.case_id
    *lines, link = told["body"].splitlines()
    assert link.startswith("Or by this link: https://churn.example.com/review/ack/1-")
    assert lines == [
        "All values of tenure are 0.",
        "How sure: 91%. What to do: the owner of the feed fixes it; nothing is trained on these rows.",
        "To call: Ada ‹ada＠example.com›",
        f"Read: churnops reports show {case.case_id} --workspace {fresh.workspace.root}",
        f"Page: https://churn.example.com/review/cases/{case.case_id}",
        f"Report: {fresh.workspace.reports / case.case_id}.md",
        f"To take it on: churnops alerts ack 1 --workspace {fresh.workspace.root}",
    ]


def test_values_of_the_data_stay_data(fresh: Opened) -> None:
    with told_at(fresh) as (opened, server):
        said = "<!channel> @everyone [click](http://evil.example) *now* `x`\nBcc: eve@example.com"
        put_case(opened, "needs_people", found=diagnosis(column="<b>a</b>\n@here", said=said))
        round_of(opened)
    (told,) = [json.loads(request.body) for request in server.requests]
    text = told["title"].partition("] ")[2] + told["body"].partition("\nRead:")[0]
    assert not set("<>@[]*`") & set(text)
    assert "\nBcc" not in text


def test_another_case_of_the_same_cause_is_no_news_and_another_cause_is(fresh: Opened) -> None:
    with told_at(fresh) as (opened, server):
        put_case(opened, "needs_people")
        round_of(opened)
        clock(opened).advance(hours=1)
        put_case(opened, "needs_people")
        assert round_of(opened) == ()
        clock(opened).advance(hours=1)
        put_case(opened, "needs_people", found=diagnosis(column="Contract"))
        round_of(opened)
    assert titles(server) == [f"first: {BROKEN}", "first: The data are broken (column Contract)"]
    assert [alert.condition.key.rpartition(":")[2] for alert in newest_alerts(opened.state, 9, over=False)] == ["Contract"]


def test_that_it_is_over_is_said_once(fresh: Opened) -> None:
    with told_at(fresh) as (opened, server):
        put_case(opened, "needs_people")
        round_of(opened)
        clock(opened).advance(hours=1)
        put_check(opened, "no_deploy_needed")
        round_of(opened)
        round_of(opened)
    assert titles(server) == [f"first: {BROKEN}", f"over: Back to normal: {BROKEN}"]


@pytest.mark.parametrize("status", ["not_enough_data", "partial"])
def test_no_verdict_is_no_all_clear(fresh: Opened, status: Any) -> None:
    with told_at(fresh) as (opened, server):
        put_case(opened, "needs_people")
        round_of(opened)
        clock(opened).advance(hours=1)
        put_check(opened, status, put_case(opened, status))
        round_of(opened)
    assert not [title for title in titles(server) if title.startswith("over")]
    assert len(titles(server)) == 2


def test_a_check_that_failed_is_told_and_its_end_too(fresh: Opened) -> None:
    with told_at(fresh) as (opened, server):
        put_check(opened, "no_deploy_needed")
        for _ in range(3):
            clock(opened).advance(minutes=5)
            put_check(opened, "failed")
            round_of(opened)
        clock(opened).advance(minutes=5)
        put_check(opened, "parked")  # neither good nor bad
        round_of(opened)
        put_check(opened, "no_deploy_needed")
        round_of(opened)
    assert titles(server) == ["first: The check of the model failed", "over: Back to normal: The check of the model failed"]


def test_outcomes_that_cannot_be_taken_in_are_told(fresh: Opened) -> None:
    with told_at(fresh) as (opened, server):
        put_check(opened, "no_deploy_needed", problem="The file is gone.")
        round_of(opened)
    assert titles(server) == ["first: Outcomes could not be taken in"]


def test_a_silent_log_and_silent_outcomes_are_told(fresh: Opened) -> None:
    at = fresh.clock() - timedelta(hours=1)
    row = {"id": "C1", "predicted_at": stamp(at), "model_version": "1", "score": 0.5, "features": {}}
    with fresh.state.write() as connection:
        connection.execute(predictions.insert().values(row))
    with told_at(fresh, watch={"silence": "2d", "outcome_silence": "45d"}) as (opened, server):
        put_check(opened, "no_deploy_needed")
        round_of(opened)
        assert titles(server) == []
        clock(opened).advance(days=3)
        round_of(opened)
        assert titles(server) == ["first: No prediction since 2026-11-21 11:00 UTC"]
        clock(opened).advance(days=50)
        round_of(opened)
        assert "first: No outcome since 2026-11-21 11:59 UTC" in titles(server)
        log_outcomes(opened.state, ids=["C1"], predicted=[None], observed=[opened.clock()], churned=[1])
        round_of(opened)
    assert titles(server)[-1] == "over: Back to normal: No outcome since 2026-11-21 11:59 UTC"


def test_a_challenger_waits_and_its_approval_expires_soon(fresh: Opened) -> None:
    with told_at(fresh) as (opened, server):
        put_case(opened, "pending_approval")
        round_of(opened)
        clock(opened).advance(hours=40)
        round_of(opened)
        assert titles(server)[0] == "first: A challenger waits for approval"
        assert not any("expires" in title for title in titles(server))
        clock(opened).advance(hours=10)
        round_of(opened)
        assert titles(server).count("first: The approval of a challenger expires on 2026-11-24 12:00 UTC") == 1
        clock(opened).advance(hours=23)
        round_of(opened)
    assert newest_alerts(opened.state, 9, over=False) == ()
    assert not [title for title in titles(server) if title.startswith("over")]


def test_moves_of_the_champion_since_somebody_watches_are_told_once(trained: Opened) -> None:
    with told_at(trained) as (opened, server):
        round_of(opened)  # nobody watched when the first champion was deployed
        clock(opened).advance(hours=1)
        put_check(opened, "no_deploy_needed")
        for kind, version in (("deployed", "2"), ("rolled_back", "1")):
            clock(opened).advance(hours=1)
            opened.ledger.append(opened.clock(), kind, None, {"version": version, "digest": "e" * 64, "reviewer": "Ada"})  # type: ignore[arg-type]
        round_of(opened)
        round_of(opened)
    assert titles(server) == ["first: Version 2 was deployed", "first: Version 1 serves again: the model was rolled back"]


def test_a_message_that_cannot_be_made_is_a_failure_on_record_and_keeps_no_other_back(
    fresh: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Opened) -> None:
        raise RuntimeError("a row of somebody's")

    monkeypatch.setattr("agent.watch.alerting.picture", broken)
    with web_server() as other, told_at(fresh) as (first, _):
        routes = (Route(to=f"hook://127.0.0.1:{other.port}/calls", kinds=("monitoring_failed",)),)
        opened = replace(
            first, settings=first.settings.model_copy(update={"alerts": first.settings.alerts.model_copy(update={"routes": routes})})
        )
        put_check(opened, "needs_people", put_case(opened, "needs_people"))
        put_check(opened, status="failed")
        follow(opened)
        left = deliver(opened)
    assert "sending it raised RuntimeError; it is sent again" in left.failures[0] and "somebody" not in left.failures[0]
    assert titles(other) == ["first: The check of the model failed"]
    assert "sending it raised RuntimeError" in {message.error for message in unsent(opened.state)}


def test_too_few_data_are_told_at_the_beginning_and_after_each_reminder_of_the_watch(fresh: Opened) -> None:
    with told_at(fresh, watch={"remind": "30d"}) as (opened, server):
        for _ in range(10):
            put_check(opened, "not_enough_data", put_case(opened, "not_enough_data"))
            round_of(opened)
            clock(opened).advance(days=7)
    assert titles(server) == ["first: Too few data for a verdict"] * 2


def test_people_are_reminded_until_somebody_takes_it_on(fresh: Opened) -> None:
    with told_at(fresh, remind="1d", reminders=3) as (opened, server):
        put_case(opened, "needs_people")
        for _ in range(50):  # hours
            round_of(opened)
            clock(opened).advance(hours=1)
        assert [title.partition(":")[0] for title in titles(server)] == ["first", "reminder", "reminder"]
        acknowledge(opened.state, 1, "Ada", opened.clock())
        clock(opened).advance(days=3)
        round_of(opened)
    assert len(titles(server)) == 3


def test_reminders_end_by_themselves_and_days_that_were_slept_through_are_one(fresh: Opened) -> None:
    with told_at(fresh, remind="1d", reminders=5) as (opened, server):
        put_case(opened, "needs_people")
        round_of(opened)
        clock(opened).advance(days=4)
        round_of(opened)
        assert titles(server)[1:] == [f"reminder: Reminder 4: {BROKEN}"]
        for _ in range(10):
            clock(opened).advance(days=1)
            round_of(opened)
    assert len(titles(server)) == 3


def test_the_owner_hears_first_and_those_for_escalation_when_nobody_acts(fresh: Opened) -> None:
    with web_server() as server:
        place = f"hook://127.0.0.1:{server.port}"
        routes = (
            {"to": f"{place}/ada", "owner": "ada@example.com"},
            {"to": f"{place}/on-call", "escalation": True},
            {"to": f"{place}/deploys", "kinds": ("deployed",)},
        )
        opened = telling(fresh, server, routes=routes)
        put_case(opened, "needs_people", found=diagnosis(owners=("Ada <ada@example.com>",)))
        round_of(opened)
        assert [request.path for request in server.requests] == ["/ada"]
        clock(opened).advance(days=1)
        round_of(opened)
    assert sorted(request.path for request in server.requests) == ["/ada", "/ada", "/all", "/on-call"]


def test_nobody_takes_on_what_somebody_has_or_what_is_over(fresh: Opened) -> None:
    put_case(fresh, "needs_people")
    follow(fresh)
    assert acknowledge(fresh.state, 1, "Ada", fresh.clock()).acked_by == "Ada"
    with pytest.raises(ChurnopsError, match="Ada took alert 1 on, on 2026-11-21 12:00 UTC"):
        acknowledge(fresh.state, 1, "Bob", fresh.clock())
    clock(fresh).advance(hours=1)
    put_check(fresh, "no_deploy_needed")
    follow(fresh)
    with pytest.raises(ChurnopsError, match="Alert 1 was over"):
        acknowledge(fresh.state, 1, "Bob", fresh.clock())
    with pytest.raises(ChurnopsError, match="There is no alert 9"):
        acknowledge(fresh.state, 9, "Bob", fresh.clock())


def test_a_destination_that_is_down_is_tried_later_and_later_with_one_key_and_keeps_no_other_back(fresh: Opened) -> None:
    with web_server() as up, web_server() as down:
        opened = telling(fresh, up, routes=({"to": f"hook://127.0.0.1:{down.port}/in?secret=s"},))
        down.answer = 503
        put_case(opened, "needs_people")
        follow(opened)
        failures, waits = [], []
        for _ in range(6):
            failures += deliver(opened).failures
            assert deliver(opened).failures == ()  # not before it is time
            (waiting,) = unsent(opened.state)
            waits.append(waiting.due_at - opened.clock())
            clock(opened).now = waiting.due_at
        assert [wait // timedelta(minutes=1) for wait in waits] == [1, 2, 4, 8, 16, 32]
        assert len(failures) == 6 and "it answered 503; it is sent again" in failures[0] and "secret" not in "".join(failures)
        down.answer = 200
        assert deliver(opened).arrived == 1
        assert deliver(opened).arrived == 0
        assert len(up.requests) == 1 and len(down.requests) == 7
        assert len({request.headers["idempotency-key"] for request in down.requests}) == 1


def test_a_message_is_given_up_after_a_week_and_can_be_sent_all_the_same(fresh: Opened) -> None:
    with told_at(fresh) as (opened, server):
        server.answer = 500
        put_case(opened, "needs_people")
        follow(opened)
        clock(opened).advance(days=8)
        deliver(opened)
        assert unsent(opened.state) == ()
        server.answer = 200
        with opened.state.write() as connection:
            assert hurry_in(connection, None, opened.clock()) == 0
            assert hurry_in(connection, 1, opened.clock()) == 1
        assert deliver(opened).arrived == 1


def test_what_was_sent_can_be_sent_again(fresh: Opened) -> None:
    with told_at(fresh) as (opened, server):
        put_case(opened, "needs_people")
        round_of(opened)
        enqueue_again(opened, 1)
        deliver(opened)
    assert titles(server) == [f"first: {BROKEN}", f"again: {BROKEN}"]


def test_no_more_than_so_many_an_hour_and_the_others_wait(fresh: Opened) -> None:
    with told_at(fresh, per_hour=2) as (opened, server):
        for number in range(5):
            clock(opened).advance(minutes=1)
            put_case(opened, "needs_people", found=diagnosis(column=f"column {number}"))
            round_of(opened)
        assert len(server.requests) == 2
        clock(opened).advance(minutes=61)
        deliver(opened)
        assert len(server.requests) == 4
        clock(opened).advance(minutes=61)
        deliver(opened)
    assert len(server.requests) == 5


def test_in_quiet_hours_only_what_is_critical_leaves(fresh: Opened) -> None:
    with told_at(fresh, watch={"quiet": "11:00-14:00"}) as (opened, server):
        put_case(opened, "needs_people")
        put_check(opened, "failed")
        round_of(opened)
        assert titles(server) == ["first: The check of the model failed"]
        clock(opened).advance(hours=2)
        round_of(opened)
    assert len(server.requests) == 2


def test_a_message_that_another_process_sends_is_left_to_it_until_that_one_must_be_dead(fresh: Opened) -> None:
    with told_at(fresh) as (opened, _):
        put_case(opened, "needs_people")
        follow(opened)
        (message,) = due(opened.state, opened.clock())
        assert claim(opened.state, message.number, opened.clock())
        assert not claim(opened.state, message.number, opened.clock())
        assert deliver(opened).arrived == 0
        clock(opened).advance(minutes=5)
        assert deliver(opened).arrived == 1
    assert keys(opened.state) == [message.key]


def test_two_who_look_at_once_raise_one_alert(fresh: Opened) -> None:
    with told_at(fresh) as (opened, server):
        put_case(opened, "needs_people")
        raised: list[Alert] = []
        at_once(lambda: raised.extend(follow(opened)))
        assert len(raised) == 1
        at_once(lambda: deliver(opened))
    assert len(server.requests) == 1


def keys(state: State) -> list[str]:
    with state.read() as connection:
        return list(connection.execute(select(outbox.c.key)).scalars())


def test_in_postgresql_many_who_look_raise_one_alert_and_send_it_once(fresh: Opened) -> None:
    with postgres_server() as url, told_at(fresh) as (sqlite, server):
        opened = replace(sqlite, state=open_state(url, create=True))
        put_check(opened, "needs_people", put_case(opened, "needs_people"))
        at_once(lambda: round_of(opened))
        clock(opened).advance(hours=1)
        put_check(opened, "no_deploy_needed")
        at_once(lambda: round_of(opened))
        opened.state.close()
    assert titles(server) == [f"first: {BROKEN}", f"over: Back to normal: {BROKEN}"]


def at_once(look: Callable[[], object]) -> None:
    """Eight who look at the same time."""
    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
