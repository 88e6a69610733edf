"""The tables of outcomes that were asked for: the lists, and who is on them."""

from sqlalchemy import JSON, Column, Float, Index, Integer, String, Table, Text

from pipeline.state.metadata import metadata

asked_lists = Table(
    "asked_lists",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("at", String(32), nullable=False),
    Column("by", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("body", JSON, nullable=False),
)

asked_outcomes = Table(
    "asked_outcomes",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("list", Integer, nullable=False),
    Column("id", String(200).with_variant(Text, "postgresql"), nullable=False),
    Column("predicted_at", String(32)),
    Column("stratum", Integer, nullable=False),
    Column("customers", Integer, nullable=False),
    Column("probability", Float, nullable=False),
    Column("drawn", Integer, nullable=False),
    Index("asked_outcomes_by_id", "id", "list"),
)
asked_tables = [asked_lists, asked_outcomes]
