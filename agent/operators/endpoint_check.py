"""Does the endpoint work? One tiny request, without a word about customers: what it can, what it costs, how fast it is."""

import time

from pydantic import BaseModel

from agent.conversation.messages import Asked, ToolSpec
from agent.operators.claude import Claude
from pipeline.workspace.operator_settings import OperatorSettings

_SYSTEM = "You are being checked. Call the tool `ready` once, with the word ready, and say nothing else."
_READY = ToolSpec(
    name="ready",
    description="Say that you are there.",
    input_schema={"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]},
)


class EndpointCheck(BaseModel, frozen=True):
    """What one request showed. `tool_call`: the model called a tool with arguments that can be read, without which it cannot operate. `cost_usd` is of
    this request; `price_note` says where its price is not the built-in one, `refused` what it does not take and is asked without."""

    provider: str
    model: str
    base_url: str
    tool_call: bool
    input_tokens: int
    output_tokens: int
    cost_usd: float
    price_note: str
    refused: str
    seconds: float


async def check_endpoint(settings: OperatorSettings) -> EndpointCheck:
    """Ask once.

    Raises:
        OperatorFailed: no key, no connection, or an error of the provider.
    """
    operator = Claude(settings, _SYSTEM)
    started = time.monotonic()
    answer = await operator.ask((Asked(text="Are you ready?"),), (_READY,), lambda _: None)
    calls = [call for call in answer.turn.calls if call.name == _READY.name and call.malformed is None]
    return EndpointCheck(
        provider=settings.provider,
        model=settings.model,
        base_url=settings.base_url,
        tool_call=any(isinstance(call.arguments.get("word"), str) for call in calls),
        input_tokens=answer.spend.input_tokens,
        output_tokens=answer.spend.output_tokens,
        cost_usd=round(answer.spend.usd, 6),
        price_note=operator.price_note,
        refused=operator.refused_note,
        seconds=round(time.monotonic() - started, 1),
    )
