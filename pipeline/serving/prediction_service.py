"""One worker's desk: it reads a customer, asks the champion of this moment, and answers once the answer is on the disk."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from sqlalchemy import select

from pipeline.errors import ChurnopsError
from pipeline.explanation.customer import CustomerExplanation
from pipeline.record.opened_workspace import Opened
from pipeline.scoring.customer_row import Cell
from pipeline.scoring.scorer import Scored
from pipeline.serving.answers import OfferResults, OutcomeResults, Prediction, Predictions, Ready, prediction
from pipeline.serving.champion_watch import ChampionWatch, Serving
from pipeline.serving.customer_input import CustomerRow
from pipeline.serving.held_lists import check_list
from pipeline.serving.known_fields import ModelFields
from pipeline.serving.offer_intake import OfferIntake
from pipeline.serving.outcome_intake import OutcomeIntake
from pipeline.serving.prediction_writer import LoggedPrediction, PredictionWriter
from pipeline.serving.request_counters import Measures
from pipeline.serving.request_record import RequestRecord
from pipeline.state.database import schema_version


class PredictionService:
    """Answers for one opened workspace in one process. `shared_measures`: see `Measures`. `fields`: looked up once for whoever asks in it."""

    def __init__(self, opened: Opened, shared_measures: Path | None = None) -> None:
        self.measures = Measures(shared_measures)
        self._opened = opened
        self.fields = ModelFields(opened)
        self._watch = ChampionWatch(opened, self.measures, self.fields)
        self._intake = OutcomeIntake(opened)
        self._offers = OfferIntake(opened)
        self._writer = PredictionWriter(opened.state, self.measures)
        self._requests = RequestRecord(opened.state, opened.clock)

    @asynccontextmanager
    async def staffed(self) -> AsyncIterator[None]:
        """Load the champion, if there is one, before the first request; at the end, write what still waits for the disk."""
        with suppress(ChurnopsError):  # /readyz says so, and a champion that is deployed later is found
            await self._watch.newest()
        try:
            yield
        finally:
            await asyncio.to_thread(self._writer.close)
            await asyncio.to_thread(self._requests.close)

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count one request; one for a prediction goes on record, too, with the version that served."""
        self.measures.answered(route, status, seconds)
        if route.startswith("/predict"):
            self._requests.count(self._watch.version, status, seconds)

    async def predict(self, body: bytes, *, explain: bool = False) -> Prediction:
        """The answer about the one customer of `body`; `explain` takes it apart as well.

        Raises:
            ExtraMissing: it cannot be explained here; it is not logged either.
            InputError, DataError: it is no customer that can be scored.
            ChurnopsError: no champion can answer, or the state database does not take the answer.
        """
        at, serving = await self._moment()
        row = serving.customers.read(body)
        # Fast enough to be done before another thread would have begun.
        scored = serving.scorer.score(row) if serving.scorer.path == "fast" else await asyncio.to_thread(serving.scorer.score, row)
        told = await asyncio.to_thread(_explained, serving, row) if explain else None
        said = (await self._written(serving, at, [row], [scored]))[0]
        return said if told is None else said.model_copy(update={"explanation": told})

    async def predict_batch(self, body: bytes, despite: Sequence[str] = ()) -> Predictions:
        """The answers about the customers of `body`, a list, by one champion at one time, `despite` what the cases of these ids say.

        Raises:
            ListHeld: a case that `despite` does not name keeps lists back.
            InputError, ChurnopsError: as `predict`.
        """
        at, serving = await self._moment()
        rows = await asyncio.to_thread(serving.customers.read_batch, body)
        await asyncio.to_thread(check_list, self._opened, serving.scorer.schema.features, despite, len(rows))
        scored = await asyncio.to_thread(serving.scorer.score_many, rows)
        return Predictions(predictions=await self._written(serving, at, rows, scored))

    async def take_outcomes(self, body: bytes) -> OutcomeResults:
        """What became of the outcomes of `body`.

        Raises:
            InputError: it holds none that can be taken.
            WorkspaceError: the state database does not answer.
        """
        told = await asyncio.to_thread(self._intake.read, body)
        return OutcomeResults(outcomes=await asyncio.to_thread(self._intake.take, told))

    async def take_offers(self, body: bytes) -> OfferResults:
        """What became of the offers of `body`; errors as `take_outcomes`."""
        told = await asyncio.to_thread(self._offers.read, body)
        return OfferResults(offers=await asyncio.to_thread(self._offers.take, told))

    async def readiness(self) -> Ready:
        """Whether requests are answered. A pointer that is not believed is a problem, but the verified champion goes on answering."""
        try:
            await asyncio.to_thread(self._reach_state)
            serving = await self._watch.newest()
        except ChurnopsError as error:
            return Ready(ready=False, problem=str(error))
        problem, scorer = self._watch.problem, serving.scorer
        return Ready(
            ready=True,
            model_version=serving.champion.version,
            model_digest=serving.champion.digest,
            path=scorer.path if scorer.why is None else f"{scorer.path}: {scorer.why}",
            problem=None if problem is None else str(problem),
        )

    async def _moment(self) -> tuple[datetime, Serving]:
        """A time, and the champion at that time: the pointer is looked at after the clock, so no row names a champion that had gone."""
        while True:
            at = self._opened.clock()
            await self._watch.look()
            serving = self._watch.now()
            if serving is not None:
                return at, serving
            await self._watch.newest()

    async def _written(
        self, serving: Serving, at: datetime, rows: Sequence[CustomerRow], scored: Sequence[Scored]
    ) -> tuple[Prediction, ...]:
        columns, words = serving.scorer.schema, self._opened.settings.serving
        ids = [str(row[columns.id]) if columns.id else uuid4().hex for row in rows]
        version = serving.champion.version
        # As it was scored, so that drift counts what the model saw; with what another model, once it serves, is compared on.
        told = [
            {
                **dict(zip(columns.features, map(_logged, serving.scorer.cells(row)), strict=True)),
                **{name: row[name] for name in serving.others if name in row},
            }
            for row in rows
        ]
        await self._writer.write(
            [LoggedPrediction(id_, at, version, one.probability, features) for id_, one, features in zip(ids, scored, told, strict=True)]
        )
        for one in scored:
            self.measures.predicted(version, one.tier)
        missing = [tuple(name for name in columns.features if name not in row) for row in rows]
        return tuple(prediction(one, serving, words, id_, at, lacking) for id_, one, lacking in zip(ids, scored, missing, strict=True))

    def _reach_state(self) -> None:
        with self._opened.state.read() as connection:
            connection.execute(select(schema_version.c.version)).one()


def _explained(serving: Serving, row: CustomerRow) -> CustomerExplanation:
    return serving.explainer.explain(serving.scorer.cells(row))


def _logged(cell: Cell) -> Cell:
    return None if cell != cell else cell  # NaN is missing
