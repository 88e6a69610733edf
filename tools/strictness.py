"""Strict arguments: the SDK lets unknown ones pass and coerces "yes" to true, so they are checked ahead of the call, in our words."""

import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool
from pydantic import ValidationError

if TYPE_CHECKING:
    from pydantic import BaseModel


def seal(tool: Tool) -> Tool:
    """The tool with a schema that says so: no arguments beyond those named."""
    tool.parameters["additionalProperties"] = False
    return tool


def check_arguments(tool: Tool, arguments: Mapping[str, Any]) -> None:
    """Refuse unknown names, wrong types and values out of range.

    Raises:
        ToolError: names the field, the rule, and what is allowed.
    """
    model: type[BaseModel] = tool.fn_metadata.arg_model
    allowed = [field.alias or name for name, field in model.model_fields.items()]
    for name in arguments:
        if name not in allowed:
            close = difflib.get_close_matches(name, allowed, n=1)
            hint = f" Did you mean {close[0]}?" if close else ""
            raise ToolError(f"{tool.name} takes no argument {name[:64]!r}.{hint} It takes: {', '.join(allowed) or 'none'}.")
    try:
        model.model_validate(dict(arguments), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"] if not str(part).startswith(("int", "float", "none", "literal")))
        raise ToolError(f"{tool.name}: {field}: {first['msg']} (type {first['type']}).") from None
