"""How often a source's customers were scored, counted where the rows lie."""

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pipeline.sources.relation import Relation, is_present, text_of
from pipeline.sources.source import PredictionLog, Restriction, Source
from pipeline.sources.source_opening import open_source
from pipeline.tables.categories import Spelling
from pipeline.tables.customer_counts import CustomerCounts
from pipeline.tables.schema import Schema

if TYPE_CHECKING:  # counting needs none of them
    import pandas as pd

_IDS = 100_000  # in one query: each is a scan, and their list a few megabytes


def customer_counts(source: Source, schema: Schema, restriction: Restriction, spelling: Spelling) -> CustomerCounts | None:
    """None where the source has no id column.

    Raises:
        DataError: the source cannot be read, or lacks a column that the restriction needs.
    """
    with open_source(source, schema, restriction, spelling) as relation:
        return counted_customers(relation)


def counted_customers(relation: Relation) -> CustomerCounts | None:
    """As `customer_counts`, of a source that is open."""
    if relation.id is None:
        return None
    (rows,) = relation.one(f"select count(*) from {relation.table}")
    found = relation.one(_scorings_query(relation))
    customers, known, again, squares = (int(number or 0) for number in found)
    nameless = int(rows) - known
    return CustomerCounts(int(rows), customers + nameless, again, squares + nameless)


def rows_of_each(source: Source, schema: Schema, restriction: Restriction, spelling: Spelling, ids: Sequence[str]) -> "pd.Series":
    """Rows of each customer among `ids` (all different) who has any, by id. Of the prediction log only the restriction's span counts.

    Raises:
        DataError: as `customer_counts`.
    """
    import pandas as pd

    from pipeline.tables.cell_values import ids_in

    if isinstance(source, PredictionLog):
        from pipeline.state.database import open_state
        from pipeline.state.predictions import logged_rows_of_each

        state = open_state(source.place)
        try:
            return pd.Series(logged_rows_of_each(state, restriction.since, restriction.until, ids), dtype="int64")
        finally:
            state.close()
    with open_source(source, schema, restriction, spelling) as relation:
        if relation.id is None:
            return pd.Series(dtype="int64")
        found = pd.DataFrame(_counted(relation, ids), columns=["id", "rows"])
        return found["rows"].astype("int64").groupby(ids_in(found["id"], relation.decimal)).sum()


def _scorings_query(relation: Relation) -> str:
    assert relation.id is not None  # whoever asks has seen the column
    moment = "" if relation.time is None else f", {relation.time.name}"
    known = is_present(relation.id, relation.dialect)
    scorings = (
        f"select {relation.id.name} as customer, count(*) as n from {relation.table} where {known} group by {relation.id.name}{moment}"
    )
    each = f"select sum(n) as n, count(*) as times from ({scorings}) as scorings group by customer"
    return f"select count(*), sum(n), sum(case when times > 1 then 1 else 0 end), sum(n * n) from ({each}) as customers"


def _counted(relation: Relation, ids: Sequence[str]) -> Iterator[Sequence[Any]]:
    assert relation.id is not None
    dialect = relation.dialect
    text, listed = text_of(relation.id, dialect), dialect.listed.format(f"{dialect.marker}ids")
    query = f"select customer, count(*) from (select {text} as customer from {relation.table}) as rows_of where trim(customer) in ({listed}) group by customer"
    for start in range(0, len(ids), _IDS):
        batch = ids[start : start + _IDS]
        # Whole numbers may lie there as floats.
        floats = [f"{id_}{relation.decimal}0" for id_ in batch if id_.isdecimal()]
        yield from relation.rows(query, ids=json.dumps([*batch, *floats]))
