"""A forgotten customer is in no row and no page of the database, and the ledger does not say who it was."""

import pytest
from sqlalchemy import insert

from pipeline.clock import stamp
from pipeline.errors import DataError
from pipeline.record.opened_workspace import Opened
from pipeline.state.database import offers, outcomes, predictions
from pipeline.state.watch_tables import shadow_scores
from reports.decisions.forgetting import forget, known_of
from reports.decisions.verification import verify
from tests.conftest import NOON
from tests.end_to_end.command_line import CommandLine

ADA, BOB = "ADA-LOVELACE-1815", "ADA-LOVELACE-1815-B"


@pytest.fixture
def logged(trained: Opened) -> Opened:
    at = stamp(NOON)
    with trained.state.write() as connection:
        for customer in (ADA, BOB):
            row = {"id": customer, "predicted_at": at, "model_version": "1", "score": 0.5, "features": {"tenure": 1815}}
            connection.execute(insert(predictions), [row, row])
            connection.execute(insert(outcomes).values(id=customer, observed_at=at, churned=1))
            connection.execute(insert(offers).values(id=customer, offered_at=at, kind="call", held_out=0))
            connection.execute(
                insert(shadow_scores).values(digest="d", id=customer, predicted_at=at, version="2", score=0.4, served_score=0.5)
            )
    (trained.workspace.home / "chat").mkdir()
    (trained.workspace.home / "chat" / "one.jsonl").write_text(f'{{"said": "score {ADA}"}}')
    (trained.workspace.home / "chat" / "two.jsonl").write_text(f'{{"said": "score {BOB}"}}')
    return trained


def test_a_forgotten_customer_is_in_no_page_and_the_ledger_names_nobody(logged: Opened) -> None:
    found = forget(logged, ADA)
    assert found.rows == {"predictions": 2, "outcomes": 1, "offers": 1, "shadow_scores": 1, "asked_outcomes": 0}
    assert found.mentions == (".churnops/chat/one.jsonl",)
    assert any("trained models keep" in said for said in found.elsewhere)
    logged.state.close()
    for path in (logged.workspace.state_db, logged.workspace.state_db.with_name("state.db-wal"), logged.workspace.ledger_mirror):
        content = path.read_bytes() if path.exists() else b""
        assert content.replace(BOB.encode(), b"").find(ADA.encode()) == -1, path.name
    assert known_of(logged, BOB).rows == found.rows
    row = logged.ledger.entry(found.row or 0)
    assert (row.kind, row.body["rows"]) == ("forgotten", found.rows)
    assert verify(logged).ok
    with pytest.raises(DataError, match="Nothing is on record"):
        forget(logged, ADA)


def test_the_command_asks_before_it_erases(logged: Opened, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    churnops = CommandLine(logged.workspace.root, monkeypatch, capsys)
    refused = churnops("forget", ADA)
    assert (refused.code, "no terminal to ask" in refused.err) == (1, True)
    seen = churnops("forget", ADA, "--dry-run", "--json").json
    assert (seen["rows"]["predictions"], seen["row"]) == (2, None)
    assert churnops("forget", ADA, "--yes", "--json").json["row"] > 0
    assert known_of(logged, ADA).rows["predictions"] == 0
