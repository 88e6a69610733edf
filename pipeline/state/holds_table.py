"""The table of what people hold back: lists of customers, while a case on broken data is open."""

from sqlalchemy import Column, Integer, String, Table, Text

from pipeline.state.metadata import metadata

holds = Table(
    "holds",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("case_id", String(64), nullable=False),
    Column("at", String(32), nullable=False),
    Column("by", Text, nullable=False),
    Column("ended_at", String(32)),
    Column("ended_by", Text),
)
