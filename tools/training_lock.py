"""One training at a time in a workspace, whichever server or process asks: so the same request joins, and a cooldown is never raced."""

import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import anyio
from anyio import to_thread

from pipeline.atomic_files import make_file
from pipeline.record.opened_workspace import Opened
from pipeline.state.database import State
from pipeline.state.leases import held

_LOOK_EVERY_SECONDS = 0.1
_ASK_HOSTS_EVERY_SECONDS = 1.0


@asynccontextmanager
async def training_turn(opened: Opened) -> AsyncIterator[None]:
    """Wait until nobody else trains through the tools of this workspace; others wait until the block, or this process, ends. Hosts that share
    no disk wait for each other as well, a minute longer where one was killed."""
    lock = opened.workspace.home / "training.lock"
    make_file(lock)
    handle = os.open(lock, os.O_RDWR)
    try:
        while not _taken(handle):
            await anyio.sleep(_LOOK_EVERY_SECONDS)
        if opened.workspace.shared is None:
            yield
        else:
            async with _turn_among_hosts(opened.state):
                yield
    finally:
        os.close(handle)


@asynccontextmanager
async def _turn_among_hosts(state: State) -> AsyncIterator[None]:
    while True:
        # A turn that is lost ends no training: its record is written in one transaction, and at worst two hosts train.
        turn = held(state, "training", uuid4().hex, on_lost=lambda: None)
        if await to_thread.run_sync(turn.__enter__):
            break
        await to_thread.run_sync(turn.__exit__, None, None, None)
        await anyio.sleep(_ASK_HOSTS_EVERY_SECONDS)
    try:
        yield
    finally:
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(turn.__exit__, None, None, None)


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
