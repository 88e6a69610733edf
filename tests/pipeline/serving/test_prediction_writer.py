"""An answer is on the disk before it is given, and those who come at once share a transaction."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, select

from pipeline.errors import WorkspaceError
from pipeline.serving.prediction_writer import LoggedPrediction, PredictionWriter
from pipeline.serving.request_counters import Measures
from pipeline.state.database import State, open_state, predictions

AT = datetime(2026, 11, 21, 9, tzinfo=UTC)


@pytest.fixture
def state(tmp_path: Path) -> State:
    return open_state(tmp_path / "state.db", create=True)


def answered(number: int, features: dict[str, float | str | None] | None = None) -> LoggedPrediction:
    return LoggedPrediction(f"C{number}", AT, "3", 0.1 + number / 1000, features or {"tenure": 1.5, "Contract": None})


def logged(state: State) -> list[str]:
    with open_state(state.place).read() as connection:
        return list(connection.execute(select(predictions.c.id).order_by(predictions.c.seq)).scalars())


@contextmanager
def commits(state: State) -> Iterator[list[int]]:
    """A growing list with an entry per transaction."""
    found: list[int] = []
    event.listen(state._engine, "commit", lambda _connection: found.append(1))
    yield found


def test_what_was_written_is_there_when_the_writer_says_so(state: State) -> None:
    async def ask() -> None:
        writer = PredictionWriter(state, Measures())
        await writer.write([answered(1), answered(2)])
        assert logged(state) == ["C1", "C2"]
        writer.close()

    asyncio.run(ask())
    with state.read() as connection:
        row = connection.execute(select(predictions)).first()
    assert row is not None
    assert row[1:] == ("C1", "2026-11-21T09:00:00.000000+00:00", "3", 0.101, {"tenure": 1.5, "Contract": None})


def test_the_writer_syncs_each_transaction_to_the_disk(state: State) -> None:
    with state.write() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL


def test_many_at_once_share_transactions_and_each_is_written_once(state: State) -> None:
    async def ask() -> None:
        writer = PredictionWriter(state, Measures())
        await asyncio.gather(*(writer.write([answered(number)]) for number in range(300)))
        writer.close()

    with commits(state) as found:
        asyncio.run(ask())
    assert sorted(logged(state)) == sorted(f"C{number}" for number in range(300))
    assert len(found) < 100


def test_what_waits_at_the_end_is_written(state: State) -> None:
    async def ask() -> None:
        writer = PredictionWriter(state, Measures())
        asked = [asyncio.ensure_future(writer.write([answered(number)])) for number in range(50)]
        await asyncio.sleep(0)
        await asyncio.to_thread(writer.close)
        await asyncio.gather(*asked)

    asyncio.run(ask())
    assert len(logged(state)) == 50


def test_a_row_that_the_database_refuses_fails_alone(state: State) -> None:
    async def ask() -> list[object]:
        writer = PredictionWriter(state, Measures())
        poison = {"tenure": object()}
        rows = [[answered(0)], [answered(1, poison)], [answered(2), answered(3)]]  # type: ignore[arg-type]
        done = await asyncio.gather(*(writer.write(one) for one in rows), return_exceptions=True)
        writer.close()
        return list(done)

    first, second, third = asyncio.run(ask())
    assert first is None and third is None
    assert isinstance(second, Exception)
    assert logged(state) == ["C0", "C2", "C3"]


def test_where_the_database_is_away_everybody_hears_of_it(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def away() -> Iterator[Connection]:
        raise WorkspaceError("The state database does not answer.")
        yield

    async def ask() -> list[object]:
        writer = PredictionWriter(state, Measures())
        done = await asyncio.gather(*(writer.write([answered(number)]) for number in range(3)), return_exceptions=True)
        monkeypatch.undo()
        await writer.write([answered(9)])
        writer.close()
        return list(done)

    monkeypatch.setattr(state, "write", away)
    assert [type(error) for error in asyncio.run(ask())] == [WorkspaceError] * 3
    assert logged(state) == ["C9"]


def test_somebody_who_went_away_stops_nobody(state: State) -> None:
    async def ask() -> None:
        writer = PredictionWriter(state, Measures())
        gone = asyncio.ensure_future(writer.write([answered(1)]))
        await asyncio.sleep(0)
        gone.cancel()
        await writer.write([answered(2)])
        writer.close()

    asyncio.run(ask())
    assert logged(state) == ["C1", "C2"]
