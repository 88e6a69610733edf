"""A matured window without its broken days, which reaches further back for what they took."""

from datetime import timedelta

import pytest

import pipeline.diagnosis.broken_days
import pipeline.diagnosis.observed
from pipeline.intake.sound_rows import without_broken_days
from pipeline.record.opened_workspace import Opened
from pipeline.sources.source import Exclusion
from pipeline.windows.stretch import BrokenDays
from pipeline.windows.window import Window
from tests.pipeline.intake.test_matured_rows import opened, team, wanting, window  # noqa: F401 — fixtures
from tests.pipeline.small_windows import BASELINE, DAY, NEWEST

BROKEN = (NEWEST - 34 * DAY).replace(hour=0, minute=0)


def days(found: Window) -> set[int]:
    """How many days before the newest row the labelled rows lie."""
    assert found.labelled.times is not None
    return set((NEWEST - found.labelled.times).dt.days)


@pytest.mark.parametrize("log", ["opened", "team"])
def test_rows_that_go_make_room_for_older_ones(log: str, request: pytest.FixtureRequest) -> None:
    found = window(wanting(request.getfixturevalue(log), 22))
    assert days(found) == {31, 32, 33, 34, 35} and found.read_back is not None
    again = found.read_back((Exclusion(BROKEN - DAY, BROKEN + DAY),))
    assert again.labelled_rows == 25 and again.labelled.times is not None
    assert not again.labelled.times.between(BROKEN - DAY, BROKEN + DAY - timedelta(microseconds=1)).any()
    assert max(days(again)) == 37 and again.wider is not None


def test_what_lies_further_back_is_looked_at_in_its_turn(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """Two stretches are broken, and the second comes into sight when the first is gone."""
    looked: list[Window] = []

    def found_broken(seen: Window, *_: object) -> tuple[BrokenDays, ...]:
        looked.append(seen)
        assert seen.labelled.times is not None
        stretches = [(BROKEN, BROKEN + 3 * DAY), (BROKEN - 4 * DAY, BROKEN - 2 * DAY)]
        return tuple(
            BrokenDays(since=since, until=until, labelled=1, column="tenure", said="It is broken.")
            for since, until in stretches
            if seen.labelled.times.between(since, until + DAY, inclusive="left").any()
        )

    monkeypatch.setattr(pipeline.diagnosis.observed, "observe", lambda champion, baseline, seen: seen)
    monkeypatch.setattr(pipeline.diagnosis.broken_days, "find_broken_days", found_broken)
    opened = wanting(opened, 22)
    left = without_broken_days(window(opened), None, BASELINE, opened.policy)  # type: ignore[arg-type]
    assert [one.since for one in left.left_out] == [BROKEN - 4 * DAY, BROKEN]
    assert left.labelled.times is not None and left.labelled_rows >= 22
    for since, until in ((BROKEN, BROKEN + 4 * DAY), (BROKEN - 4 * DAY, BROKEN - DAY)):
        assert not left.labelled.times.between(since, until, inclusive="left").any()
    assert len(looked) == 3
