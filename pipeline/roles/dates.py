"""Which date says when a row was observed; all others are about the customer."""

from collections.abc import Sequence

from pipeline.roles.column import TableColumn

_OBSERVED = frozenset(
    {"asof", "extract", "extracted", "observation", "observed", "predicted", "prediction", "reference", "report", "reporting", "scored"}
    | {"scoring", "snapshot"}
)
_PLAIN = frozenset({"at", "date", "datetime", "day", "dt", "month", "period", "time", "timestamp", "ts", "week"})
_MOST_MISSING = 0.05


def named_time(column: TableColumn) -> int:
    """How much the name says "when this row was observed": 0 nothing, 1 a time of nothing else, 2 a time of observation."""
    if column.says(_OBSERVED) or "as_of" in "_".join(column.words):
        return 2
    return int(bool(column.words) and {*column.words} <= _PLAIN)


def find_time(columns: Sequence[TableColumn]) -> TableColumn | None:
    """The date or time at which the rows were observed; None where no name says so."""
    candidates = [column for column in columns if named_time(column) and column.missing_share <= _MOST_MISSING]
    return max(candidates, key=named_time, default=None)


def why_not_time(column: TableColumn, time: TableColumn | None) -> str:
    """Why a date is left out, beside the one that was chosen."""
    if time is not None and named_time(column):
        return f"a further date beside `{time.name}`"
    about = "a date about the customer, not when the row was observed"
    return f"{about}; as days before `{time.name}` it could be a feature" if time else f"{about}; as a number of days it could be a feature"
