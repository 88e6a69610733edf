"""AWS of the tests' own: moto's server, in this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import Request, urlopen

import pytest


@contextmanager
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A botocore session whose clients reach an empty account; so do the environment's. Skips where moto is not installed."""
    moto = pytest.importorskip("moto.server", reason="no moto is installed")
    session = pytest.importorskip("botocore.session", reason="no botocore is installed")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    reached = {
        "AWS_ENDPOINT_URL": address,
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ACCESS_KEY_ID": "tests",
        "AWS_SECRET_ACCESS_KEY": "not-secret",
    }
    for name, value in reached.items():
        monkeypatch.setenv(name, value)
    try:
        urlopen(Request(f"{address}/moto-api/reset", method="POST"))  # the account is the process's: another test may have left something
        yield session.get_session()
    finally:
        server.stop()
