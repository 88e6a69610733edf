"""One column's expectation, as the rows are read: by the model's names and values where the log has others."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pipeline.sources.source import ColumnMapping
from pipeline.tables.categories import Categories
from pipeline.tables.cell_numbers import Decimal
from pipeline.tables.schema import Schema
from pipeline.workspace.expectation_settings import ColumnExpectation


@dataclass(frozen=True)
class Declared:
    """`name`: as the team calls the column. `read_as`: as an opened source calls it. `role`: a feature of the model, the customer's id, or any
    other column of the log."""

    name: str
    read_as: str
    role: Literal["feature", "id", "other"]
    expected: ColumnExpectation
    allowed: Categories

    def allows(self, text: str | None, decimal: Decimal = ".") -> bool:
        """Whether a cell has one of the allowed values, or none."""
        found = self.allowed.spelling(text, decimal)
        return found is None or found in self.allowed.known


def declared_columns(
    expected: Mapping[str, ColumnExpectation], schema: Schema, trained_id: str | None, mapping: ColumnMapping
) -> tuple[Declared, ...]:
    """All of them, for rows with the id and the time of `schema`. A value may be named as the log writes it or as the reference does, and the
    id by the log's name or by the reference's, `trained_id`."""
    found = []
    for name, one in expected.items():
        read_as = mapping.names.get(name, name)
        role: Literal["feature", "id", "other"] = "feature" if read_as in schema.features else "other"
        if schema.id is not None and read_as in (schema.id, trained_id):
            read_as, role = schema.id, "id"
        texts = mapping.values.get(read_as, {})
        allowed = tuple(dict.fromkeys(meant for value in one.values if (meant := texts.get(value, value))))
        found.append(Declared(name, read_as, role, one, Categories(allowed)))
    return tuple(found)
