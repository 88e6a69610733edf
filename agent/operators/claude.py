"""Claude as the operator: one streamed Messages request per turn, everything that can go wrong told in one sentence."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from agent.conversation.messages import Answer, Conversation, OperatorFailed, OperatorTurn, Say, Spend, ToolReturn, ToolSpec
from agent.operators.claude_answer import StreamedAnswer, most_tokens
from agent.operators.prices import price_of
from pipeline.workspace.operator_settings import OperatorSettings

if TYPE_CHECKING:
    from anthropic import APIStatusError, AsyncAnthropic, AsyncAnthropicBedrock, AsyncAnthropicVertex

MAX_TOKENS = 8_000  # of one answer, thinking included: room for a reasoned report, a small part of the limits
RETRIES = 2  # by the SDK, before the first byte only: 408, 409, 429, 5xx and connection errors

# What an endpoint may do without, as the fields of a request and as people say it.
_OPTIONAL = {"thinking": "thinking", "output_config": "effort", "cache_control": "caching"}

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
    thoughts = True  # whether summaries of its thinking are streamed to people

    def __init__(self, settings: OperatorSettings, system: str) -> None:
        self._settings = settings
        self._system = system
        self._price = price_of(settings.model, settings.prices)
        self._without: tuple[str, ...] = ()  # optional fields that the endpoint refused
        self._answered = False

    @property
    def about(self) -> str:
        """Model and effort, what the endpoint refused, and a word on the price when it is not known."""
        effort = "" if "output_config" in self._without else f", effort {self._settings.effort}"
        return "; ".join(filter(None, (f"{self._settings.model}{effort}", self.refused_note, self._price.note)))

    @property
    def refused_note(self) -> str:
        """What the endpoint does not take and is asked without; empty where it takes everything."""
        return f"the endpoint takes no {', no '.join(_OPTIONAL[one] for one in self._without)}" if self._without else ""

    @property
    def price_note(self) -> str:
        """A word on the price where it is not the built-in one."""
        return self._price.note

    def request(self, conversation: Conversation, tools: tuple[ToolSpec, ...]) -> dict[str, Any]:
        """The body of the next Messages request, all of it: what leaves the machine."""
        body = {
            "model": self._settings.model,
            "max_tokens": MAX_TOKENS,
            "system": self._system,
            "tools": [tool.model_dump(include={"name", "description", "input_schema"}) for tool in tools],
            "messages": _messages(conversation),
            # Current models put what they say between tool calls into thinking, and leave it empty unless a summary is asked for.
            "thinking": {"type": "adaptive", "display": "summarized"},
            "output_config": {"effort": self._settings.effort},
            "cache_control": {"type": "ephemeral"},
        }
        return {name: value for name, value in body.items() if name not in self._without}

    def worst_case(self, conversation: Conversation, tools: tuple[ToolSpec, ...]) -> Spend:
        """Every attempt reads the whole request and writes it to the cache; one of them answers at full length."""
        read = self._attempts(self.request(conversation, tools), 1 + RETRIES)
        return read + Spend(output_tokens=MAX_TOKENS, usd=self._price.usd(0, 0, 0, MAX_TOKENS) * self._price.long_factor)

    def _attempts(self, request: dict[str, Any], count: int) -> Spend:
        """What so many attempts read at most; who retries reads again, and pays if the provider had begun."""
        tokens = most_tokens(json.dumps(request, ensure_ascii=False))
        return Spend(input_tokens=count * tokens, usd=count * self._price.usd(0, tokens, 0, 0))

    async def ask(self, conversation: Conversation, tools: tuple[ToolSpec, ...], emit: Say) -> Answer:
        """Stream one answer. The first time, what an endpoint may not take (thinking, effort, caching) is left out where it refuses the
        request: each alone, then all of it; a refusal costs nothing.

        Raises:
            OperatorFailed: no key, no connection, an error of the provider, or an answer that is not whole.
        """
        refused: OperatorFailed | None = None
        for without in [self._without] if self._answered else [(), *((one,) for one in _OPTIONAL), tuple(_OPTIONAL)]:
            self._without = without
            try:
                answer = await self._ask_once(conversation, tools, emit)
            except OperatorFailed as failed:
                if self._answered or not _refuses_the_request(failed.__cause__):
                    raise
                refused = refused or failed
                continue
            if self._without and not self._answered:
                emit(f"\n({self.refused_note[0].upper()}{self.refused_note[1:]}: asked without.)\n")
            self._answered = True
            return answer
        self._without = ()
        assert refused is not None
        raise refused

    async def _ask_once(self, conversation: Conversation, tools: tuple[ToolSpec, ...], emit: Say) -> Answer:
        request = self.request(conversation, tools)
        most, answer, sent = self.worst_case(conversation, tools), StreamedAnswer(thoughts=self.thoughts), list[str]()
        try:
            async with self._client(sent) as client, await client.messages.create(**request, stream=True) as stream:
                async for event in stream:
                    if text := answer.take(event):
                        emit(text)
            spend = self._spent(answer, request, sent)
            problem = answer.why_not_whole()
            if spend.tokens > most.tokens or spend.usd > most.usd:
                problem = f"The provider counts {spend.tokens:,} tokens, more than its request and answer can hold: it cannot be kept within bounds."
            if problem:
                raise OperatorFailed(problem, _at_most(spend, most))
            return Answer(turn=answer.turn(), spend=spend)
        except OperatorFailed:
            raise
        except ImportError as error:
            provider = self._settings.provider
            raise OperatorFailed(f"The provider {provider} needs an extra package: pip install 'churnops[{provider}]'.") from error
        except Exception as error:  # beside the SDK's own: httpx2 and JSON errors, and anything a compatible endpoint provokes
            raise OperatorFailed(_sentence(error), _at_most(self._spent(answer, request, sent), most)) from error

    def _spent(self, answer: StreamedAnswer, request: dict[str, Any], sent: list[str]) -> Spend:
        """What the answer cost, and the attempts before it, which report nothing."""
        return answer.spend(self._price, most_tokens(json.dumps(request, ensure_ascii=False))) + self._attempts(
            request, max(0, len(sent) - 1)
        )

    def _client(self, sent: list[str]) -> "AsyncAnthropic | AsyncAnthropicBedrock | AsyncAnthropicVertex":
        import anthropic

        from agent.operators.bounded_answer import NO_COMPRESSION, bounded

        async def note(request: Any) -> None:
            sent.append(str(request.url))

        options: dict[str, Any] = {
            "base_url": self._settings.base_url or None,
            "max_retries": RETRIES,
            "open_telemetry": False,
            "http_client": anthropic.DefaultAsyncHttpxClient(
                event_hooks={"request": [note], "response": [bounded]}, headers=NO_COMPRESSION
            ),
        }
        if self._settings.provider == "bedrock":
            return anthropic.AsyncAnthropicBedrock(**options)
        if self._settings.provider == "vertex":
            return anthropic.AsyncAnthropicVertex(**options)
        return anthropic.AsyncAnthropic(**options)


def _at_most(spend: Spend, most: Spend) -> Spend:
    """What is counted of a claim: never more than was set aside for the ask, which is all that the bounds have room for."""
    return most if spend.tokens > most.tokens or spend.usd > most.usd else spend


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


def _refuses_the_request(error: BaseException | None) -> bool:
    """Whether the provider took the request for a wrong one, which another one may not be."""
    import anthropic

    return isinstance(error, anthropic.BadRequestError | anthropic.UnprocessableEntityError) and not _too_long(error)


def _too_long(error: "APIStatusError") -> bool:
    said = error.api_message or error.message
    return error.status_code == 413 or (error.status_code == 400 and "prompt is too long" in said)


def _sentence(error: Exception) -> str:
    import anthropic
    import httpx2

    from agent.operators.bounded_answer import AnswerNotRead

    if isinstance(error, AnswerNotRead):
        return str(error)
    if isinstance(error, anthropic.AuthenticationError):
        return "The provider rejected the key (401)."
    if isinstance(error, anthropic.APIStatusError):
        said = error.api_message or error.message
        if _too_long(error):
            return "The conversation no longer fits into the model's context window."
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
    return f"Asking the provider failed ({type(error).__name__}): {str(error).partition(chr(10))[0][:200]}"
