"""One training at a time in a workspace, whichever server or process asks: so the same request joins, and a cooldown is never raced."""

import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from pipeline.atomic_files import make_file
from pipeline.workspace.folder import Workspace

_LOOK_EVERY_SECONDS = 0.1


@asynccontextmanager
async def training_turn(workspace: Workspace) -> AsyncIterator[None]:
    """Wait until nobody else trains through the tools of this workspace; others wait until the block, or this process, ends."""
    make_file(workspace.home / "training.lock")
    handle = os.open(workspace.home / "training.lock", os.O_RDWR)
    try:
        while not _taken(handle):
            await anyio.sleep(_LOOK_EVERY_SECONDS)
        yield
    finally:
        os.close(handle)


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
