"""What a table says of offers, under a team's own names and words: a file, or a table in a database."""

import difflib
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import pandas as pd

from pipeline.errors import DataError
from pipeline.intake.outcome_words import word_of
from pipeline.intake.team_log import from_folder
from pipeline.record.opened_workspace import Opened
from pipeline.shown_text import plain
from pipeline.sources.relation import text_of
from pipeline.sources.source import ALL_ROWS, DatabaseTable
from pipeline.sources.source_opening import open_source
from pipeline.state.offers import Offer
from pipeline.tables.cell_values import ids_in
from pipeline.tables.file_format import FileFormat
from pipeline.tables.reading import RawTable, raw_of, read_raw, times_in
from pipeline.tables.schema import Schema
from pipeline.workspace.offer_settings import OfferSettings

_OWN_ID = "id"  # of the lists that churnops writes


def read_offer_file(opened: Opened, path: Path) -> tuple[Offer, ...]:
    """The offers in a file; errors as `offers_of`."""
    return offers_of(opened, read_raw(path, opened.settings.data.format))


def configured_offers(opened: Opened) -> tuple[Offer, ...]:
    """The offers that lie where [offers] says.

    Raises:
        DataError: [offers] names no place, or as `offers_of`.
    """
    named = opened.settings.offers
    if named.file:
        return read_offer_file(opened, opened.workspace.root / named.file)
    if not named.table:
        raise DataError(
            "[offers] in churnops.toml does not say where offers lie.",
            "Name a file or a table there, or give a file: `churnops offers add FILE`.",
        )
    return offers_of(opened, _cells(opened, named))


def offers_of(opened: Opened, raw: RawTable) -> tuple[Offer, ...]:
    """The offers in a table. Rows without an id are left out.

    Raises:
        DataError: a column is missing, a row has no time or a cell that is none, or a word is neither a yes nor a no.
    """
    named = opened.settings.offers
    id_ = id_column(opened, raw.frame.columns)
    _require_columns(raw, id_, named)
    ids, times = ids_in(raw.frame[id_], raw.decimal), times_in(raw, named.time)
    known = ids.notna()
    if (undated := known & times.isna()).any():
        first = int(undated.to_numpy().argmax()) + 1
        raise DataError(
            f"{raw.path.name}: `{plain(named.time)}` is empty in {int(undated.sum()):,} rows, the first in data row {first}.",
            "Say of each offer when it was made; leave out offers that were not.",
        )
    kinds = raw.frame[named.kind].fillna("") if named.kind in raw.frame else pd.Series("", index=raw.frame.index)
    accepted, held_out = _words(raw, named.accepted, named), _words(raw, named.held_out, named)
    return tuple(
        Offer(str(one), at.to_pydatetime(), str(kind), None if pd.isna(taken) else bool(taken), bool(held == 1))
        for one, at, kind, taken, held in zip(ids[known], times[known], kinds[known], accepted[known], held_out[known], strict=True)
    )


def id_column(opened: Opened, present: Collection[str]) -> str:
    """The column that names the customer: as [offers] says, else as [predictions] or [data] do, or `id`, as in lists of `churnops score`.

    Raises:
        DataError: the workspace names none, and there is no such.
    """
    settings = opened.settings
    if settings.offers.id:
        return settings.offers.id
    usual = [name for name in (settings.predictions.id, settings.data.id) if name]
    found = next((name for name in (*usual, _OWN_ID) if name in present), None) or next(iter(usual), None)
    if found is None:
        raise DataError("The workspace names no id column, so offers cannot be joined.", "Set `id` under [offers] in churnops.toml.")
    return found


def _require_columns(raw: RawTable, id_: str, named: OfferSettings) -> None:
    wanted = {"id": id_, "time": named.time}
    for role in ("kind", "accepted", "held_out"):
        # Under its usual name it may be there or not; under a name of the team's own it is meant to be.
        if getattr(named, role) != OfferSettings.model_fields[role].default:
            wanted[role] = getattr(named, role)
    there = list(raw.frame.columns)
    for role, name in wanted.items():
        if name not in there:
            close = next(iter(difflib.get_close_matches(name, there, 1, 0.5)), None)
            hint = f"Perhaps `{plain(close)}` is meant: write" if close else "Name the column that has it: write"
            raise DataError(f"{raw.path.name} lacks `{plain(name)}`.", f'{hint} {role} = "{plain(close or "NAME")}" under [offers].')


def _words(raw: RawTable, name: str, named: OfferSettings) -> "pd.Series[float]":
    """1.0, 0.0, or NaN where the table says nothing."""
    if name not in raw.frame:
        return pd.Series(float("nan"), index=raw.frame.index)
    meanings = {word_of(word): 0.0 for word in named.no} | {word_of(word): 1.0 for word in named.yes}
    said = raw.frame[name].map(lambda text: word_of(str(text), raw.decimal), na_action="ignore")
    unknown = said.notna() & ~said.isin(list(meanings))
    if unknown.any():
        first = int(unknown.to_numpy().argmax()) + 1
        raise DataError(
            f"{raw.path.name}: `{plain(name)}` is neither a yes nor a no in {int(unknown.sum()):,} rows, the first in data row {first}.",
            f"Known words are {', '.join((*named.yes, *named.no))}; name yours as `yes` and `no` under [offers] in churnops.toml.",
        )
    return said.map(meanings).astype("float64")


def _cells(opened: Opened, named: OfferSettings) -> RawTable:
    """The columns that are meant of a table in a database, each cell as text; of a table without rows none, so that it is said as of a file."""
    url = from_folder(named.url or opened.settings.predictions.url, opened.workspace.root)
    source = DatabaseTable(url, named.table, opened.settings.data.format.timezone)
    settings = opened.settings
    names = (named.id, settings.predictions.id, settings.data.id, _OWN_ID, named.time, named.kind, named.accepted, named.held_out)
    meant = tuple(dict.fromkeys(filter(None, names)))
    with open_source(source, Schema(target=named.time, positive="", categorical=meant), ALL_ROWS) as relation:
        there = [name for name in relation.columns if name in meant]
        if not there:
            return RawTable(pd.DataFrame(columns=list(relation.columns), dtype=object), FileFormat(), Path(named.table))
        cells = ", ".join(f"{text_of(relation.columns[name], relation.dialect)} as v{place}" for place, name in enumerate(there))
        rows = list(relation.rows(f"select {cells} from {relation.table}"))
        fmt = FileFormat(decimal=relation.decimal, timezone=relation.timezone)
    return replace(raw_of(pd.DataFrame(rows, columns=there, dtype=object), named.table, fmt), format=fmt)
