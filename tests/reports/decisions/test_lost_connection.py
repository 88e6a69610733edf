"""PostgreSQL goes away at any commit of an approval or a rollback, ahead of it or with its answer: it has happened or not, and happens once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from pipeline.errors import WorkspaceError
from pipeline.record.champion import require_champion
from pipeline.record.ledger import MOVES
from pipeline.record.opened_workspace import Opened
from reports.decisions.recovery import recover
from reports.decisions.verification import verify
from tests.conftest import Clock, copied
from tests.postgres import postgres_server
from tests.reports.waiting import LATER, approve_case, roll_back_to, waiting_in
from tests.state_in_postgresql import moved_to

pytestmark = pytest.mark.slow

AHEAD, ANSWER = "ahead of it", "with its answer"


class Cut:
    """Loses the connection at commit number `at` of those that have something to write; counts them."""

    def __init__(self, at: int, when: str) -> None:
        self.at, self.when, self.commits = at, when, 0
        self._commit: Callable[..., None] = PGDialect_psycopg.do_commit

    def __call__(self, dialect: PGDialect_psycopg, connection: Any) -> None:
        self.commits += not connection.dbapi_connection.read_only
        if connection.dbapi_connection.read_only or self.commits != self.at:
            self._commit(dialect, connection)
            return
        if self.when == ANSWER:
            self._commit(dialect, connection)
        connection.dbapi_connection.close()
        raise psycopg.OperationalError("server closed the connection unexpectedly")


@contextmanager
def in_a_schema(pending: Path, root: Path, server: str, name: str) -> Iterator[Opened]:
    engine = create_engine(server)
    with engine.begin() as connection:
        connection.execute(text(f"create schema {name}"))
    engine.dispose()
    with pytest.MonkeyPatch.context() as patch, copied(pending, root, Clock(LATER)) as sqlite:
        opened = moved_to(sqlite, f"{server}&options=-csearch_path%3D{name}", patch)
        yield opened
        opened.state.close()


def moves(opened: Opened) -> list[str]:
    return [entry.kind for entry in opened.ledger.entries() if entry.kind in MOVES]


@pytest.mark.parametrize("act", ["approve", "roll back"])
def test_an_act_that_lost_its_connection_happens_once(pending_workspace: Path, tmp_path: Path, act: str) -> None:
    wanted = ["deployed"] * 2 + ["rolled_back"] * (act == "roll back")

    def done(opened: Opened) -> None:
        if act == "approve":
            approve_case(opened, waiting_in(opened).ours)
        else:
            roll_back_to(opened, None)

    outcomes: set[str] = set()
    with postgres_server() as server:
        commits, at = 1, 1
        while at <= commits:
            for when in (AHEAD, ANSWER):
                with in_a_schema(pending_workspace, tmp_path / f"{at}-{when[:4]}", server, f"s{at}_{when[:4]}") as opened:
                    if act == "roll back":
                        approve_case(opened, waiting_in(opened).ours)
                    cut = Cut(at, when)
                    with pytest.MonkeyPatch.context() as patch:
                        patch.setattr(PGDialect_psycopg, "do_commit", lambda *given, cut=cut: cut(*given))
                        with pytest.raises(WorkspaceError, match="does not answer"):
                            done(opened)
                    recover(opened)
                    outcomes.add("old" if moves(opened) != wanted else "new")
                    if moves(opened) != wanted:
                        counting = Cut(0, when)
                        with pytest.MonkeyPatch.context() as patch:
                            patch.setattr(PGDialect_psycopg, "do_commit", lambda *given, cut=counting: cut(*given))
                            done(opened)
                        commits = max(commits, counting.commits)
                    assert moves(opened) == wanted, (at, when)
                    assert verify(opened).ok, (at, when, verify(opened).problems)
                    served = [entry.seq for entry in opened.ledger.entries() if entry.kind in MOVES]
                    assert require_champion(opened.workspace, opened.ledger).ledger_seq == served[-1]
            at += 1
    assert outcomes == {"old", "new"}
