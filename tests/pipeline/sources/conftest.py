"""What the tests of sources share."""

from collections.abc import Iterator

import pytest

from tests.postgres import postgres_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL of a PostgreSQL server; tables are each test's own."""
    with postgres_server() as url:
        yield url
