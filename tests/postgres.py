"""A PostgreSQL server of the tests' own, from the binaries of the machine."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import pytest


@dataclass(frozen=True)
class Postgres:
    """A running server: its SQLAlchemy URL, and how it is stopped (`fast` as an administrator does, `immediate` as a crash) and started."""

    url: str
    stop: Callable[[str], None]
    start: Callable[[], None]


@contextmanager
def postgres_server() -> Iterator[str]:
    """URL of `postgres`, for whom nothing else is of use."""
    with postgres() as server:
        yield server.url


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A new, empty server that only listens on a socket file; skips where there are no binaries or no driver."""
    pytest.importorskip("psycopg", reason="no PostgreSQL driver is installed")
    binaries = _binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL server is installed")
    # Not pytest's own folder: the server's user may not pass through it, and a socket's path must be short.
    folder = Path(mkdtemp(prefix="pg-"))
    # initdb refuses to work as root.
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)

    def run(program: str, *arguments: str) -> None:
        command = [str(binaries / program), "-D", str(folder / "data"), *arguments]
        subprocess.run(command, user=user, cwd=folder, check=True, stdout=subprocess.DEVNULL, timeout=120)

    def start() -> None:
        run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", f"-k {folder} -c listen_addresses='' -c fsync=off", "start")

    try:
        run("initdb", "-U", "tests", "--auth", "trust", "--no-sync", "-E", "UTF8", "--locale", "C.UTF-8")
        start()
        try:
            yield Postgres(f"postgresql+psycopg://tests@/postgres?host={folder}", lambda how: run("pg_ctl", "-m", how, "stop"), start)
        finally:
            if (folder / "data" / "postmaster.pid").exists():  # a test may have ended between a stop and a start
                run("pg_ctl", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path | None:
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: float(folder.parent.name), default=None)
