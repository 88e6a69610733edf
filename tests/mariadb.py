"""A MariaDB server of the tests' own, from the binaries of the machine."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import pytest


@contextmanager
def mariadb_server() -> Iterator[str]:
    """SQLAlchemy URL of a new server with the empty database `shop`; skips where there are no binaries or no driver."""
    pytest.importorskip("pymysql", reason="no driver for MariaDB is installed")
    install, server = shutil.which("mariadb-install-db"), shutil.which("mariadbd", path=f"{os.environ['PATH']}:/usr/sbin")
    if install is None or server is None:
        pytest.skip("no MariaDB server is installed")
    # Not pytest's own folder: the server's user may not pass through it, and a socket's path must be short.
    folder = Path(mkdtemp(prefix="maria-"))
    # The server refuses to run as root.
    user = "mysql" if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = ("--no-defaults", f"--datadir={folder / 'data'}")
    try:
        made = (install, *data, "--auth-root-authentication-method=normal", "--skip-test-db")
        subprocess.run(made, user=user, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=300)
        lean = ("--skip-log-bin", "--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=0", "--skip-name-resolve")
        place = (f"--socket={folder / 's'}", f"--pid-file={folder / 'pid'}", "--bind-address=127.0.0.1", f"--port={port}")
        with (folder / "log").open("wb") as log:
            running = subprocess.Popen((server, *data, *lean, *place), user=user, cwd=folder, stdout=log, stderr=log)
        try:
            url = f"mysql+pymysql://root@127.0.0.1:{port}"
            _created(url)
            yield f"{url}/shop"
        finally:
            running.kill()
            running.wait(timeout=60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _created(url: str) -> None:
    from sqlalchemy import create_engine
    from sqlalchemy.exc import OperationalError

    engine = create_engine(url)
    for _ in range(600):
        try:
            with engine.begin() as connection:
                connection.exec_driver_sql("create database shop character set utf8mb4")
            break
        except OperationalError:
            time.sleep(0.1)
    else:
        raise TimeoutError("MariaDB did not start")
    engine.dispose()
