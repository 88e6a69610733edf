"""The prediction API's addresses: what each takes, what it answers, and which failure has which status."""

import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter
from starlette.requests import ClientDisconnect

from pipeline.errors import ChurnopsError, DataError, ExtraMissing, ListHeld
from pipeline.serving.answers import Alive, Failed, Held, OfferResults, OutcomeResults, Prediction, Predictions, Ready, Refused
from pipeline.serving.customer_input import MOST_CUSTOMERS, CustomerInput, InputError, Wrong
from pipeline.serving.offer_intake import MOST_OFFERS, OfferSaid
from pipeline.serving.outcome_intake import MOST_OUTCOMES, Outcome
from pipeline.serving.prediction_service import PredictionService
from reports.web.api_keys import ApiKeys
from reports.web.body_door import ARRIVES_WITHIN, JSON_TYPE, LARGEST_BODY, BodyDoor, BodyNotTaken

_GIVEN = "The answer"
_log = logging.getLogger(__name__)
_WENT_AWAY = 499  # nginx's number for it; nobody reads the answer, the count of statuses does
_FAILURES: Mapping[int | str, dict[str, Any]] = MappingProxyType(
    {
        HTTPStatus.UNAUTHORIZED: {"model": Failed, "description": "No API key, or a wrong one, where the workspace asks for one"},
        HTTPStatus.REQUEST_TIMEOUT: {"model": Failed, "description": f"The body did not arrive within {ARRIVES_WITHIN:g} seconds"},
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: {"model": Failed, "description": f"More than {LARGEST_BODY >> 20} MiB"},
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE: {"model": Failed, "description": "Not sent as application/json"},
        HTTPStatus.UNPROCESSABLE_ENTITY: {"model": Refused, "description": "What is wrong: field, rule, and what is allowed"},
        HTTPStatus.TOO_MANY_REQUESTS: {"model": Failed, "description": "Your address has too much under way; Retry-After says when"},
        HTTPStatus.SERVICE_UNAVAILABLE: {
            "model": Failed,
            "description": "No champion, the state database does not answer, or too much is under way (then with Retry-After)",
        },
    }
)

_DESPITE: Mapping[str, Any] = MappingProxyType(
    {
        "name": "despite",
        "in": "query",
        "required": False,
        "description": "Id of a case that keeps lists back, to go on all the same; goes on record",
        "schema": {"type": "array", "items": {"type": "string"}},
    }
)

_EXPLAIN: Mapping[str, Any] = MappingProxyType(
    {
        "name": "explain",
        "in": "query",
        "required": False,
        "description": "Also take the answer apart: SHAP values beside the reasons and a second opinion; costs a fraction of a second",
        "schema": {"type": "boolean"},
    }
)

_Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def api_router(desk: PredictionService, customers: CustomerInput, keys: ApiKeys) -> APIRouter:
    """Routes of the prediction API of a workspace; what takes a body asks for one of the `keys`, if there are any. The description tells of
    `customers` as they are taken now; what is taken goes by the models there are when somebody asks."""
    door = BodyDoor(keys)
    router = APIRouter(route_class=_measured(desk), tags=["predictions"])
    customer = customers.one.json_schema()
    outcome, offer = TypeAdapter(Outcome).json_schema(), TypeAdapter(OfferSaid).json_schema()

    absent: dict[int, dict[str, Any]] = {
        HTTPStatus.NOT_IMPLEMENTED: {"model": Failed, "description": "Explanations need the extra `explain`"}
    }
    single = _taking(customer, absent)
    single["openapi_extra"]["parameters"] = [dict(_EXPLAIN)]

    @router.post("/predict", response_model=Prediction, **single)
    async def predict(request: Request) -> Response:
        """Score one customer by the champion. The answer is in the log of predictions before it is given."""
        async with door.taken(request) as body:
            return _answer(await desk.predict(body, explain=_asks_to_explain(request)))

    held: dict[int, dict[str, Any]] = {
        HTTPStatus.CONFLICT: {"model": Held, "description": "Data are broken that the scores rest on, or a person holds lists back"}
    }
    batch = _taking(_list("customers", customer, MOST_CUSTOMERS), held)
    batch["openapi_extra"]["parameters"] = [dict(_DESPITE)]

    @router.post("/predict/batch", response_model=Predictions, **batch)
    async def predict_batch(request: Request) -> Response:
        """Score up to a thousand customers, a list: all are answered and logged, or none. None while broken data concern it."""
        async with door.taken(request, is_list=True) as body:
            return _answer(await desk.predict_batch(body, request.query_params.getlist("despite")))

    def unknown(results: type[BaseModel]) -> dict[int, dict[str, Any]]:
        return {HTTPStatus.NOT_FOUND: {"model": results, "description": "No prediction is logged for any of them"}}

    @router.post("/outcomes", response_model=OutcomeResults, **_taking(_list("outcomes", outcome, MOST_OUTCOMES), unknown(OutcomeResults)))
    async def take_outcomes(request: Request) -> Response:
        """Say who churned. Each outcome has a result of its own; saying it again changes nothing."""
        async with door.taken(request, is_list=True) as body:
            results = await desk.take_outcomes(body)
        nobody = all(result.result == "unknown" for result in results.outcomes)
        return _answer(results, HTTPStatus.NOT_FOUND if nobody else HTTPStatus.OK)

    @router.post("/offers", response_model=OfferResults, **_taking(_list("offers", offer, MOST_OFFERS), unknown(OfferResults)))
    async def take_offers(request: Request) -> Response:
        """Say who was contacted, and who was held out. Each offer has a result of its own; saying it again changes nothing."""
        async with door.taken(request, is_list=True) as body:
            results = await desk.take_offers(body)
        nobody = all(result.result == "unknown" for result in results.offers)
        return _answer(results, HTTPStatus.NOT_FOUND if nobody else HTTPStatus.OK)

    @router.get("/healthz", response_description=_GIVEN, response_model=Alive)
    async def healthz(_request: Request) -> Response:
        """Whether the process answers."""
        return _answer(Alive())

    @router.get("/readyz", response_description=_GIVEN, response_model=Ready, responses={HTTPStatus.SERVICE_UNAVAILABLE: {"model": Ready}})
    async def readyz(_request: Request) -> Response:
        """Whether predictions are answered, and by which champion."""
        ready = await desk.readiness()
        return _answer(ready, HTTPStatus.OK if ready.ready else HTTPStatus.SERVICE_UNAVAILABLE)

    @router.get("/metrics", response_description=_GIVEN, response_class=Response)
    async def metrics(_request: Request) -> Response:
        """Counters in Prometheus's text format, over all workers."""
        return Response(desk.measures.page(), media_type="text/plain; version=0.0.4")

    return router


def _measured(desk: PredictionService) -> type[APIRoute]:
    class MeasuredRoute(APIRoute):
        """A route whose failures are answers, and whose answers are counted. Its endpoint takes the request and gives the response, so it is
        called as it is: what the framework would look for in between takes longer than the score."""

        def get_route_handler(self) -> _Handler:
            handle: _Handler = self.endpoint

            async def counted(request: Request) -> Response:
                begun = time.perf_counter()
                try:
                    answer = await handle(request)
                except Exception as error:
                    answer = _failure(error)
                desk.answered(self.path, answer.status_code, time.perf_counter() - begun)
                return answer

            return counted

    return MeasuredRoute


def _failure(error: Exception) -> Response:
    match error:
        case InputError():
            return _answer(Refused(detail=error.wrong), HTTPStatus.UNPROCESSABLE_ENTITY)
        case DataError():
            said = Wrong(field="", rule="not_computable", allowed=str(error))
            return _answer(Refused(detail=(said,)), HTTPStatus.UNPROCESSABLE_ENTITY)
        case ListHeld():
            return _answer(Held(detail=str(error), cases=error.cases), HTTPStatus.CONFLICT)
        case BodyNotTaken():
            headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
            if error.status == HTTPStatus.UNAUTHORIZED:
                headers["WWW-Authenticate"] = 'Bearer realm="churnops"'
            return Response(Failed(detail=str(error)).model_dump_json(), error.status, headers, JSON_TYPE)
        case ExtraMissing():
            return _answer(Failed(detail=str(error)), HTTPStatus.NOT_IMPLEMENTED)
        case ChurnopsError():
            return _answer(Failed(detail=str(error)), HTTPStatus.SERVICE_UNAVAILABLE)
        case ClientDisconnect():
            return Response(status_code=_WENT_AWAY)
        case _:
            _log.error("a request failed", exc_info=error)
            return _answer(Failed(detail="The server failed; its own output says where."), HTTPStatus.INTERNAL_SERVER_ERROR)


def _asks_to_explain(request: Request) -> bool:
    given = request.query_params.get("explain", "false")
    if given not in ("true", "false"):
        raise InputError((Wrong(field="explain", rule="wrong_type", allowed="true or false"),))
    return given == "true"


def _answer(said: BaseModel, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(said.model_dump_json(), status, media_type=JSON_TYPE)


def _taking(schema: Mapping[str, Any], answers: Mapping[int, dict[str, Any]] = MappingProxyType({})) -> dict[str, Any]:
    """How the documentation tells of a route that takes a body of this `schema`, and answers in more ways than with its model."""
    body = {"requestBody": {"required": True, "content": {JSON_TYPE: {"schema": schema}}}}
    return {"response_description": _GIVEN, "responses": {**_FAILURES, **answers}, "openapi_extra": body}


def _list(name: str, item: Mapping[str, Any], most: int) -> dict[str, Any]:
    listed = {"type": "array", "items": item, "minItems": 1, "maxItems": most}
    return {"type": "object", "properties": {name: listed}, "required": [name], "additionalProperties": False}
