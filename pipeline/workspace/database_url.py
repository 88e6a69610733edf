"""The URL of a database, as settings and people give it."""


def require_database_url(url: str) -> None:
    """
    Raises:
        ValueError: it names no database in PostgreSQL.
    """
    if not url.startswith(("postgresql://", "postgresql+psycopg://")):
        raise ValueError("it is not like postgresql://user@host/name; empty, the state is kept in SQLite")


def holds_password(url: object) -> bool:
    """Whether a URL of a database holds a password."""
    if not isinstance(url, str):
        return False
    before_host, at, _ = url.partition("://")[2].partition("/")[0].rpartition("@")
    return bool(at and ":" in before_host) or "password=" in url
