"""The SQL that counts rows that are not as declared, where they lie: plain enough for every engine, values as parameters alone."""

from collections.abc import Sequence

from pipeline.sources.relation import Column, Relation, epoch_of, is_present, number_of, text_of
from pipeline.tables.cell_numbers import LARGEST

_HOUR, _DAY = 3_600, 86_400


def beyond(relation: Relation, column: Column, sign: str) -> str:
    """The condition that a finite number of `column` is beyond (`sign` is < or >) the parameter `limit`."""
    number = number_of(column, relation.dialect)
    # NaN is greater than any number to some engines; n - n is 0 for finite numbers alone.
    return (
        f"({number} between {-LARGEST!r} and {LARGEST!r} and {number} - {number} = 0e0 and {number} {sign} {relation.dialect.marker}limit)"
    )


def is_one_of(relation: Relation, column: Column) -> str:
    """The condition that the text of `column` is in the parameter `texts`, a JSON list."""
    return f"{text_of(column, relation.dialect)} in ({relation.dialect.listed.format(relation.dialect.marker + 'texts')})"


def is_missing(relation: Relation, column: Column) -> str:
    """The condition that a cell is empty."""
    return f"not {is_present(column, relation.dialect)}"


def count_query(relation: Relation, condition: str) -> str:
    """Of the rows with `condition`: how many, the first and last scoring time as seconds since 1970, and different customers."""
    return f"select count(*), min(moment), max(moment), count(distinct customer) from {_broken(relation, None, condition)}"


def examples_query(relation: Relation, column: Column, condition: str, most: int) -> str:
    """The most frequent texts of `column` among the rows with `condition`, each with its rows and different customers."""
    told = f"select told, count(*) as n, count(distinct customer) from {_broken(relation, column, condition)} group by told"
    return f"{told} order by n desc, told limit {most}"


def repeats_query(relation: Relation, keys: Sequence[Column]) -> str:
    """Of the rows that have what is in all `keys` in common with another: how many, and the first and last scoring time. A missing first
    key repeats nothing."""
    listed = ", ".join(key.name for key in keys)
    known = is_present(keys[0], relation.dialect)
    groups = f"select count(*) as n, min({_moment(relation)}) as began, max({_moment(relation)}) as ended from {relation.table} where {known} group by {listed}"
    return f"select sum(n), min(began), max(ended) from ({groups}) as alike where n > 1"


def days_query(relation: Relation) -> str:
    """Rows of each day (UTC) that has any, as whole days since 1970."""
    days = f"(select floor({_moment(relation)} / {_DAY}) as day from {relation.table}) as days"
    return f"select day, count(*) from {days} where day is not null group by day"


def hours_query(relation: Relation, condition: str) -> str:
    """Of each hour, oldest first: its rows, those with `condition`, and the first scoring time of these as seconds since 1970."""
    told = f"select {_moment(relation)} as moment, case when {condition} then 1 else 0 end as bad from {relation.table}"
    counted = "count(*), sum(bad), min(case when bad = 1 then moment end)"
    return f"select {counted} from ({told}) as rows_told where moment is not null group by floor(moment / {_HOUR}) order by min(moment)"


def _broken(relation: Relation, column: Column | None, condition: str) -> str:
    customer = f"cast(null as {relation.dialect.text})" if relation.id is None else text_of(relation.id, relation.dialect)
    told = "" if column is None else f", {text_of(column, relation.dialect)} as told"
    return f"(select {_moment(relation)} as moment, {customer} as customer{told} from {relation.table} where {condition}) as broken"


def _moment(relation: Relation) -> str:
    return f"cast(null as {relation.dialect.double})" if relation.time is None else epoch_of(relation, relation.time)
