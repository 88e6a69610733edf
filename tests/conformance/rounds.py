"""The suite's fixtures of the modern era that need more of the client: each call returns what is missing, until nothing is."""

from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.types import (
    CreateMessageRequest,
    CreateMessageRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequest,
    InputRequiredResult,
    ListRootsRequest,
    SamplingMessage,
    TextContent,
)


def _ask(message: str, field: str, kind: str = "string") -> ElicitRequest:
    schema = {"type": "object", "properties": {field: {"type": kind}}, "required": [field]}
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))


def _sample(prompt: str, max_tokens: int) -> CreateMessageRequest:
    message = SamplingMessage(role="user", content=TextContent(type="text", text=prompt))
    return CreateMessageRequest(params=CreateMessageRequestParams(messages=[message], max_tokens=max_tokens))


def _need(state: str | None = None, **requests: InputRequest) -> InputRequiredResult:
    return InputRequiredResult(input_requests=requests, request_state=state)


def _has(ctx: Context[Any], *keys: str) -> bool:
    return set(keys) <= set(ctx.input_responses or {})


def _said(ctx: Context[Any], key: str, field: str) -> str | None:
    """What the person answered, if it is an answer to the question."""
    answer = (ctx.input_responses or {}).get(key)
    value = answer.content.get(field) if isinstance(answer, ElicitResult) and answer.content else None
    return value if isinstance(value, str) else None


NAME = _ask("What is your name?", "name")
CAPITAL = _sample("What is the capital of France?", 100)
ROOTS = ListRootsRequest()
CONFIRM = _ask("Please confirm", "ok", "boolean")


def register_rounds(server: MCPServer[Any]) -> None:
    """Add the fixtures to `server`."""

    @server.tool(structured_output=False)
    async def test_input_required_result_elicitation(ctx: Context[Any]) -> str | InputRequiredResult:
        """Needs a name."""
        name = _said(ctx, "user_name", "name")
        return _need(user_name=NAME) if name is None else f"Hello, {name}!"

    @server.tool(structured_output=False)
    async def test_input_required_result_sampling(ctx: Context[Any]) -> str | InputRequiredResult:
        """Needs an answer of the client's model."""
        return str((ctx.input_responses or {})["capital_question"]) if _has(ctx, "capital_question") else _need(capital_question=CAPITAL)

    @server.tool(structured_output=False)
    async def test_input_required_result_list_roots(ctx: Context[Any]) -> str | InputRequiredResult:
        """Needs the client's roots."""
        return str((ctx.input_responses or {})["client_roots"]) if _has(ctx, "client_roots") else _need(client_roots=ROOTS)

    @server.tool(structured_output=False)
    async def test_input_required_result_request_state(ctx: Context[Any]) -> str | InputRequiredResult:
        """Needs a confirmation, and its own state back."""
        if _has(ctx, "confirm") and ctx.request_state == "asked":
            return "state-ok"
        return _need("asked", confirm=CONFIRM)

    @server.tool(structured_output=False)
    async def test_input_required_result_tampered_state(ctx: Context[Any]) -> str | InputRequiredResult:
        """Needs its own state back as it gave it out."""
        if _has(ctx, "confirm") and ctx.request_state == "sealed":
            return "The seal is whole."
        return _need("sealed", confirm=CONFIRM)

    @server.tool(structured_output=False)
    async def test_input_required_result_multiple_inputs(ctx: Context[Any]) -> str | InputRequiredResult:
        """Needs three things at once."""
        if _has(ctx, "user_name", "greeting", "client_roots"):
            return "All three came."
        return _need("three", user_name=NAME, greeting=_sample("Generate a greeting", 50), client_roots=ROOTS)

    @server.tool(structured_output=False)
    async def test_input_required_result_multi_round(ctx: Context[Any]) -> str | InputRequiredResult:
        """Needs two things, one after the other."""
        if ctx.request_state == "second" and _has(ctx, "step2"):
            return "Both came."
        if ctx.request_state == "first" and _has(ctx, "step1"):
            return _need("second", step2=_ask("Step 2: What is your favorite color?", "color"))
        return _need("first", step1=_ask("Step 1: What is your name?", "name"))

    @server.tool(structured_output=False)
    async def test_input_required_result_capabilities(ctx: Context[Any]) -> str | InputRequiredResult:
        """Asks for what the client can give, and no more."""
        can = ctx.client_capabilities
        requests: dict[str, InputRequest] = {}
        if can is not None and can.elicitation is not None:
            requests["user_name"] = NAME
        if can is not None and can.sampling is not None:
            requests["capital_question"] = CAPITAL
        return _need(None, **requests) if requests and not ctx.input_responses else "Enough."

    @server.prompt()
    async def test_input_required_result_prompt(ctx: Context) -> str | InputRequiredResult:
        """Needs a context."""
        context = _said(ctx, "user_context", "context")
        return _need(user_context=_ask("What context should the prompt use?", "context")) if context is None else f"Use {context}."
