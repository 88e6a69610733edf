"""What a token allows: scope `read` looks and opens cases, scope `train` also trains and closes them. Nothing allows to deploy."""

from contextvars import ContextVar
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.types import CallToolResult
from starlette.requests import Request

from pipeline.record.failure import Failure
from pipeline.workspace.tokens import Token
from tools.bearer import HOLDER
from tools.failed_answer import failed_answer

# Named one by one: a tool that is new, or forgotten here, asks for `train`.
READ_TOOLS = frozenset(
    {
        "get_drift_summary",
        "get_current_model_metrics",
        "diagnose",
        "inspect_feature",
        "compare_models",
        "get_history",
        "query",
        "preview_repair",
        "inspect_outcomes",
        "inspect_pair",
    }
)
_caller: ContextVar[Token | None] = ContextVar("caller", default=None)


def mcp_client() -> str:
    """Who works on the case, as the record says it: the MCP client, by its token's name where it came with one."""
    token = _caller.get()
    return "mcp client" if token is None else f"mcp client {token.name}"


async def within_scope(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Middleware of an MCP server behind a `BearerDoor`: tool calls beyond the token's scope are refused in a sentence.

    The refusal is a tool error and not an HTTP 403: it reaches the model, which can tell its person, and what is checked is the call as
    the protocol read it, not a second reading of the body.
    """
    token = _holder(ctx.request)
    if ctx.method == "tools/call":
        name = str((ctx.params or {}).get("name"))
        if token.scope != "train" and name not in READ_TOOLS:
            return _refused(f"The token {token.name!r} has scope {token.scope}, which allows {', '.join(sorted(READ_TOOLS))}.")
    mark = _caller.set(token)
    try:
        return await call_next(ctx)
    finally:
        _caller.reset(mark)


def _holder(request: object) -> Token:
    token = request.scope.get(HOLDER) if isinstance(request, Request) else None
    if not isinstance(token, Token):
        raise RuntimeError("a request reached the server without passing the door")
    return token


def _refused(said: str) -> CallToolResult:
    next_step = "A person makes a token for more with `churnops mcp token create --scope train`."
    return failed_answer(Failure(kind="refused", said=f"{said} {next_step}"))
