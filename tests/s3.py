"""An object store of the tests' own, which speaks S3: moto's server, in this process."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

import pytest

BUCKET = "churn"


@dataclass(frozen=True)
class S3Store:
    """A store with the empty bucket `churn`."""

    environment: Mapping[str, str]
    files: Any

    def reach(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let the environment name this store and its keys, as a machine's would."""
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)

    def put(self, folder: str, files: Mapping[str, bytes]) -> None:
        """Put files below `folder`, by their keys in it."""
        for key, content in files.items():
            self.files.pipe_file(f"{BUCKET}/{folder}/{key}", content)


@contextmanager
def s3_store() -> Iterator[S3Store]:
    """A new store until the end; skips where moto or s3fs is not installed."""
    moto = pytest.importorskip("moto.server", reason="no moto is installed")
    s3fs = pytest.importorskip("s3fs", reason="no s3fs is installed")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    keys = {"AWS_ACCESS_KEY_ID": "tests", "AWS_SECRET_ACCESS_KEY": "not-secret"}
    files = s3fs.S3FileSystem(
        endpoint_url=address, key="tests", secret="not-secret", client_kwargs={"region_name": "eu-central-1"}, skip_instance_cache=True
    )
    try:
        # The store's content is the process's: another test may have left a bucket there.
        urlopen(Request(f"{address}/moto-api/reset", method="POST"))
        files.mkdir(BUCKET)
        yield S3Store(
            {"AWS_ENDPOINT_URL": address, "AWS_DEFAULT_REGION": "eu-central-1", "AWS_EC2_METADATA_DISABLED": "true", **keys}, files
        )
    finally:
        server.stop()
