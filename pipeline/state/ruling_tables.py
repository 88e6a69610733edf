"""The tables of what people ruled: events they noted, rows they left out, reports they took note of."""

from sqlalchemy import JSON, Column, Index, Integer, String, Table, Text

from pipeline.state.metadata import metadata

events = Table(
    "events",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False),
    Column("since", String(32), nullable=False),
    Column("until", String(32), nullable=False),
    Column("at", String(32), nullable=False),
    Column("by", Text, nullable=False),
    Column("kind", Text),
    Column("origin", Text),
)

exclusions = Table(
    "exclusions",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("since", String(32), nullable=False),
    Column("until", String(32), nullable=False),
    Column("column", Text),
    Column("value", Text),
    Column("reason", Text, nullable=False),
    Column("at", String(32), nullable=False),
    Column("by", Text, nullable=False),
    Column("ended_at", String(32)),
    Column("ended_by", Text),
)

acknowledgements = Table(
    "acknowledgements",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("case_id", String(64), nullable=False),
    Column("champion", String(64), nullable=False),
    Column("until", String(32)),
    Column("reason", Text, nullable=False),
    Column("shift", JSON, nullable=False),
    Column("at", String(32), nullable=False),
    Column("by", Text, nullable=False),
    Index("acknowledgements_by_champion", "champion"),
)
