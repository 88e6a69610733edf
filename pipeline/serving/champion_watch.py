"""Which model answers: each worker looks at the champion's pointer before every answer, and loads what the ledger deployed."""

import asyncio
import os
import time
from dataclasses import dataclass, replace
from functools import cached_property

from pipeline.errors import ChurnopsError, IntegrityError, WorkspaceError
from pipeline.explanation.customer import CustomerExplainer
from pipeline.explanation.explainer import open_explainer
from pipeline.models.artifact import Artifact
from pipeline.record.champion import Champion, find_champion, open_answering
from pipeline.record.ledger import MOVES
from pipeline.record.opened_workspace import Opened
from pipeline.scoring.scorer import Scorer, open_scorer
from pipeline.serving.customer_input import CustomerInput, customer_input
from pipeline.serving.known_fields import KnownFields, ModelFields, fields_of
from pipeline.serving.newest_move import NewestMove
from pipeline.serving.request_counters import Measures

_KEPT = 2  # the champion and the one before it, so that a rollback is at once
_TRY_AGAIN_SECONDS = 1.0  # after a failure that the pointer does not show: who may approve, a database that was away

# Of the pointer's file, or the number of the ledger's newest row on a model; and of the folder of models.
_Seen = tuple[tuple[int, int, int] | int | None, int]


@dataclass(frozen=True)
class Serving:
    """A champion ready to answer. `fields`: its own, read from the disk once. `others`: features that only other models of the workspace
    take, which are logged as they were sent."""

    champion: Champion
    scorer: Scorer
    artifact: Artifact
    fields: KnownFields
    customers: CustomerInput
    others: tuple[str, ...] = ()

    @cached_property
    def explainer(self) -> CustomerExplainer:
        """Explains its answers; the first call loads shap, which takes seconds.

        Raises:
            ExtraMissing: the extra `explain` is not installed.
        """
        return CustomerExplainer(self.artifact, self.scorer, open_explainer(self.artifact))


class ChampionWatch:
    """The champion of one workspace in one worker, for the coroutines of one event loop, and what may be sent to it: also what a model takes that
    waits, from the moment it is published.

    Where hosts share no disk, the number of the ledger's newest row on a model stands for the pointer. A pointer that names what the ledger did not deploy is
    not followed: the champion that was verified before goes on answering, `problem`
    says so, and /readyz with it. Where the ledger's champion cannot be loaded, nothing answers in its place.
    """

    def __init__(self, opened: Opened, measures: Measures, fields: ModelFields | None = None) -> None:
        self._opened = opened
        self._pointer = os.fspath(opened.workspace.champion_pointer)
        self._models = os.fspath(opened.workspace.models)
        self._fields = fields or ModelFields(opened)
        self._moves = NewestMove(opened.ledger) if opened.workspace.shared is not None else None
        self._measures = measures
        self._lock = asyncio.Lock()
        self._kept: dict[tuple[str, str], Serving] = {}
        self._serving: Serving | None = None
        self._seen: _Seen | str = "nothing yet"
        self._failure: ChurnopsError | None = None
        self._try_again_at = 0.0

    @property
    def problem(self) -> ChurnopsError | None:
        """Why the pointer is not believed, or the champion not loaded; None where all is well."""
        return self._failure

    @property
    def version(self) -> str:
        """Of the champion that answers, empty where none does."""
        return self._serving.champion.version if self._serving else ""

    def now(self) -> Serving | None:
        """The champion, if it is the one that the pointer as it lies there now was checked for; else ask `newest`. Takes microseconds."""
        if self._look() != self._seen:
            return None
        if self._failure is not None and time.monotonic() >= self._try_again_at:
            return None
        return self._serving

    async def look(self) -> None:
        """Ask the ledger for its newest row on a model, where hosts share no disk and so no pointer: once for all who ask at the same time.

        Raises:
            WorkspaceError: the state database does not answer.
        """
        if self._moves is not None:
            await self._moves.ask()

    async def newest(self) -> Serving:
        """The champion that the pointer names now, loaded in another thread if need be. Whoever asks meanwhile waits for it too.

        Raises:
            ChurnopsError: there is no champion yet, or it cannot be loaded.
        """
        await self.look()
        while (ready := self.now()) is None:
            await self.look()
            async with self._lock:
                if self.now() is None and not self._failed_just_now():
                    await self._follow()
            if self._serving is None and self._failure is not None and self._look() == self._seen:
                raise self._failure
        return ready

    def _failed_just_now(self) -> bool:
        return self._look() == self._seen and self._failure is not None and time.monotonic() < self._try_again_at

    async def _follow(self) -> None:
        seen = self._look()
        try:
            champion = await asyncio.to_thread(self._named)
        except IntegrityError as error:
            self._note(seen, await asyncio.to_thread(self._still_deployed), error)
            return
        except ChurnopsError as error:
            self._note(seen, None, error)
            return
        key = (champion.version, champion.digest)
        kept = self._kept.get(key)
        try:
            loaded = kept if kept is not None else await asyncio.to_thread(self._load)
            customers, others = await asyncio.to_thread(self._taken, loaded.fields)
        except ChurnopsError as error:
            self._note(seen, None, error)
            return
        except Exception as error:  # whatever a disk or a package provokes: noted, or each request would load anew
            said = f"The champion, version {champion.version}, cannot be loaded ({type(error).__name__})."
            self._note(seen, None, WorkspaceError(said, "Look at the server's disk and memory; it tries again by itself."))
            return
        if loaded.champion.digest != champion.digest:
            return  # it moved on meanwhile; the pointer has changed, or will in a moment
        serving = replace(loaded, champion=champion, customers=customers, others=others)
        self._kept = dict([*((old, one) for old, one in self._kept.items() if old != key), (key, serving)][-_KEPT:])
        self._note(seen, serving, None)
        self._measures.loaded(champion.ledger_seq)

    def _note(self, seen: _Seen, serving: Serving | None, failure: ChurnopsError | None) -> None:
        self._seen, self._serving, self._failure = seen, serving, failure
        self._try_again_at = time.monotonic() + _TRY_AGAIN_SECONDS
        self._measures.problem(failure is not None)

    def _named(self) -> Champion:
        champion = find_champion(self._opened.workspace, self._opened.ledger)
        if champion is None:
            raise WorkspaceError("This workspace has no champion yet.", "Run `churnops train` first.")
        return champion

    def _still_deployed(self) -> Serving | None:
        """What answers so far, if the ledger's newest move is still the one that deployed it."""
        try:
            head = self._opened.ledger.last(MOVES)
        except ChurnopsError:
            return None
        return self._serving if self._serving and head and head.hash == self._serving.champion.ledger_hash else None

    def _load(self) -> Serving:
        champion, artifact = open_answering(self._opened)
        scorer = open_scorer(artifact, self._opened.settings.value, version=champion.version)
        fields = fields_of(artifact)
        return Serving(champion, scorer, artifact, fields, *self._taken(fields))

    def _taken(self, fields: KnownFields) -> tuple[CustomerInput, tuple[str, ...]]:
        known = self._fields.beside(fields)
        ignores = self._opened.settings.serving.unknown_fields == "ignore"
        own = fields.columns.features
        return customer_input(known, ignores_unknown=ignores), tuple(name for name in known.columns.features if name not in own)

    def _look(self) -> _Seen:
        # Before every answer, and a path takes longer to make than to look at.
        try:
            models = os.stat(self._models).st_mtime_ns  # noqa: PTH116
        except FileNotFoundError:
            models = 0
        if self._moves is not None:
            return self._moves.number, models
        try:
            found = os.stat(self._pointer)  # noqa: PTH116
        except FileNotFoundError:
            return None, models
        return (found.st_ino, found.st_mtime_ns, found.st_size), models
