"""The SQL that counts a column: one plain definition, which every engine runs as it is, so that the same rows give the same profile.

Each query names its own parameters (`:minimum`, in DuckDB `$minimum`); no value is ever written into the text. Numbers that are not
finite, and those beyond 1e150 whose squares would not be, are null: that is what Evidently does with infinity.
"""

from pipeline.engines.relation import Column, Relation, text_of
from pipeline.grids import CELLS, LARGEST, EvenGrid


def number_of(column: Column, relation: Relation) -> str:
    """A column's finite numbers; null elsewhere."""
    dialect = relation.dialect
    if column.type == "number":
        number = f"cast({column.name} as {dialect.double})"
    elif column.type == "boolean":
        number = f"case when {column.name} then 1e0 when not {column.name} then 0e0 end"
    else:
        number = dialect.number.format(column.name)
    # NaN is null or the greatest of all numbers, by engine; between the two limits it lies in none.
    return f"case when {number} between {-LARGEST!r} and {LARGEST!r} then {number} end"


def summary_query(relation: Relation, time: str | None) -> str:
    """Rows, and first and last of the expression `time` (nulls without one)."""
    return f"select count(*), {'null, null' if time is None else f'min({time}), max({time})'} from {relation.table}"


def repeats_query(relation: Relation, customer: Column) -> str:
    """Rows with an id that repeat an earlier row's id at the same scoring time; the id alone where there is no time."""
    keys = customer.name if relation.time is None else f"{customer.name}, {relation.time.name}"
    known = f"{customer.name} is not null and trim({text_of(customer, relation.dialect)}) <> ''"
    return f"select sum(n - 1) from (select count(*) as n from {relation.table} where {known} group by {keys}) as customers"


def categories_query(relation: Relation, column: Column) -> str:
    """Each text of a column with its rows."""
    text = text_of(column, relation.dialect)
    return f"select category, count(*) from (select {text} as category from {relation.table}) as texts group by category"


def values_query(relation: Relation, column: Column) -> str:
    """Each finite number of a column, and null, with its rows."""
    return f"select x, count(*) from {_numbers(relation, column)} group by x"


def cells_query(relation: Relation, column: Column, grid: EvenGrid) -> str:
    """Each cell of `grid` that holds rows, and null, with its rows, and sum, least and greatest of their numbers.

    Parameters: minimum, maximum, start and step of the grid, and its centre and unit where its scale is logarithmic.
    """
    p = relation.dialect.marker
    scaled = "x"
    if grid.unit is not None:
        scaled = f"case when x < {p}centre then -ln(1 + ({p}centre - x) / {p}unit) else ln(1 + (x - {p}centre) / {p}unit) end"
    place = (
        f"case when x < {p}minimum then 0e0 when x > {p}maximum then {CELLS + 1}e0 else 1e0 + floor(({scaled} - {p}start) / {p}step) end"
    )
    placed = f"(select {place} as place, x from {_numbers(relation, column)}) as placed"
    return f"select place, count(*), sum(x), min(x), max(x) from {placed} group by place"


def unreadable_query(relation: Relation, column: Column) -> str:
    """Each text of a column that the engine takes for no number, with its rows."""
    text = text_of(column, relation.dialect)
    texts = f"(select {text} as category, {number_of(column, relation)} as x from {relation.table}) as texts"
    return f"select category, count(*) from {texts} where x is null and category is not null group by category"


def moments_query(relation: Relation, column: Column) -> str:
    """Count, mean, minimum and maximum of a column's numbers."""
    return f"select count(x), avg(x), min(x), max(x) from {_numbers(relation, column)}"


def squares_query(relation: Relation, column: Column) -> str:
    """Sum of squares of a column's numbers around the parameter `mean`."""
    around = f"(x - {relation.dialect.marker}mean)"
    return f"select sum({around} * {around}) from {_numbers(relation, column)}"


def order_query(relation: Relation, column: Column) -> str:
    """The numbers at the ascending places `first`, `second` and `third`, from 1."""
    p = relation.dialect.marker
    ordered = f"(select x, row_number() over (order by x) as place from {_numbers(relation, column)} where x is not null) as ordered"
    return f"select x from {ordered} where place in ({p}first, {p}second, {p}third) order by place"


def _numbers(relation: Relation, column: Column) -> str:
    return f"(select {number_of(column, relation)} as x from {relation.table}) as numbers"
