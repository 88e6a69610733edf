"""Claude as the operator: one streamed Messages request per turn, everything that can go wrong told in one sentence."""

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol

from agent.conversation import Answer, Conversation, OperatorFailed, OperatorTurn, Say, Spend, ToolCall, ToolReturn, ToolSpec
from agent.prices import price_of
from pipeline.settings import OperatorSettings

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic, AsyncAnthropicBedrock, AsyncAnthropicVertex
    from anthropic.types import Message

MAX_TOKENS = 8_000  # of one answer, thinking included: room for a reasoned report, a small part of the limits
RETRIES = 2  # by the SDK, before the first byte only: 408, 409, 429, 5xx and connection errors
BYTES_PER_TOKEN = 3  # JSON and English take more bytes per token, so an estimate by it errs upwards

Provider = Literal["anthropic", "bedrock", "vertex"]
_KEYS: dict[Provider, tuple[str, ...]] = {
    "anthropic": ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"),
    "bedrock": ("AWS_BEARER_TOKEN_BEDROCK", "AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_ROLE_ARN"),
    "vertex": ("GOOGLE_APPLICATION_CREDENTIALS", "ANTHROPIC_VERTEX_PROJECT_ID"),
}


def key_available(environment: Mapping[str, str], provider: Provider = "anthropic") -> bool:
    """Whether the environment holds what `provider` usually takes its credentials from."""
    return any(environment.get(name) for name in _KEYS[provider])


class Claude:
    """Asks Claude, at Anthropic, a compatible endpoint (`base_url`), Amazon Bedrock or Google Vertex AI.

    The request is a pure function of the conversation and only ever grows at its end, so the provider's prompt cache holds.
    """

    name = "claude"

    def __init__(self, settings: OperatorSettings, system: str) -> None:
        self._settings = settings
        self._system = system
        self._price = price_of(settings.model)

    @property
    def about(self) -> str:
        """Model and effort, and a word on the price when it is not known."""
        return "; ".join(filter(None, (f"{self._settings.model}, effort {self._settings.effort}", self._price.note)))

    def request(self, conversation: Conversation, tools: tuple[ToolSpec, ...]) -> dict[str, Any]:
        """The body of the next Messages request, all of it: what leaves the machine."""
        return {
            "model": self._settings.model,
            "max_tokens": MAX_TOKENS,
            "system": self._system,
            "tools": [tool.model_dump() for tool in tools],
            "messages": _messages(conversation),
            # Current models put what they say between tool calls into thinking, and leave it empty unless a summary is asked for.
            "thinking": {"type": "adaptive", "display": "summarized"},
            "output_config": {"effort": self._settings.effort},
            "cache_control": {"type": "ephemeral"},
        }

    def worst_case(self, conversation: Conversation, tools: tuple[ToolSpec, ...]) -> Spend:
        """Every attempt reads the whole request and writes it to the cache; one of them answers at full length."""
        size = len(json.dumps(self.request(conversation, tools), ensure_ascii=False).encode())
        read = (1 + RETRIES) * math.ceil(size / BYTES_PER_TOKEN)
        return Spend(input_tokens=read, output_tokens=MAX_TOKENS, usd=self._price.usd(0, read, 0, MAX_TOKENS))

    async def ask(self, conversation: Conversation, tools: tuple[ToolSpec, ...], emit: Say) -> Answer:
        """Stream one answer.

        Raises:
            OperatorFailed: no key, no connection, an error of the provider, or an answer that is not whole.
        """
        usage: _Usage | None = None
        written = 0
        arguments: dict[int, str] = {}
        try:
            async with self._client() as client, client.messages.stream(**self.request(conversation, tools)) as stream:
                async for event in stream:
                    if event.type == "message_start":
                        usage = event.message.usage
                    elif event.type == "text":
                        emit(event.text)
                        written += len(event.text.encode())
                    elif event.type == "thinking":
                        emit(event.thinking)
                        written += len(event.thinking.encode())
                    elif event.type == "content_block_delta" and event.delta.type == "input_json_delta":
                        # Kept because the SDK mends broken JSON without a word: `{"days": 7d` becomes {"days": 7}.
                        arguments[event.index] = arguments.get(event.index, "") + event.delta.partial_json
                        written += len(event.delta.partial_json.encode())
                message = await stream.get_final_message()
        except ImportError as error:
            provider = self._settings.provider
            raise OperatorFailed(f"The provider {provider} needs an extra package: pip install 'churnops[{provider}]'.") from error
        except Exception as error:  # beside the SDK's own: httpx2, JSON and assertion errors, and anything a compatible endpoint provokes
            raise OperatorFailed(_sentence(error), self._spend(usage, math.ceil(written / BYTES_PER_TOKEN))) from error
        spend = self._spend(message.usage, 0)
        if problem := _why_not_whole(message):
            raise OperatorFailed(problem, spend)
        return Answer(turn=_turn(message, arguments), spend=spend)

    def _client(self) -> "AsyncAnthropic | AsyncAnthropicBedrock | AsyncAnthropicVertex":
        import anthropic

        options: dict[str, Any] = {"base_url": self._settings.base_url or None, "max_retries": RETRIES, "open_telemetry": False}
        if self._settings.provider == "bedrock":
            return anthropic.AsyncAnthropicBedrock(**options)
        if self._settings.provider == "vertex":
            return anthropic.AsyncAnthropicVertex(**options)
        return anthropic.AsyncAnthropic(**options)

    def _spend(self, usage: "_Usage | None", at_least: int) -> Spend:
        if usage is None:
            return Spend()
        fresh, written, read = usage.input_tokens or 0, usage.cache_creation_input_tokens or 0, usage.cache_read_input_tokens or 0
        output = max(usage.output_tokens or 0, at_least)
        return Spend(
            input_tokens=fresh + written + read,
            output_tokens=output,
            cached_tokens=read,
            usd=self._price.usd(fresh, written, read, output),
        )


class _Usage(Protocol):
    input_tokens: int
    output_tokens: int
    cache_creation_input_tokens: int | None
    cache_read_input_tokens: int | None


def _messages(conversation: Conversation) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    previous = None
    for message in conversation:
        if isinstance(message, OperatorTurn):
            if message.raw:  # the wire refuses an empty answer
                messages.append({"role": "assistant", "content": list(message.raw)})
        elif isinstance(message, ToolReturn):
            if not isinstance(previous, ToolReturn):
                messages.append({"role": "user", "content": []})
            block = {"type": "tool_result", "tool_use_id": message.call_id, "content": message.text, "is_error": message.is_error}
            messages[-1]["content"].append(block)
        else:
            messages.append({"role": "user", "content": [{"type": "text", "text": message.text}]})
        previous = message
    return messages


def _turn(message: "Message", fragments: Mapping[int, str]) -> OperatorTurn:
    said: list[str] = []
    calls: list[ToolCall] = []
    raw: list[dict[str, Any]] = []
    for index, block in enumerate(message.content):
        content = block.to_dict()
        if block.type == "text":
            said.append(block.text)
        elif block.type == "tool_use":
            call = _call(block.id, block.name, block.input, fragments.get(index, ""))
            content["input"] = call.arguments  # the wire takes an object only
            calls.append(call)
        raw.append(content)
    return OperatorTurn(text="".join(said), calls=tuple(calls), raw=tuple(raw), paused=message.stop_reason == "pause_turn")


def _call(call_id: str, name: str, mended: object, text: str) -> ToolCall:
    try:
        given = json.loads(text, parse_constant=_no_json) if text else mended
    except ValueError:
        given = None
    if isinstance(given, dict):
        return ToolCall(id=call_id, name=name, arguments=given)
    return ToolCall(id=call_id, name=name, arguments=mended if isinstance(mended, dict) else {}, malformed=text)


def _no_json(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _why_not_whole(message: "Message") -> str | None:
    stop = message.stop_reason
    if stop is None:
        return "Claude's answer was cut off before its end."
    if stop == "refusal":
        why = message.stop_details.explanation if message.stop_details else None
        return f"Claude refused to go on: {why or 'no reason was given'}."
    if stop == "max_tokens":
        return f"Claude's answer did not fit into {MAX_TOKENS} tokens."
    if stop == "model_context_window_exceeded":
        return "The conversation no longer fits into the model's context window."
    if stop not in ("end_turn", "stop_sequence", "tool_use", "pause_turn"):
        return f"Claude stopped for a reason this program does not know: {stop}."
    if stop != "tool_use" and any(block.type == "tool_use" for block in message.content):
        return f"Claude's answer ended ({stop}) in the middle of a tool call."
    return None


def _sentence(error: Exception) -> str:
    import anthropic
    import httpx2

    if isinstance(error, anthropic.AuthenticationError):
        return "The provider rejected the key (401)."
    if isinstance(error, anthropic.APIStatusError):
        said = error.api_message or error.message
        did = "broke off its answer" if error.status_code < 400 else f"answered {error.status_code}"
        return f"The provider {did} ({error.type or 'no reason given'}): {said[:300]}"
    if isinstance(error, anthropic.APITimeoutError | httpx2.TimeoutException):
        return "The provider did not answer in time."
    if isinstance(error, anthropic.APIConnectionError):
        return "The provider could not be reached."
    if isinstance(error, httpx2.HTTPError):
        return "The connection to the provider broke during its answer."
    if isinstance(error, anthropic.CredentialsError) or (isinstance(error, TypeError) and "authentication" in str(error)):
        return "There is no key for the provider, set ANTHROPIC_API_KEY."
    if isinstance(error, anthropic.AnthropicError):
        return str(error).split("\n")[0][:300]
    return f"The provider's answer could not be read ({type(error).__name__})."
