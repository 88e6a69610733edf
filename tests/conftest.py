"""What every test gets: no network, no keys, no telemetry; and a workspace with a champion, made once and copied."""

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ["DO_NOT_TRACK"] = "1"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

TELCO = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "telco.csv"


@pytest.fixture(autouse=True)
def no_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the keys nor the settings of the machine reach a test, and no connection leaves it."""
    for name in list(os.environ):
        if name.startswith(("ANTHROPIC_", "CHURNOPS_", "AWS_", "GOOGLE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ANTHROPIC_CONFIG_DIR", str(tmp_path / "no-anthropic-profile"))
    connect = socket.socket.connect

    def local_only(self: socket.socket, address: object) -> None:
        if self.family != socket.AF_UNIX and not (isinstance(address, tuple) and str(address[0]) in {"127.0.0.1", "::1", "localhost"}):
            raise AssertionError(f"a test reached for the network: {address}")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", local_only)
