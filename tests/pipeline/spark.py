"""A Spark session of the tests' own, in this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


@contextmanager
def spark_session(folder: Path) -> Iterator[Any]:
    """A local session that keeps its tables in `folder` and talks to no network; skips where PySpark is not installed."""
    pyspark = pytest.importorskip("pyspark.sql", reason="PySpark is not installed")
    session = (
        pyspark.SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.warehouse.dir", str(folder / "warehouse"))
        .getOrCreate()
    )
    try:
        yield session
    finally:
        session.stop()
