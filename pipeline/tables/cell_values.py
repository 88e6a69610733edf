"""What a column's cells mean, all at once: texts, numbers or points in time. Every table format is brought to text first, so that the same
customers read from CSV, JSON or Parquet are the same customers."""

import re
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import pandas as pd

from pipeline.tables.categories import Categories, Spelling, settled
from pipeline.tables.cell_numbers import Decimal, id_of, number_in
from pipeline.tables.cell_times import YEAR_FIRST, YEAR_LAST, masked
from pipeline.tables.missing import present

EpochUnit = Literal["s", "ms", "us", "ns"]

_OFFSET = r".*\d:\d{2}.*(?:Z|UTC|[+-]\d{2}(?::?\d{2})?)"
# Counted since 1970, from 1973 to 2103: no unit's numbers look like another's, nor like 20240131.
_EPOCH_SECONDS = (1e8, 4.2e9)
# Days since the start of 1900 as Excel counts them, from 1982 to 2064. Its times of day are good to a thousandth of a second.
_EXCEL_DAYS, _EXCEL_START = (3e4, 6e4), pd.Timestamp("1899-12-30")
HOW_TO_WRITE_TIMES = "Write them like 2024-01-31T10:00:00+01:00."
_PER_SECOND: dict[EpochUnit, float] = {"s": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}


def clean_text(column: "pd.Series[str]") -> "pd.Series[str]":
    """Each cell as stripped text, or None where it is missing (`MISSING`); dtype object."""
    return _each(column, present)


def ids_in(column: "pd.Series[str]", decimal: Decimal = ".") -> "pd.Series[str]":
    """Each cell as an id (`cell.id_of`), NaN where it is missing; dtype object."""
    return _each(column, lambda text: id_of(text, decimal)).fillna(np.nan)


def categories_in(column: "pd.Series[str]", known: Categories | None, decimal: Decimal = ".") -> "pd.Series[str]":
    """Each cell as a category (`Categories.spelling`), NaN where it is missing; dtype object. Without `known` this is a reference, which
    settles the spelling itself."""
    known = known or settled(column.dropna().map(_text).unique(), decimal)
    return _each(column, lambda text: known.spelling(text, decimal)).fillna(np.nan)


def spelling_in(frame: pd.DataFrame, columns: Sequence[str]) -> Spelling:
    """How a typed reference, or a part of it, spells the categories of these columns: as they are, because what makes texts of a column of
    numbers may be in another part."""
    return {name: Categories(tuple(frame[name].dropna().unique())) for name in columns}


def spelt(frame: pd.DataFrame, spelling: Spelling) -> pd.DataFrame:
    """A typed frame with its categories spelt as a reference spells them."""
    return frame.assign(**{name: categories_in(frame[name], known) for name, known in spelling.items() if name in frame})


def _each(column: "pd.Series[str]", meaning: Callable[[str], str | None]) -> "pd.Series[str]":
    # Work on distinct values only, and share them: a million rows of "Yes" and "No" are two strings.
    codes, distinct = pd.factorize(column)
    shared = np.array([*(meaning(_text(value)) for value in distinct), None], dtype=object)
    return pd.Series(shared[codes], index=column.index, name=column.name, dtype=object)


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def parse_numbers(text: "pd.Series[str]", decimal: Decimal) -> "pd.Series[float]":
    """Each cell as a number (`cell.number_in`), NaN where it is missing; float64."""
    codes, distinct = pd.factorize(text)
    return pd.Series(np.array([*(number_in(_text(value), decimal) for value in distinct), np.nan])[codes], index=text.index, name=text.name)


def parse_times(text: "pd.Series[str]", timezone: str, decimal: Decimal = ".") -> "pd.Series[pd.Timestamp]":
    """Points in time (datetime64[us, UTC]); NaT where missing or no time.

    Understood are year-first dates with or without a time of day, day- or month-first dates with a four-digit year, numbers
    of seconds, milli-, micro- or nanoseconds since 1970, and Excel's numbers of days. Where the file leaves open whether day or month comes
    first, `/` means month first and `.` or `-` day first. Times without an offset are taken in `timezone`; of an hour that a clock change
    repeats, the second is meant.
    """
    plain = text.astype("str")
    counted = pd.to_numeric(plain.str.replace(",", ".", regex=False) if decimal == "," else plain, errors="coerce")
    if unit := _epoch_unit(counted):
        return pd.to_datetime(counted, unit=unit, utc=True, errors="coerce").dt.as_unit("us")
    days = counted.where(counted.between(*_EXCEL_DAYS))
    if days.count() > counted.count() / 2:
        return _in_zone(_EXCEL_START + pd.to_timedelta(days, unit="D").dt.round("ms"), timezone)
    plain = _year_first(plain)
    plain = plain.where(plain.str.fullmatch(YEAR_FIRST).fillna(False).astype(bool))
    aware = plain.str.fullmatch(_OFFSET).fillna(False).astype(bool)
    times = pd.to_datetime(plain.where(aware), format="mixed", errors="coerce", utc=True).dt.as_unit("us")
    if aware.all():
        return times
    return times.fillna(_in_zone(pd.to_datetime(plain.where(~aware), format="mixed", errors="coerce"), timezone))


def unread_times(text: "pd.Series[str]", times: "pd.Series[pd.Timestamp]") -> str | None:
    """What people have to know of the texts that `parse_times` made no times of; None where it did of all."""
    wrong = text[times.isna() & text.notna()]
    if wrong.empty:
        return None
    if (date := re.fullmatch(YEAR_LAST, wrong.iloc[0])) and int(date[1]) > 12 >= int(date[3]):
        return "are dates with the day first, while others have the month first"
    return f"are not dates or times (they look like `{masked(wrong.iloc[0])}`)"


def _in_zone(local: "pd.Series[pd.Timestamp]", timezone: str) -> "pd.Series[pd.Timestamp]":
    local = local.dt.as_unit("us")
    named = local.dt.tz_localize(timezone, ambiguous=np.zeros(len(local), dtype=bool), nonexistent="shift_forward")
    return named.dt.tz_convert("UTC")


def _epoch_unit(counted: "pd.Series[float]") -> EpochUnit | None:
    typical = counted.median()
    earliest, latest = _EPOCH_SECONDS
    return next((unit for unit, per_second in _PER_SECOND.items() if earliest <= typical / per_second <= latest), None)


def _year_first(text: "pd.Series[str]") -> "pd.Series[str]":
    parts = text.str.extract(rf"^{YEAR_LAST}$")
    written = parts[0].notna()
    if not written.any():
        return text
    month, day = (parts[0], parts[2]) if _month_first(parts[written]) else (parts[2], parts[0])
    return text.mask(written, parts[3] + "-" + month.str.zfill(2) + "-" + day.str.zfill(2) + parts[4].fillna(""))


def _month_first(parts: pd.DataFrame) -> bool:
    """Of dates with the year last, in the parts of `YEAR_LAST`."""
    first, second = parts[0].astype(int).max(), parts[2].astype(int).max()
    return bool(second > 12 or (first <= 12 and (parts[1] == "/").all()))
