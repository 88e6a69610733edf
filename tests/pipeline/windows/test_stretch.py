"""Recent and matured in sentences: both dates, what lies between them, and what was left out."""

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.windows.stretch import BrokenDays, Stretch, TwoWindows

NEWEST = datetime(2026, 11, 2, 9, tzinfo=UTC)
RECENT = Stretch(since=NEWEST - timedelta(days=6), until=NEWEST, rows=700, customers=700, labelled=0)


def matured(days: int, rows: int = 1500) -> Stretch:
    return Stretch(since=NEWEST - timedelta(days=days + 20), until=NEWEST - timedelta(days=days), rows=rows, customers=rows, labelled=rows)


def test_both_dates_and_what_lies_between_are_said() -> None:
    told = TwoWindows(recent=RECENT, matured=matured(31))
    assert told.said == (
        "Drift and data: 27 Oct 2026 to 2 Nov 2026, 700 rows.",
        "Performance: 12 Sep 2026 to 2 Oct 2026, 1,500 rows with a known outcome.",
    )
    assert told.unseen == "Outcomes lag 31 days; what changed since 2 Oct 2026 is not visible yet."
    assert told.reach_back


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (Stretch(), "No outcome is known yet, so a change of behaviour is not visible."),
        (Stretch(rows=20, labelled=20), None),
        (matured(0), None),
        (matured(1), "Outcomes lag 1 day; what changed since 1 Nov 2026 is not visible yet."),
    ],
)
def test_a_lag_is_said_where_there_is_one_and_it_can_be_told(known: Stretch, said: str | None) -> None:
    assert TwoWindows(recent=RECENT, matured=known).unseen == said


def test_days_left_out_are_told_with_their_column_and_count() -> None:
    days = BrokenDays(since=NEWEST - timedelta(days=40), until=NEWEST - timedelta(days=38), labelled=300, column="a\nb", said="…")
    told = TwoWindows(recent=RECENT, matured=matured(31, 100), left_out=(days,))
    assert told.said[-1] == "23 Sep 2026 to 25 Sep 2026: 300 rows left out, `a b` was broken then."
    assert told.left_out_share == 0.75
    assert TwoWindows(recent=RECENT, matured=matured(31)).left_out_share == 0


def test_repaired_days_are_set_aside_or_only_told() -> None:
    days = BrokenDays(since=NEWEST, until=NEWEST, labelled=3, column="a", said="…", rows=900, repaired=True)
    assert "900 rows set aside, `a` was broken then and is repaired" in days.left_out
    kept = days.model_copy(update={"kept": True})
    assert "900 rows are too many to set aside" in kept.left_out
    assert TwoWindows(recent=RECENT, matured=matured(31, 1), left_out=(kept,)).left_out_share == 0


def test_nothing_is_stored_of_days_left_out_where_none_were() -> None:
    told = TwoWindows(recent=RECENT, matured=matured(31))
    assert set(told.model_dump()) == {"recent", "matured"}
    assert TwoWindows.model_validate_json(told.model_dump_json()) == told
