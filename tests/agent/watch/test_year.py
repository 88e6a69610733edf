"""A year of alerts in a moment: changes, outages of a destination, and kills wherever a sender can be killed. Nothing is lost, and what arrives
twice has one key."""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

import agent.watch.alerting
from agent.watch.alerting import deliver, follow
from pipeline.record.opened_workspace import Opened
from pipeline.state.alerts import newest_alerts
from pipeline.state.outbox import unsent
from pipeline.workspace.alert_settings import AlertSettings
from pipeline.workspace.watch_settings import WatchSettings
from tests.agent.watch.destinations_of import WebServer, web_server
from tests.agent.watch.standing_cases import diagnosis, put_case, put_check
from tests.conftest import Clock

DAYS, LOOKS_A_DAY = 365, 4
# From the first day to the last one, what is wrong: the column at fault, or "failed" where checks fail.
TRUTH = (
    (30, 45, "tenure"),
    (80, 83, "failed"),
    (120, 121, "Contract"),
    (200, 230, "MonthlyCharges"),
    (228, 260, "tenure"),
    (300, 302, "failed"),
)
OUTAGES = ((29, 33), (205, 209))  # from day to day, no message arrives
KILLED = 0.2  # chance at each place where a sender can be killed


class Killed(BaseException):
    """The process is gone."""


@pytest.fixture
def destination(fresh: Opened) -> Iterator[tuple[Opened, WebServer]]:
    with web_server() as server:
        alerts = AlertSettings(destinations=(f"hook://127.0.0.1:{server.port}/in",), reminders=0, per_hour=10_000)
        settings = fresh.settings.model_copy(update={"alerts": alerts, "watch": WatchSettings(silence="")})
        yield replace(fresh, settings=settings), server


def killed_sometimes(monkeypatch: pytest.MonkeyPatch, chance: random.Random) -> Counter[str]:
    """Kills ahead of and behind each step of a look; counted by the step."""
    kills: Counter[str] = Counter()

    def may_die(name: str) -> None:
        if chance.random() < KILLED:
            kills[name] += 1
            raise Killed

    def deadly(name: str, step: Callable[..., Any]) -> Callable[..., Any]:
        def taken(*arguments: Any, **named: Any) -> Any:
            may_die(f"ahead of {name}")
            done = step(*arguments, **named)
            may_die(f"behind {name}")
            return done

        return taken

    for name in ("raise_in", "end_in", "enqueue_in", "claim", "send", "sent", "failed"):
        monkeypatch.setattr(agent.watch.alerting, name, deadly(name, getattr(agent.watch.alerting, name)))
    return kills


def wrong_on(day: int) -> str | None:
    return next((what for first, last, what in reversed(TRUTH) if first <= day <= last), None)


def live(opened: Opened, server: WebServer, day: int) -> None:
    """One day: a check, and what it came to on record; and a look every few hours."""
    assert isinstance(opened.clock, Clock)
    server.answer = 503 if any(first <= day <= last for first, last in OUTAGES) else 200
    for look in range(LOOKS_A_DAY):
        if look == 0:
            what = wrong_on(day)
            if what in {None, "failed"}:
                put_check(opened, what or "no_deploy_needed")
            else:
                put_check(opened, "needs_people", put_case(opened, "needs_people", found=diagnosis(column=what)))
        try:
            follow(opened)
            deliver(opened)
        except Killed:
            pass  # the next look is that of another process
        opened.clock.advance(hours=24 / LOOKS_A_DAY)


@pytest.mark.slow
def test_a_year_loses_nothing_and_doubles_nothing(destination: tuple[Opened, WebServer], monkeypatch: pytest.MonkeyPatch) -> None:
    opened, server = destination
    kills = killed_sometimes(monkeypatch, random.Random(1))
    for day in range(DAYS):
        live(opened, server, day)
    raised = newest_alerts(opened.state, 99, over=True)
    assert [alert.condition.key.rpartition(":")[2] or "failed" for alert in reversed(raised)] == [what for _, _, what in TRUTH]
    assert all(alert.ended_at for alert in raised)
    assert unsent(opened.state) == ()
    keys: dict[tuple[int, str], set[str]] = {}
    for request in server.requests:
        told = json.loads(request.body)
        keys.setdefault((told["alert"], told["phase"]), set()).add(request.headers["idempotency-key"])
    assert all(len(of) == 1 for of in keys.values())
    # MonthlyCharges gave way to tenure: people heard of that, not that all was well.
    over = [alert.number for alert in raised if not alert.condition.key.endswith("MonthlyCharges")]
    assert set(keys) == {*((alert.number, "first") for alert in raised), *((number, "over") for number in over)}
    assert len(server.requests) > len(keys)  # some arrived twice, or were refused and sent again
    assert min(kills["ahead of send"], kills["behind send"]) > 0
