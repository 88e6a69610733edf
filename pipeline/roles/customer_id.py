"""Which column names the customer."""

from collections.abc import Sequence

from pipeline.roles.column import NEARLY_ALL, TableColumn

_PERSONS = ("customer", "cust", "account", "client", "subscriber", "user", "member", "msisdn", "uuid", "guid")
_PERSON_ALONE = frozenset({"id", "customer", "account", "client", "subscriber", "user", "member", "msisdn", "uuid", "guid"})
_ID_WORDS = frozenset({"id", "ids", "key"})
_NUMBER_WORDS = frozenset({"id", "ids", "number", "no", "key"})
_FEWEST_CUSTOMERS = 11  # fewer different ids are categories
_REPEATED_SHARE = 0.5  # of the rows without a time: where more repeat an id, it is no customer's


def named_id(column: TableColumn) -> int:
    """How much the name says "this is who": 0 nothing, 1 a person or an id, 2 a person's id."""
    lowered = "".join(column.words)
    if lowered in _PERSON_ALONE:
        return 2
    person = any(word in lowered for word in _PERSONS)
    identity = column.says(_NUMBER_WORDS) or (person and lowered.endswith("id"))
    return person + identity


def identifies(column: TableColumn) -> bool:
    """Nearly every row has its own value, in the shape of an id: one word, and an integer only where the name says id or where all are
    different and equally long, because amounts are nearly all different too."""
    if column.distinct_share < NEARLY_ALL or (column.is_numeric and not column.is_whole):
        return False
    if not column.is_numeric or named_id(column) == 2 or column.says(_ID_WORDS):
        return named_id(column) > 0 or bool(column.distinct.str.fullmatch(r"\S+").all())
    return column.distinct_share == 1 and column.distinct.str.len().nunique() == 1


def find_id(columns: Sequence[TableColumn], *, has_time: bool) -> TableColumn | None:
    """The column that names the customer; ids may repeat where the name says that they are a person's."""

    def repeats(column: TableColumn) -> bool:
        if named_id(column) < 2 or len(column.distinct) < _FEWEST_CUSTOMERS or (column.is_numeric and not column.is_whole):
            return False
        return has_time or column.distinct_share > _REPEATED_SHARE

    candidates = [column for column in columns if identifies(column) or repeats(column)]
    return max(candidates, key=lambda column: (named_id(column), column.distinct_share), default=None)
