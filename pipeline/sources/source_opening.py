"""Engines that count where the rows lie: DuckDB for files and tables in memory, databases, Spark."""

from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.sources.mapped import mapped, unmapped
from pipeline.sources.relation import Relation, restricted
from pipeline.sources.source import ALL_ROWS, DatabaseTable, Files, Frame, MappedSource, PredictionLog, Restriction, Source
from pipeline.tables.categories import NO_SPELLING, Spelling
from pipeline.tables.schema import Schema


@contextmanager
def open_source(source: Source, schema: Schema, restriction: Restriction, spelling: Spelling = NO_SPELLING) -> Iterator[Relation]:
    """The rows meant, ready to be counted. `spelling`: of the reference's categories, by which a restriction may choose.

    Raises:
        DataError: the source cannot be read, or lacks a column that the restriction needs.
    """
    if isinstance(source, MappedSource):
        with open_source(source.source, unmapped(schema, source.mapping, restriction), ALL_ROWS) as relation:
            yield restricted(mapped(relation, source), restriction, spelling)
        return
    # Each engine is loaded when it is needed; together they weigh more than everything else here.
    if isinstance(source, Files):
        from pipeline.sources.files import open_files

        opened = open_files(source, schema, restriction)
    elif isinstance(source, Frame):
        from pipeline.sources.frame import open_frame

        opened = open_frame(source, schema)
    elif isinstance(source, PredictionLog):
        from pipeline.sources.prediction_log import open_log

        opened = open_log(source, schema, restriction)
    elif isinstance(source, DatabaseTable):
        from pipeline.sources.sql_table import open_database

        opened = open_database(source, schema)
    else:
        from pipeline.sources.spark import open_spark

        opened = open_spark(source, schema)
    with opened as relation:
        yield restricted(relation, restriction, spelling)
