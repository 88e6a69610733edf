"""Which tables and views a database has, for a person who did not say which one is meant."""

from pipeline.errors import DataError


def table_names(url: str) -> tuple[str, ...]:
    """Tables and views of the database's usual schema, sorted.

    Raises:
        DataError: the URL cannot be understood, or nobody answers there.
    """
    from sqlalchemy import create_engine, inspect
    from sqlalchemy.exc import SQLAlchemyError

    try:
        engine = create_engine(url)
        try:
            found = inspect(engine)
            return tuple(sorted({*found.get_table_names(), *found.get_view_names()}))
        finally:
            engine.dispose()
    except (SQLAlchemyError, ModuleNotFoundError) as error:
        raise DataError("The tables of that database cannot be listed.", "Name the table with --log-table, and check the URL.") from error
