"""Requests are counted by version and hour, nobody waits for the database, and one that is away loses nothing while there is room."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

import pipeline.serving.request_record as request_record
from pipeline.errors import WorkspaceError
from pipeline.record.opened_workspace import Opened
from pipeline.serving.request_record import RequestRecord
from pipeline.state.serving_hours import NO_REQUESTS, hour_of, requests_of
from tests.conftest import Clock


def test_what_was_counted_is_on_record_when_it_ends_and_adds_up(fresh: Opened) -> None:
    for _ in range(2):
        record = RequestRecord(fresh.state, fresh.clock)
        for status, seconds in ((200, 0.002), (200, 0.004), (422, 0.001), (503, 99.0), (401, 1.0), (499, 1.0)):
            record.count("7", status, seconds)
        record.close()
    found = requests_of(fresh.state, "7", fresh.clock(), fresh.clock())
    assert (found.answered, found.refused, found.failed, sum(found.seconds), found.seconds[-1]) == (4, 2, 2, 8, 2)
    assert (found.within(0.5), found.within(0.95)) == (0.0025, None)
    assert requests_of(fresh.state, "8", fresh.clock(), fresh.clock()) == NO_REQUESTS


def test_a_database_that_is_away_loses_the_oldest_hours_alone(fresh: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise WorkspaceError("It does not answer.", "Wait.")

    kept: list[Mapping[object, object]] = []
    monkeypatch.setattr(request_record, "add_requests", away)
    assert isinstance(fresh.clock, Clock)
    record = RequestRecord(fresh.state, fresh.clock, every_seconds=0.001)
    began = hour_of(fresh.clock())
    for _ in range(60):
        record.count("7", 200, 0.001)
        fresh.clock.advance(hours=1)
    monkeypatch.setattr(request_record, "add_requests", lambda _state, counted: kept.append(counted))
    record.close()
    hours = {hour for counted in kept for _, hour in counted}  # type: ignore[misc]
    assert len(hours) == 48 and min(hours) == began + timedelta(hours=12)
