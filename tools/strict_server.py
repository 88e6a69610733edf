"""An MCP server that checks what comes in, and whose errors are sentences: no coercion, no stack trace, no protocol accident."""

import logging
from collections.abc import Callable, Iterable
from typing import Any

from anyio import to_thread
from mcp.server import MCPServer
from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import (
    ResourceError,
    ResourceNotFoundError,
    ToolError,
    UnexpectedResourceError,
    UnexpectedToolError,
)
from mcp.server.mcpserver.tools import Tool
from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS, GetPromptResult, InputRequiredResult, Resource
from pydantic import AnyUrl

from pipeline.errors import ChurnopsError, IntegrityError
from pipeline.record.failure import Failure, failure_of
from pipeline.shown_text import plain
from tools.argument_checks import check_arguments, check_prompt_arguments
from tools.failed_answer import failed_answer

OnCrash = Callable[[str, BaseException], None]
_LONGEST_SAID, _LONGEST_URI = 1200, 1000


class StrictServer(MCPServer[Any]):
    """`more_resources` lists resources that come and go. `on_crash` hears of an exception that no tool raises on purpose; its text stays here."""

    def __init__(
        self, name: str, *, more_resources: Callable[[], list[Resource]], on_crash: OnCrash | None = None, **settings: Any
    ) -> None:
        super().__init__(name, **settings)
        self._more_resources = more_resources
        self._on_crash = on_crash or _log

    async def call_tool(self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None) -> Any:
        """Check the arguments strictly, then call; whatever goes wrong is a tool error that is a sentence and data."""
        try:
            check_arguments(self._tool(name), arguments)
            return await super().call_tool(name, arguments, context)
        except UnexpectedToolError as error:
            if (known := _on_purpose(error)) is not None:
                return failed_answer(failure_of(known))
            self._on_crash(name, error.__cause__ or error)
            return failed_answer(Failure(kind="crashed", said=f"{name} failed unexpectedly, and nothing more is told here."))
        except ToolError as error:
            return failed_answer(Failure(kind="invalid", said=str(error)))

    def _tool(self, name: str) -> Tool:
        tool = self._tool_manager.get_tool(name)
        if tool is None:
            offered = ", ".join(sorted(tool.name for tool in self._tool_manager.list_tools()))
            raise ToolError(f"There is no tool {plain(name, 64)!r}. Tools are: {offered}.")
        return tool

    async def list_resources(self) -> list[Resource]:
        """Those that are always there, then those that come and go."""
        return [*await super().list_resources(), *await to_thread.run_sync(self._more_resources)]

    async def read_resource(
        self, uri: AnyUrl | str, context: Context[Any, Any] | None = None
    ) -> Iterable[ReadResourceContents] | InputRequiredResult:
        """Read a resource; what is not there is invalid params with a sentence."""
        if len(str(uri)) > _LONGEST_URI:
            raise ResourceNotFoundError(f"A resource's URI has at most {_LONGEST_URI} characters; given: {len(str(uri))}.")
        try:
            return await super().read_resource(uri, context)
        except UnexpectedResourceError as error:
            known = _on_purpose(error)
            if known is None:
                raise
            kind = ResourceError if isinstance(known, IntegrityError) else ResourceNotFoundError
            raise kind(plain(str(known), _LONGEST_SAID)) from error

    async def get_prompt(
        self, name: str, arguments: dict[str, Any] | None = None, context: Context[Any, Any] | None = None
    ) -> GetPromptResult | InputRequiredResult:
        """Make a prompt; an unknown one, or a wrong argument, is invalid params with a sentence."""
        prompt = self._prompt_manager.get_prompt(name)
        if prompt is None:
            offered = ", ".join(sorted(prompt.name for prompt in self._prompt_manager.list_prompts()))
            raise MCPError(INVALID_PARAMS, f"There is no prompt {plain(name, 64)!r}. Prompts are: {offered}.")
        check_prompt_arguments(prompt, arguments or {})
        try:
            return await super().get_prompt(name, arguments, context)
        except ValueError as error:
            if (known := _on_purpose(error)) is not None:
                raise MCPError(INVALID_PARAMS, plain(str(known), _LONGEST_SAID)) from error
            raise


def _on_purpose(error: BaseException | None) -> ChurnopsError | None:
    """The error that somebody can fix, if it is what the SDK wrapped."""
    while error is not None and not isinstance(error, ChurnopsError):
        error = error.__cause__
    return error


def _log(tool: str, error: BaseException) -> None:
    logging.getLogger(__name__).error("Tool %r raised an unexpected exception", tool, exc_info=error)
