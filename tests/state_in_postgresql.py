"""A workspace whose state is moved to a database in PostgreSQL, for commands and servers that the test starts as well."""

from dataclasses import replace

import pytest
from sqlalchemy import insert, select

from pipeline.record.opened_workspace import Opened
from pipeline.state.database import calls, cases, ledger, open_state, trainings


def moved_to(opened: Opened, url: str, monkeypatch: pytest.MonkeyPatch) -> Opened:
    """The same workspace over `url`, which is empty: its record, and none of its predictions."""
    monkeypatch.setenv("CHURNOPS_DATABASE_URL", url)
    moved = replace(opened, settings=opened.settings.model_copy(update={"database_url": url}), state=open_state(url, create=True))
    with opened.state.read() as there, moved.state.write() as here:
        for table in (cases, calls, trainings, ledger):
            for row in there.execute(select(table)).mappings().all():
                here.execute(insert(table).values(**row))
    return moved
