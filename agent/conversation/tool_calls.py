"""One tool call as the operator meets it: made through MCP, answered whatever happens, and told in few tokens."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import anyio

from agent.conversation.messages import ToolCall, ToolReturn, ToolSpec
from agent.conversation.readable_result import readable
from pipeline.record.failure import Failure

if TYPE_CHECKING:
    from mcp import Client
    from mcp.types import CallToolResult, Tool

FIGURES = 6  # significant digits of a measure that a model reads; the record keeps them all


class Progress(Protocol):
    """Hears how far a call is: `progress` of `total`, in the tool's own unit."""

    async def __call__(self, progress: float, total: float | None, message: str | None) -> None:
        """A step was made."""


def spec_of(tool: "Tool") -> ToolSpec:
    """A tool of a server as an operator sees it."""
    reads = bool(tool.annotations and tool.annotations.read_only_hint)
    return ToolSpec(name=tool.name, description=tool.description or "", input_schema=tool.input_schema, read_only=reads)


async def make_call(client: "Client", call: ToolCall, on_progress: Progress | None = None) -> ToolReturn:
    """Make `call` and wait for its answer; what the tool or its transport raises is an answer, too."""
    answers: list[ToolReturn] = []

    async def reach() -> None:
        try:
            result = await client.call_tool(call.name, call.arguments, progress_callback=on_progress)
        except Exception as error:  # whatever a tool or its transport raises is the operator's to read, not ours to crash on
            answers.append(ToolReturn.failed(call, Failure(kind="crashed", said=f"The call failed: {error}")))
        else:
            answers.append(_returned(call, result))

    # Ctrl-C cancels this task alone, which a tool in a worker thread never notices; cancelling a group reaches it there too.
    async with anyio.create_task_group() as group:
        group.start_soon(reach)
    return answers[0]


def compact(result: Mapping[str, Any]) -> str:
    """A result as a model reads it: JSON without blanks and empty fields, measures at `FIGURES` significant digits, less than half of what the
    server sends."""
    return json.dumps(_rounded(readable(result)), ensure_ascii=False, separators=(",", ":"))


def _rounded(value: Any) -> Any:
    if isinstance(value, float) and abs(value) < 10**FIGURES:  # beyond, an amount's own digits would go
        return float(f"{value:.{FIGURES}g}")
    if isinstance(value, Mapping):
        return {key: _rounded(part) for key, part in value.items()}
    return [_rounded(part) for part in value] if isinstance(value, list | tuple) else value


def _returned(call: ToolCall, result: "CallToolResult") -> ToolReturn:
    is_error, structured = bool(result.is_error), result.structured_content
    if structured is not None and not is_error:
        text = compact(structured)
    else:
        text = "\n".join(block.text for block in result.content if block.type == "text")
    return ToolReturn(call_id=call.id, name=call.name, is_error=is_error, text=text or "No answer.", structured=structured)
