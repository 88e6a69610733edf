"""One holder at a time, whatever process, host and database; a turn that is not renewed is over, and its holder hears of it."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from pipeline.errors import WorkspaceError
from pipeline.state import leases
from pipeline.state.database import open_state
from pipeline.state.engine import StatePlace
from pipeline.state.leases import held
from tests.postgres import postgres_server

CONTESTED = 200  # starts, by two at once


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> StatePlace:
    if request.param == "sqlite":
        return tmp_path / "state.db"
    server = str(request.getfixturevalue("server"))
    schema, engine = f"lease_{abs(hash(request.node.name))}", create_engine(server)
    with engine.begin() as connection:
        connection.execute(text(f"create schema {schema}"))
    engine.dispose()
    return f"{server}&options=-csearch_path%3D{schema}"


def nothing() -> None:
    pass


def test_one_holds_it_and_the_other_goes_on_without(place: StatePlace) -> None:
    one, other = open_state(place, create=True), open_state(place)
    with held(one, "watch", "one", on_lost=nothing) as mine, held(other, "watch", "other", on_lost=nothing) as theirs:
        assert (mine, theirs) == (True, False)
        with held(other, "something else", "other", on_lost=nothing) as another_name:
            assert another_name
    with held(other, "watch", "other", on_lost=nothing) as free:
        assert free


def test_it_lasts_while_it_is_renewed_and_not_longer(place: StatePlace) -> None:
    one, other = open_state(place, create=True), open_state(place)
    short, waited = timedelta(seconds=0.6), threading.Event()
    with held(one, "watch", "one", on_lost=nothing, lasts=short):
        waited.wait(1.5)
        with held(other, "watch", "other", on_lost=nothing) as theirs:
            assert not theirs
    leases._take(one, "watch", "killed", short)
    with held(other, "watch", "other", on_lost=nothing) as at_once:
        assert not at_once
    waited.wait(0.7)
    with held(other, "watch", "other", on_lost=nothing) as later:
        assert later


def test_a_holder_whose_turn_went_to_another_hears_of_it_and_leaves_the_other_alone(place: StatePlace) -> None:
    one, other, lost = open_state(place, create=True), open_state(place), threading.Event()
    with held(one, "watch", "one", on_lost=lost.set, lasts=timedelta(seconds=0.6)):
        with other.write() as connection:
            connection.execute(leases.leases.update().values(holder="other"))
        assert lost.wait(5)
    with held(one, "watch", "one", on_lost=nothing) as mine:
        assert not mine


def test_a_database_that_is_away_for_longer_than_the_turn_lasts_ends_it(place: StatePlace, monkeypatch: pytest.MonkeyPatch) -> None:
    state, lost, asked = open_state(place, create=True), threading.Event(), []

    def away(*_: object) -> bool:
        asked.append(lost.is_set())
        raise WorkspaceError("The database does not answer.")

    monkeypatch.setattr(leases, "_prolong", away)
    with held(state, "watch", "one", on_lost=lost.set, lasts=timedelta(seconds=0.4)):
        assert lost.wait(5)
    assert len(asked) > 1  # a moment alone ends nothing


def test_of_contested_starts_never_two_hold_it_at_once(place: StatePlace) -> None:
    open_state(place, create=True).close()
    at_the_same_time, inside, won, together = [], set[str](), [], threading.Barrier(2)

    def contest(name: str) -> None:
        state = open_state(place)
        for _ in range(CONTESTED):
            together.wait()
            with held(state, "watch", name, on_lost=nothing) as mine:
                if mine:
                    inside.add(name)
                    at_the_same_time.append(len(inside))
                    won.append(name)
                    together_ended.wait()
                    inside.discard(name)
                else:
                    together_ended.wait()
        state.close()

    together_ended = threading.Barrier(2)
    contestants = [threading.Thread(target=contest, args=(name,)) for name in ("one", "other")]
    for contestant in contestants:
        contestant.start()
    for contestant in contestants:
        contestant.join()
    assert set(at_the_same_time) == {1}
    assert len(won) == CONTESTED
