"""What a table says of outcomes, under a team's own names and words."""

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pandas as pd

from pipeline.errors import DataError
from pipeline.intake.outcome_words import outcome_words, word_of
from pipeline.record.opened_workspace import Opened
from pipeline.shown_text import FOLD_BELOW, quoted
from pipeline.tables.cell_values import ids_in, parse_times
from pipeline.tables.reading import RawTable, times_in
from pipeline.workspace.outcome_settings import OutcomeSettings
from pipeline.workspace.settings import Settings

_LOOKED_AT = 1_000  # cells of a column that may hold dates
_SHOWN_NAMES = 20
_SHOWN_WORDS = 5


@dataclass(frozen=True)
class OutcomeTable:
    """`words`: columns `_id`, `_time` (missing where no scoring time is named), `_observed` and `_recorded` (missing likewise), `_churned` (1.0
    or 0.0), one row for an id and time. `repeated` rows gave way to a later word, `unused_dates` names columns of dates that nobody reads."""

    words: pd.DataFrame
    repeated: int
    unused_dates: tuple[str, ...]


@dataclass(frozen=True)
class OutcomeColumns:
    """Where a table has what: `id` and `outcome` must be there, the times may be."""

    id: str
    outcome: str
    scored_at: str
    observed_at: str
    recorded_at: str


def outcome_columns(settings: Settings, present: Collection[str]) -> OutcomeColumns:
    """The columns as [outcomes] names them, for what it leaves open [predictions] and [data].

    Raises:
        DataError: the workspace names no id column.
    """
    named, data = settings.outcomes, settings.data
    id_ = named.id or settings.predictions.id or data.id
    if not id_:
        raise DataError("The workspace names no id column, so outcomes cannot be joined.", "Set `id` under [outcomes] in churnops.toml.")
    if id_ not in present and data.id in present:
        id_ = data.id
    return OutcomeColumns(id_, named.outcome or data.target, named.scored_at, named.observed_at, named.recorded_at)


def read_outcomes_of(opened: Opened, raw: RawTable, columns: OutcomeColumns) -> OutcomeTable:
    """The outcomes in a table.

    Of several words on an id and scoring time the last one counts: by the time of observation where the table has it, else by the order of
    rows. Where none says when it was observed, that is when it was recorded. With a horizon, what happened to an id at different moments is no repetition.

    Raises:
        DataError: a column is missing, a word has no meaning, a cell of times holds none, or a horizon has nothing to count from.
    """
    named = opened.settings.outcomes
    _require_columns(raw, columns, named)
    ids = ids_in(raw.frame[columns.id], raw.decimal)
    churned = _churned(opened, raw, columns.outcome, ids)
    recorded = times_in(raw, columns.recorded_at)
    times = {
        "_time": times_in(raw, columns.scored_at),
        "_observed": times_in(raw, columns.observed_at).fillna(recorded),
        "_recorded": recorded,
    }
    told = pd.DataFrame({"_id": ids, **times, "_churned": churned}).dropna(subset=["_id", "_churned"])
    unused = _unused_dates(raw, columns)
    if named.horizon and told[["_time", "_observed"]].isna().all(axis=1).any():
        hint = f" ({', '.join(f'`{name}`' for name in unused)} may be it)" if unused else ""
        raise DataError(
            f"{raw.path.name} does not say when each customer churned, from where the horizon of {named.horizon} counts.",
            f"Name that column as observed_at under [outcomes]{hint}.",
        )
    told = told.sort_values("_observed", kind="stable", na_position="first")
    moments = told["_observed"].where(told["_time"].isna() & bool(named.horizon))
    words = told[~told[["_id", "_time"]].assign(moment=moments).duplicated(keep="last")]
    return OutcomeTable(words, len(told) - len(words), unused)


def _churned(opened: Opened, raw: RawTable, name: str, ids: "pd.Series[str]") -> "pd.Series[float]":
    """1.0, 0.0, or NaN where nothing is known yet."""
    words = raw.frame[name].map(lambda text: word_of(str(text), raw.decimal), na_action="ignore")
    meanings = outcome_words(opened).meanings(words.dropna().unique())
    unknown = words.dropna()[lambda said: ~said.isin(list(meanings))]
    if len(unknown):
        raise DataError(
            f"{raw.path.name}: `{name}` holds {unknown.nunique():,} {'value that is' if unknown.nunique() == 1 else 'values that are'} "
            f"neither a yes nor a no, in {len(unknown):,} of {words.notna().sum():,} rows, the first in data row "
            f"{int((raw.frame.index == unknown.index[0]).argmax()) + 1}{_met(unknown, ids)}.",
            'Name its word for churned under [outcomes] in churnops.toml, `yes = ["…"]`, and where more than two words are met '
            '`no = ["…"]` as well; or export both outcomes only.',
        )
    return words.map(meanings).astype("float64")


def _met(unknown: "pd.Series[str]", ids: "pd.Series[str]") -> str:
    """The words that many customers share; others, a name in the wrong column say, could point at a person."""
    customers = ids[unknown.index].groupby(unknown).nunique()
    met = customers[customers >= FOLD_BELOW].nlargest(_SHOWN_WORDS).index
    return f"; met {', '.join(map(quoted, met))}" if len(met) else ""


def _require_columns(raw: RawTable, columns: OutcomeColumns, named: OutcomeSettings) -> None:
    wanted = {"id": columns.id, "outcome": columns.outcome}
    for role in ("scored_at", "observed_at", "recorded_at"):
        # Under its usual name a time may be there or not; under a name of the team's own it is meant to be.
        if getattr(named, role) != OutcomeSettings.model_fields[role].default:
            wanted[role] = getattr(columns, role)
    lacking = {role: name for role, name in wanted.items() if name and name not in raw.frame}
    if lacking:
        names = " and ".join(f"`{name}`" for name in lacking.values())
        raise DataError(f"{raw.path.name} lacks {names}.", _meant(lacking, list(raw.frame.columns)))


def _meant(lacking: Mapping[str, str], there: list[str]) -> str:
    by_lower = {name.lower(): name for name in there}
    close = {
        role: by_lower[found[0]] for role, name in lacking.items() if (found := difflib.get_close_matches(name.lower(), by_lower, 1, 0.5))
    }
    if close:
        said = ", ".join(f'{role} = "{name}"' for role, name in close.items())
        return f"Did you mean {' and '.join(f'`{name}`' for name in close.values())}? Then write {said} under [outcomes] in churnops.toml."
    more = ", …" if len(there) > _SHOWN_NAMES else ""
    listed = ", ".join(f"`{name}`" for name in there[:_SHOWN_NAMES])
    return f"Its columns are {listed}{more}; name {' and '.join(lacking)} under [outcomes] in churnops.toml."


def _unused_dates(raw: RawTable, columns: OutcomeColumns) -> tuple[str, ...]:
    used = {columns.id, columns.outcome, columns.scored_at, columns.observed_at, columns.recorded_at}
    return tuple(name for name in raw.frame.columns if name not in used and _holds_dates(raw, name))


def _holds_dates(raw: RawTable, name: str) -> bool:
    cells = raw.frame[name].dropna().head(_LOOKED_AT).astype("str")
    # Numbers may count seconds, and may be anything else.
    if cells.empty or pd.to_numeric(cells, errors="coerce").notna().any():
        return False
    return bool(parse_times(cells, raw.format.timezone).notna().all())
