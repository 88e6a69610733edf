"""Which stretch of the log a window is: what people write, and the moment after which its rows were scored."""

from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from pipeline.errors import DataError
from pipeline.intake.window_start import start_of
from pipeline.record.opened_workspace import Opened
from pipeline.state.predictions import log_predictions, newest_prediction
from pipeline.windows.spans import MICROSECOND, WEEK, Last, NewestRows, Since, SinceDeploy, Span, parse_length, parse_start
from tests.pipeline.small_tables import COLUMNS, small_table
from tests.pipeline.small_windows import CHAMPION, DAY, NEWEST, small_opened


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    """Ten predictions, one a day; the last one at `NEWEST`."""
    opened = small_opened(tmp_path)
    times = [NEWEST - number * DAY for number in range(10)]
    ids = [f"C{number}" for number in range(10)]
    log_predictions(opened.state, small_table(10, 1), COLUMNS, ids=ids, times=times, scores=[0.5] * 10, version="1")
    return opened


def start(opened: Opened, span: Span) -> datetime:
    return start_of(span, NEWEST, partial(newest_prediction, opened.state), opened.ledger, CHAMPION, MICROSECOND)


def deploy(opened: Opened, at: datetime) -> None:
    assert opened.ledger.append(at, "deployed", None, {}).seq == CHAMPION.ledger_seq


@pytest.mark.parametrize(("text", "hours"), [("24h", 24), ("7d", 168), (" 2w ", 336), ("9999h", 9999)])
def test_a_length_is_a_number_and_a_unit(text: str, hours: int) -> None:
    assert parse_length(text) == Last(timedelta(hours=hours))


@pytest.mark.parametrize("text", ["", "7", "d", "0d", "-1d", "1.5d", "7 d", "7m", "7D", "12345h", "7d7d"])
def test_what_is_no_length_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="is no length of time") as refused:
        parse_length(text)
    assert "7d" in refused.value.next_step


@pytest.mark.parametrize("text", ["2026-11-21T09:00", "2026-11-21T10:00+01:00", " 2026-11-21T09:00:00Z "])
def test_a_start_without_a_zone_is_utc(text: str) -> None:
    assert parse_start(text) == Since(NEWEST)
    assert parse_start("2026-11-21") == Since(datetime(2026, 11, 21, tzinfo=UTC))


@pytest.mark.parametrize("text", ["", "yesterday", "21.11.2026", "2026-13-01"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="is no date"):
        parse_start(text)


def test_a_length_goes_back_from_the_newest_prediction(opened: Opened) -> None:
    assert start(opened, WEEK) == NEWEST - 7 * DAY
    assert start(opened, Last(400 * DAY)) == NEWEST - 400 * DAY


def test_a_start_itself_counts(opened: Opened) -> None:
    assert start(opened, Since(NEWEST - DAY)) == NEWEST - DAY - MICROSECOND
    assert start(opened, Since(NEWEST)) == NEWEST - MICROSECOND


def test_since_the_deploy_goes_by_the_ledger(opened: Opened) -> None:
    deploy(opened, NEWEST - 3 * DAY)
    assert start(opened, SinceDeploy()) == NEWEST - 3 * DAY


def test_the_newest_rows_are_counted_from_the_end(opened: Opened) -> None:
    assert start(opened, NewestRows(1)) == NEWEST - MICROSECOND
    assert start(opened, NewestRows(10)) == NEWEST - 9 * DAY - MICROSECOND
    assert start(opened, NewestRows(11)) < NEWEST - 1000 * DAY, "fewer rows than asked for are all of them"


def test_a_stretch_in_which_nothing_was_scored_is_refused(opened: Opened) -> None:
    deploy(opened, NEWEST)
    for span in (SinceDeploy(), Since(NEWEST + DAY)):
        with pytest.raises(
            DataError, match=r"Nothing was scored since 2026-11-2\d 09:00 UTC; the newest prediction is of 2026-11-21 09:00"
        ):
            start(opened, span)
