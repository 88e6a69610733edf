"""A first schema for a table nobody described yet: guessed by rules a person can follow, shown, and theirs to correct."""

import difflib
import re
from dataclasses import dataclass, replace

import pandas as pd

from pipeline.errors import DataError
from pipeline.tables.cell_values import categories_in, parse_numbers, parse_times
from pipeline.tables.reading import RawTable
from pipeline.tables.schema import Schema

FEWEST_NUMBERS = 11  # distinct numbers from which a column is a quantity rather than a code
_NEARLY_ALL = 0.95
_FREE_TEXT_SHARE, _FREE_TEXT_VALUES = 0.5, 50
_CHURN_WORDS = frozenset(
    {"1", "attrited", "attrited customer", "canceled", "cancelled", "churn", "churned", "exited", "gone", "left", "lost"}
    | {"t", "true", "y", "yes"}
)
_PERSONS = ("customer", "cust", "account", "client", "subscriber", "user", "member", "msisdn", "uuid", "guid")
_PERSON_ALONE = frozenset({"id", "customer", "account", "client", "subscriber", "user", "member", "msisdn", "uuid", "guid"})
_SCORING_WORDS = frozenset({"scored", "scoring", "snapshot", "predicted", "observed", "observation"})
_TIME_WORDS = frozenset({"time", "date", "datetime", "timestamp", "ts", "day", "at"})
_NO_NAME = re.compile(r"Unnamed: \d+|__index_level_\d+__")


@dataclass(frozen=True)
class Inference:
    """A guessed schema, the columns it leaves out as (column, reason), and remarks worth showing."""

    schema: Schema
    ignored: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Column:
    """What the rules ask about one column; shares are of its non-missing cells, in 0-1."""

    name: str
    text: pd.Series
    distinct: int
    distinct_share: float
    number_share: float
    is_time: bool

    @property
    def words(self) -> list[str]:
        return [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", self.name)]

    @property
    def named_id(self) -> int:
        """How much the name says "this is who": 0 nothing, 1 a person or an id, 2 a person's id."""
        lowered = "".join(self.words)
        if lowered in _PERSON_ALONE:
            return 2
        person = any(word in lowered for word in _PERSONS)
        identity = bool({"id", "ids", "number", "no", "key"} & {*self.words}) or (person and lowered.endswith("id"))
        return person + identity

    @property
    def has_fractions(self) -> bool:
        return self.number_share == 1 and not self.text.str.fullmatch(r"\d+(?:[.,]0+)?").all()

    @property
    def identifies(self) -> bool:
        """Nearly every row has its own value, in the shape of an id: one word, and an integer only where the name says id or where all
        are different and equally long, because amounts are nearly all different too."""
        if self.distinct_share < _NEARLY_ALL or self.has_fractions:
            return False
        if self.number_share < 1 or self.named_id == 2 or {"id", "ids"} & {*self.words}:
            return self.named_id > 0 or bool(self.text.str.fullmatch(r"\S+").all())
        return self.distinct_share == 1 and self.text.str.len().nunique() == 1

    @property
    def named_time(self) -> int:
        """How much the name says "when this row was true": 0 nothing, 1 a time, 2 a time of scoring."""
        return bool(_TIME_WORDS & {*self.words}) + bool(_SCORING_WORDS & {*self.words})


def infer(raw: RawTable, target: str, positive: str = "") -> Inference:
    """Guess the roles of a labelled table's columns.

    Numerical: every value is a number and more than ten are different; other columns of few values are categorical. Id: nearly every
    row its own text or integer, a name like `customerID` first; where the name says so, ids may repeat. Time: every value is a date
    or time, a name like `scored_at` first. Left out: further ids and dates, free text (most rows their own value), constant and empty
    columns, columns without a name, and copies of the target. Positive: a word for churn, else the rarer value.

    Raises:
        DataError: no such target, a target that does not hold exactly two values, no such positive value, or no feature left.
    """
    counted = _two_outcomes(raw, target)
    notes: list[str] = []
    positive = _positive(counted, target, positive, notes)
    ignored: dict[str, str] = {}
    columns: list[_Column] = []
    for name in raw.frame.columns.drop(target):
        text = raw.frame[name]
        if _NO_NAME.fullmatch(name):
            ignored[name] = "it has no name, so it is probably a row number"
        elif text.isna().all():
            ignored[name] = "it is empty"
        else:
            columns.append(_look_at(raw, name))
    times = sorted((column for column in columns if column.is_time), key=lambda column: -column.named_time)
    rest = [column for column in columns if not column.is_time]
    ignored |= {column.name: f"a further date beside `{times[0].name}`" for column in times[1:]}
    who = _id(rest, has_time=bool(times))
    numerical: list[str] = []
    categorical: list[str] = []
    for column in rest:
        if column is who:
            continue
        if reason := _no_feature(column, raw.frame[target]):
            ignored[column.name] = reason
        elif column.number_share == 1 and column.distinct >= FEWEST_NUMBERS:
            numerical.append(column.name)
        else:
            categorical.append(column.name)
            if _NEARLY_ALL <= column.number_share < 1:
                notes.append(f"`{column.name}` is categorical because {_not_numbers(column)}.")
    if not numerical and not categorical:
        raise DataError(f"{raw.path.name} has no feature beside the target.", "Export what is known about each customer as well.")
    if who and (repeats := int(who.text.dropna().duplicated().sum())):
        notes.append(f"{repeats} {'id repeats' if repeats == 1 else 'ids repeat'}: the split will keep each customer on one side.")
    schema = Schema(
        target=target,
        positive=positive,
        id=who.name if who else None,
        time=times[0].name if times else None,
        numerical=tuple(numerical),
        categorical=tuple(categorical),
    )
    in_order = tuple((name, ignored[name]) for name in raw.frame.columns if name in ignored)
    return Inference(schema, in_order, tuple(notes))


def _two_outcomes(raw: RawTable, target: str) -> "pd.Series[int]":
    if target not in raw.frame:
        by_lower = {name.lower(): name for name in raw.frame.columns}
        close = [f"`{by_lower[name]}`" for name in difflib.get_close_matches(target.lower(), by_lower, cutoff=0.5)]
        hint = (
            f"Did you mean {' or '.join(close)}?" if close else f"Its columns are {', '.join(f'`{name}`' for name in raw.frame.columns)}."
        )
        raise DataError(f"{raw.path.name} has no column `{target}`.", hint)
    outcomes = categories_in(raw.frame[target], None, raw.decimal).value_counts()
    if len(outcomes) != 2:
        count = f"{len(outcomes)} different values" if len(outcomes) != 1 else "one value only"
        raise DataError(f"The target `{target}` holds {count}; churn is a yes or a no.", "Name a column with exactly two values.")
    return outcomes


def _positive(outcomes: "pd.Series[int]", target: str, given: str, notes: list[str]) -> str:
    values = [str(value) for value in outcomes.index]
    if given:
        if given not in values:
            raise DataError(f"No value of `{target}` is `{given}`.", f"Its values are `{values[0]}` and `{values[1]}`.")
        return given
    known = [value for value in values if value.casefold().strip(" .") in _CHURN_WORDS]
    if len(known) == 1:
        return known[0]
    notes.append(f"`{values[1]}` is taken for churn because it is the rarer value of `{target}`.")
    return values[1]


def _look_at(raw: RawTable, name: str) -> _Column:
    text = raw.frame[name].dropna()
    distinct = pd.Series(text.unique(), dtype=object)
    numbers = parse_numbers(distinct, raw.decimal)
    # A plain number is a time only if the name says so: amounts in the hundred millions look like seconds since 1970.
    column = _Column(name, text, len(distinct), len(distinct) / len(text), float(text.isin(distinct[numbers.notna()]).mean()), False)
    if column.number_share == 1 and not column.named_time:
        return column
    return replace(column, is_time=bool(parse_times(distinct, raw.format.timezone).notna().all()))


def _id(columns: list[_Column], has_time: bool) -> _Column | None:
    def repeats(column: _Column) -> bool:
        return column.named_id == 2 and column.distinct >= FEWEST_NUMBERS and (has_time or column.distinct_share > _FREE_TEXT_SHARE)

    candidates = [column for column in columns if column.identifies or (repeats(column) and not column.has_fractions)]
    return max(candidates, key=lambda column: (column.named_id, column.distinct_share), default=None)


def _no_feature(column: _Column, outcomes: pd.Series) -> str:
    if column.distinct == 1:
        return "it is constant"
    if column.named_id and column.identifies:
        return "it looks like a further id"
    if column.number_share == 1 and column.distinct >= FEWEST_NUMBERS:
        return ""
    if column.distinct > _FREE_TEXT_VALUES and column.distinct_share > _FREE_TEXT_SHARE:
        return _not_numbers(column) if column.number_share >= _NEARLY_ALL else "it is free text: most rows have a value of their own"
    if column.distinct == 2 and outcomes[column.text.index].groupby(column.text).nunique().max() == 1:
        return "it says the same as the target"
    return ""


def _not_numbers(column: _Column) -> str:
    wrong = round(len(column.text) * (1 - column.number_share))
    return f"{wrong} of its {len(column.text)} values are not numbers"
