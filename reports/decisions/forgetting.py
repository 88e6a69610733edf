"""A customer who is to be forgotten: erased from the state; the ledger keeps that it was done and by whom, not of whom."""

import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from pipeline.errors import DataError
from pipeline.record.opened_workspace import Opened
from pipeline.state.erasure import erase_in, overwrite_deleted, rows_of
from pipeline.tables.remote_files import shown_url
from reports.decisions.shared_workspace import bring_all

_TEXTS = ("chat", "page", "reports", "transcripts")
_LONGEST_ID = 1_000


class Forgotten(BaseModel, frozen=True):
    """What was erased, or would be: rows by table. `mentions` are files of the workspace in which the id stands as a word, `elsewhere` is what
    churnops cannot erase, as sentences; both are for people to see to. `row`: the ledger's, None where nothing was erased."""

    rows: dict[str, int]
    mentions: tuple[str, ...]
    elsewhere: tuple[str, ...]
    row: int | None


def known_of(opened: Opened, customer: str) -> Forgotten:
    """What is on record of the customer with this id, and where else something may be.

    Raises:
        DataError: the id is empty or too long.
    """
    if not customer.strip() or len(customer) > _LONGEST_ID:
        raise DataError("That is no id of a customer.", "Give the id as it was logged.")
    bring_all(opened)
    with opened.state.read() as connection:
        rows = rows_of(connection, customer)
    return Forgotten(rows=rows, mentions=tuple(_mentions(opened, customer)), elsewhere=tuple(_elsewhere(opened)), row=None)


def forget(opened: Opened, customer: str) -> Forgotten:
    """Erase the customer's predictions, outcomes, offers and shadow scores, with a row in the ledger that does not say whose they were.

    Raises:
        DataError: as `known_of`; or nothing is on record under this id.
    """
    before = known_of(opened, customer)
    with opened.state.write() as connection:
        rows = erase_in(connection, customer)
        if not any(rows.values()):
            raise DataError("Nothing is on record under this id.", "Give the id as it was logged, letter for letter.")
        entry = opened.ledger.append_in(connection, opened.clock(), "forgotten", None, {"rows": rows, "by": opened.person})
    opened.ledger.catch_up()
    elsewhere = before.elsewhere
    if not overwrite_deleted(opened.state):
        elsewhere = (*elsewhere, "The database's log of writes is in use and still holds the rows; it is overwritten when its readers end.")
    return before.model_copy(update={"rows": rows, "row": entry.seq, "elsewhere": elsewhere})


def _mentions(opened: Opened, customer: str) -> Iterator[str]:
    word = re.compile(rf"(?<![\w-]){re.escape(customer)}(?![\w-])")
    for name in _TEXTS:
        for path in sorted((opened.workspace.home / name).rglob("*")):
            if path.is_file() and word.search(path.read_text(encoding="utf-8", errors="ignore")):
                yield path.relative_to(opened.workspace.root).as_posix()


def _elsewhere(opened: Opened) -> Iterator[str]:
    settings = opened.settings
    yield f"The reference {settings.data.file} is yours: where the customer is in it, take the row out; every command says that the file changed."
    for place in filter(None, (settings.predictions.file, settings.predictions.table, settings.outcomes.file, settings.outcomes.table)):
        yield f"{Path(place).name} is yours: churnops reads it and writes nothing there."
    models = sum(1 for path in opened.workspace.models.glob("*") if path.is_dir())
    if models:
        yield (
            f"{models} trained models keep their training rows without ids, as part of the bytes that approvals are bound to, and their parameters "
            "came from such rows; if the customer was among them, that stays until those models are no longer kept."
        )
    if opened.workspace.shared is not None:
        yield f"{shown_url(opened.workspace.shared.url)} holds the same models, reports and transcripts: take out there what you take out here."
        yield "The .churnops of each other host has copies of its own, and its chats: look through it there, too."
    yield "Backups and exported cases made before still hold what was erased."
