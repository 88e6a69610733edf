"""The SQL that counts a column: one plain definition, which every engine runs as it is, so that the same rows give the same profile.

Each query names its own parameters (`:minimum`, in DuckDB `$minimum`); no value is ever written into the text. Numbers that are not
finite, and those beyond 1e150 whose squares would not be, are null: that is what Evidently does with infinity.
"""

from pipeline.profiles.grid import EvenGrid
from pipeline.sources.relation import Column, Relation, is_present, number_of, text_of
from pipeline.tables.cell_numbers import LARGEST

# Within the limits lies no NaN by any engine's order. But DuckDB believes a Parquet file's greatest value, which leaves NaN out, and may
# take the condition for always true: then NaN comes through. n - n is 0 for finite numbers alone, and costs a sixth more.
_BOUNDED = f"n between {-LARGEST!r} and {LARGEST!r}"
_FINITE = f"n - n = 0e0 and {_BOUNDED}"


def summary_query(relation: Relation, time: str | None) -> str:
    """Rows, and first and last of the expression `time` (nulls without one)."""
    return f"select count(*), {'null, null' if time is None else f'min({time}), max({time})'} from {relation.table}"


def newest_query(relation: Relation, column: Column, time: str, rows: int) -> str:
    """The least of the expression `time` among so many newest rows; `column` holds the times."""
    # A column with a type of time is ordered as it is, so that an index serves.
    order = time if column.type == "text" else column.name
    newest = f"select {time} as moment from {relation.table} where {order} is not null order by {order} desc limit {rows}"
    return f"select min(moment) from ({newest}) as newest"


def repeats_query(relation: Relation, customer: Column) -> str:
    """Rows with an id that repeat an earlier row's id at the same scoring time; the id alone where there is no time."""
    keys = customer.name if relation.time is None else f"{customer.name}, {relation.time.name}"
    known = is_present(customer, relation.dialect)
    return f"select sum(n - 1) from (select count(*) as n from {relation.table} where {known} group by {keys}) as customers"


def categories_query(relation: Relation, column: Column) -> str:
    """Each text of a column with its rows."""
    text = text_of(column, relation.dialect)
    return f"select category, count(*) from (select {text} as category from {relation.table}) as texts group by category"


def values_query(relation: Relation, column: Column) -> str:
    """Each number of a column with its rows; those without a finite number are null or NaN."""
    return f"select x, count(*) from {_numbers(relation, column, _BOUNDED)} group by x"


def cells_query(relation: Relation, column: Column, grid: EvenGrid) -> str:
    """Each number of whole steps above the start of `grid`, and null, with its rows, and sum, least and greatest of their numbers.

    Rows without a finite number are null or NaN. Parameters: start and step of the grid, and its centre and unit where its scale is
    logarithmic.
    """
    p = relation.dialect.marker
    scaled = "x"
    if grid.unit is not None:
        scaled = f"sign(x - {p}centre) * ln(1 + abs(x - {p}centre) / {p}unit)"
    steps = f"(select floor(({scaled} - {p}start) / {p}step) as steps, x from {_numbers(relation, column, _BOUNDED)}) as cells"
    return f"select steps, count(*), sum(x), min(x), max(x) from {steps} group by steps"


def unreadable_query(relation: Relation, column: Column) -> str:
    """Each text of a column that is no finite number to the engine, with its rows."""
    texts = _numbers(relation, column, beside=f", {text_of(column, relation.dialect)} as category")
    return f"select category, count(*) from {texts} where x is null and category is not null group by category"


def infinite_query(relation: Relation, column: Column) -> str:
    """The text of each number of a column that is beyond the limits, with its rows; NaN may be among them."""
    numbers = f"(select {number_of(column, relation.dialect)} as n from {relation.table}) as raw"
    beyond = f"select cast(n as {relation.dialect.text}) as category from {numbers} where n > {LARGEST!r} or n < {-LARGEST!r}"
    return f"select category, count(*) from ({beyond}) as texts group by category"


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


def _numbers(relation: Relation, column: Column, condition: str = _FINITE, beside: str = "") -> str:
    """A column's numbers that meet the condition as `x`, null elsewhere; and what else is asked for `beside` them."""
    passed = ", category" if beside else ""
    raw = f"(select {number_of(column, relation.dialect)} as n{beside} from {relation.table}) as raw"
    return f"(select case when {condition} then n end as x{passed} from {raw}) as numbers"
