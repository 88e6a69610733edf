"""Which rows are not as declared. What the profile of the rows tells is not counted again: a column that keeps to its range costs no query."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from pipeline.errors import DataError
from pipeline.expectations import queries as sql
from pipeline.expectations.beginning import Hour, beginning
from pipeline.expectations.declared import Declared
from pipeline.expectations.violation import ColumnKind, ColumnViolation, Example
from pipeline.profiles.profile import CategoricalProfile, NumericalProfile, Profile, Values, spelling_of
from pipeline.profiles.queries import categories_query, unreadable_query
from pipeline.shown_text import FOLD_BELOW, plain
from pipeline.sources.relation import Column, Relation
from pipeline.sources.source import Restriction, Source
from pipeline.sources.source_opening import open_source
from pipeline.tables.cell_numbers import number_in
from pipeline.tables.schema import Schema
from pipeline.tables.similar_names import most_alike

_Column = NumericalProfile | CategoricalProfile

_EXAMPLES = 3
_SHOWN = 5  # values in a sentence


def broken_columns(
    source: Source, schema: Schema, restriction: Restriction, profile: Profile, declared: Sequence[Declared]
) -> tuple[ColumnViolation, ...]:
    """What breaks an expectation among the rows meant, whose `profile` is known.

    Raises:
        DataError: the source cannot be read, or lacks a column that is declared and no feature.
    """
    asked = {one: kinds for one in declared if (kinds := _asked(one, profile))}
    if not asked:
        return ()
    with open_source(source, _read_with(schema, declared), restriction, spelling_of(profile)) as relation:
        found = (_violation(relation, one, kind, profile.rows) for one, kinds in asked.items() for kind in kinds)
        return tuple(violation for violation in found if violation is not None)


def _asked(one: Declared, profile: Profile) -> tuple[ColumnKind, ...]:
    """What the profile shows to be broken, or cannot tell."""
    columns: dict[str, _Column] = {column.name: column for column in profile.numerical} | {
        column.name: column for column in profile.categorical
    }
    if one.role == "feature" and one.read_as in profile.absent:
        return ("absent",)
    kinds = _declared_kinds(one)
    if one.role == "id":
        return tuple(kind for kind in kinds if kind != "repeated" or profile.repeats)
    if one.role == "other":
        return kinds
    return tuple(kind for kind in kinds if _may_be(kind, one, columns[one.read_as], profile.rows))


def _declared_kinds(one: Declared) -> tuple[ColumnKind, ...]:
    expected = one.expected
    kinds: dict[ColumnKind, bool] = {
        "below": expected.min is not None,
        "above": expected.max is not None,
        "value": bool(expected.values),
        "missing": expected.max_missing is not None,
        "repeated": expected.unique,
    }
    return tuple(kind for kind, is_declared in kinds.items() if is_declared)


def _may_be(kind: ColumnKind, one: Declared, column: _Column, rows: int) -> bool:
    expected = one.expected
    if kind == "missing":
        return expected.max_missing is not None and _missing(column) > expected.max_missing * rows
    if kind == "repeated":
        return True
    if isinstance(column, CategoricalProfile):
        return bool(column.unnamed) or any(count and not one.allows(category) for category, count in column.listed.items())
    if kind == "value":
        return not isinstance(column.content, Values) or any(not one.allows(str(value)) for value in column.content.values)
    if kind == "below":
        return expected.min is not None and column.minimum is not None and column.minimum < expected.min
    return expected.max is not None and column.maximum is not None and column.maximum > expected.max


def _missing(column: _Column) -> int:
    """Rows with an empty cell: a word among numbers is no gap."""
    return column.nulls - (column.unreadable + column.infinite if isinstance(column, NumericalProfile) else 0)


def _read_with(schema: Schema, declared: Sequence[Declared]) -> Schema:
    """`schema` with the columns that are no features, so that a source reads them too."""
    others = [one for one in declared if one.role == "other" and one.read_as not in (schema.time, schema.target)]
    ranges = tuple(one.read_as for one in others if one.expected.min is not None or one.expected.max is not None)
    texts = tuple(one.read_as for one in others if one.read_as not in ranges)
    return schema.model_copy(update={"numerical": (*schema.numerical, *ranges), "categorical": (*schema.categorical, *texts)})


def _violation(relation: Relation, one: Declared, kind: ColumnKind, rows: int) -> ColumnViolation | None:
    feature = one.read_as if one.role == "feature" else None
    declared = _words(one, kind)
    if kind == "absent":
        return ColumnViolation(kind=kind, column=one.name, feature=feature, declared=declared, rows=rows, of=rows)
    column = relation.id if one.role == "id" else relation.columns.get(one.read_as)
    if column is None:
        raise _unknown(one, relation)
    if kind == "repeated":
        keys = [column] if one.role != "id" or relation.time is None else [column, relation.time]
        count, first, last = relation.one(sql.repeats_query(relation, keys))
        customers, examples, began = 0, tuple[Example, ...](), None
    else:
        condition, parameters = _condition(relation, column, one, kind)
        count, first, last, customers = relation.one(sql.count_query(relation, condition), **parameters)
        tells = kind != "missing" and one.role != "id" and count
        examples = tuple(_examples(relation, column, one, condition, parameters)) if tells else ()
        began = _beginning(relation, condition, parameters) if count and relation.time is not None else None
    count = int(count or 0)
    if not count or (kind == "missing" and count <= (one.expected.max_missing or 0.0) * rows):
        return None
    return ColumnViolation(
        kind=kind, column=one.name, feature=feature, declared=declared, rows=count, of=rows, first=_moment(first), last=_moment(last), began=_moment(began),
        customers=None if relation.id is None or kind == "repeated" else int(customers), examples=examples,
    )  # fmt: skip


def _beginning(relation: Relation, condition: str, parameters: dict[str, object]) -> float | None:
    found = relation.rows(sql.hours_query(relation, condition), **parameters)
    return beginning([Hour(int(rows), int(broken), None if first is None else float(first)) for rows, broken, first in found])


def _condition(relation: Relation, column: Column, one: Declared, kind: ColumnKind) -> tuple[str, dict[str, object]]:
    """The condition that a row breaks the expectation, and its parameters."""
    if kind == "missing":
        return sql.is_missing(relation, column), {}
    if kind == "value":
        texts = [text for text, _ in relation.rows(categories_query(relation, column)) if not one.allows(text, relation.decimal)]
        return sql.is_one_of(relation, column), {"texts": json.dumps(texts)}
    limit = one.expected.min if kind == "below" else one.expected.max
    assert limit is not None  # this kind was declared
    condition = sql.beyond(relation, column, "<" if kind == "below" else ">")
    # "1,234" is a number that no engine reads.
    odd = relation.rows(unreadable_query(relation, column)) if column.type == "text" else ()
    numbers = {text: number_in(text.strip(), relation.decimal) for text, _ in odd}
    texts = [text for text, number in numbers.items() if (number < limit if kind == "below" else number > limit)]
    if not texts:
        return condition, {"limit": limit}
    return f"({condition} or {sql.is_one_of(relation, column)})", {"limit": limit, "texts": json.dumps(texts)}


def _examples(relation: Relation, column: Column, one: Declared, condition: str, parameters: dict[str, object]) -> list[Example]:
    """The most frequent values. Of a column that is no feature, such as few customers have may name one, and are left out."""
    found = []
    for text, rows, customers in relation.rows(sql.examples_query(relation, column, condition, _EXAMPLES), **parameters):
        few = (rows if relation.id is None else customers) < FOLD_BELOW
        if one.role == "feature" or not few:
            found.append(Example(value=plain(str(text)), rows=int(rows), few=bool(few)))
    return found


def _words(one: Declared, kind: ColumnKind) -> str:
    """What was declared, as part of a sentence."""
    expected = one.expected
    if kind == "below":
        return f"at least {expected.min:g}"
    if kind == "above":
        return f"at most {expected.max:g}"
    if kind == "value":
        more = f" and {len(expected.values) - _SHOWN} more" if len(expected.values) > _SHOWN else ""
        return f"one of {', '.join(plain(value) for value in expected.values[:_SHOWN])}{more}"
    if kind == "missing":
        return f"at most {expected.max_missing:.3g} missing" if expected.max_missing else "none missing"
    return "a column of its own" if kind == "absent" else "a value of its own for each row"


def _moment(seconds: object) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(float(str(seconds)), UTC)


def _unknown(one: Declared, relation: Relation) -> DataError:
    close = most_alike(one.name, relation.columns)
    hint = f"Perhaps `{plain(close)}` is meant. " if close else ""
    return DataError(
        f"[expectations.columns] names `{plain(one.name)}`, which these rows do not have.",
        f"{hint}Correct the name in churnops.toml, or take that table out.",
    )
