"""The ledger's newest row on a model, a new one or a move of the champion, asked for before every answer where no pointer's file says it."""

import asyncio

from pipeline.record.ledger import MODELS, Ledger


class NewestMove:
    """For the coroutines of one event loop. `number` is the newest such row when somebody last asked; None before, and without one."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._turn = asyncio.Lock()
        self._next: asyncio.Task[None] | None = None
        self.number: int | None = None

    async def ask(self) -> None:
        """Bring `number` up to date with what was committed before this call. Who comes while the database is asked shares the next question.

        Raises:
            WorkspaceError: the database does not answer.
        """
        if self._next is None:
            self._next = asyncio.create_task(self._ask())
        await asyncio.shield(self._next)  # whoever hangs up does not take the answer from the others

    async def _ask(self) -> None:
        async with self._turn:
            self._next = None
            self.number = await asyncio.to_thread(self._ledger.last_number, MODELS)
