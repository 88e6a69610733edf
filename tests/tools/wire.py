"""Ways a client reaches the server: in process and as a process of its own, in both eras of the protocol."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Literal

from mcp import Client
from mcp.client.stdio import StdioServerParameters

from pipeline.intake.windows import logged_window
from pipeline.record.opened_workspace import Opened
from tools.casework import Casework
from tools.server import build_server

CONSOLE_SCRIPT = Path(sys.executable).parent / "churnops"
Era = Literal["2026-07-28", "legacy"]
ERAS: tuple[Era, ...] = ("2026-07-28", "legacy")


def stdio(root: Path) -> StdioServerParameters:
    """How a client starts the server of the workspace at `root`."""
    return StdioServerParameters(command=str(CONSOLE_SCRIPT), args=["mcp", "--workspace", str(root)])


@asynccontextmanager
async def in_process(opened: Opened, era: Era) -> AsyncIterator[Client]:
    """A client of a server in this process."""
    casework = Casework(opened, partial(logged_window, opened), started_by="a test", operator=lambda: "a test")
    async with Client(build_server(casework, opened.policy), mode=era) as client:
        yield client


@asynccontextmanager
async def over_stdio(root: Path, era: Era) -> AsyncIterator[Client]:
    """A client of a server in a process of its own."""
    async with Client(stdio(root), mode=era) as client:
        yield client


def trainers_of(root: Path) -> list[int]:
    """Process ids of the trainings of the workspace at `root`, whoever started them."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0") if folder.name.isdigit() else []
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        if b"pipeline.training.child" in words and str(root.resolve()).encode() in words:
            found.append(int(folder.name))
    return found
