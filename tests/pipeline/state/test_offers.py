"""One rule for what an offer is beside those on record, however it arrives."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from pipeline.state.database import State, open_state
from pipeline.state.offers import News, Offer, add_offers_in, read_offers

AT = datetime(2026, 11, 20, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def state(tmp_path: Path) -> State:
    return open_state(tmp_path / "state.db", create=True)


def offer(id_: str = "C1", days: int = 0, kind: str = "", *, accepted: bool | None = None, held_out: bool = False) -> Offer:
    return Offer(id_, AT + days * DAY, kind, accepted, held_out)


def add(state: State, *told: Offer) -> list[News]:
    with state.write() as connection:
        return add_offers_in(connection, told)


def test_saying_it_twice_changes_nothing_and_another_time_or_kind_is_another_offer(state: State) -> None:
    assert add(state, offer(), offer(), offer(days=1), offer(kind="call"), offer("C2")) == ["added", "known", "added", "added", "added"]
    assert add(state, offer(), offer(kind="call")) == ["known", "known"]
    assert len(read_offers(state, AT, AT + DAY)) == 4


def test_a_later_word_counts_and_silence_on_acceptance_takes_nothing_back(state: State) -> None:
    add(state, offer())
    assert add(state, offer(accepted=True), offer(), offer(held_out=True)) == ["corrected", "known", "corrected"]
    found = read_offers(state, AT, AT)
    assert (found["accepted"].tolist(), found["held_out"].tolist()) == ([1.0], [True])


def test_offers_are_read_of_a_stretch_of_time_whatever_zone_they_were_told_in(state: State) -> None:
    add(state, offer("C1", -1), Offer("C2", AT.astimezone(), "", None, held_out=False), offer("C3", 2))
    assert read_offers(state, AT, AT + DAY)["_id"].tolist() == ["C2"]


def test_a_workspace_of_an_earlier_version_gets_the_log_of_offers(tmp_path: Path) -> None:
    state = open_state(tmp_path / "state.db", create=True)
    with state.write() as connection:
        connection.execute(text("DROP TABLE offers"))
        connection.execute(text("UPDATE schema_version SET version = 3"))
    state.close()
    assert add(open_state(tmp_path / "state.db"), offer()) == ["added"]
