"""Strict arguments: the SDK lets unknown ones pass and coerces "yes" to true, so they are checked ahead of the call, in our words."""

import difflib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.prompts import Prompt
from mcp.server.mcpserver.tools import Tool
from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS
from pydantic import ValidationError

from pipeline.shown_text import plain
from tools.schemas import answer, compact

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

# What a value must be, by pydantic's name of the error; `{}` are the names in the error's context.
_RULES: dict[str, str] = {
    "missing": "is required",
    "int_type": "must be an integer",
    "float_type": "must be a number",
    "string_type": "must be a string",
    "string_unicode": "must be a string of valid Unicode",
    "string_too_long": "must have at most {max_length} characters",
    "string_too_short": "must have at least {min_length} character",
    "literal_error": "must be one of {expected}",
}
_LONGEST_PROMPT_ARGUMENT = 64
_JSON_NAMES: dict[type, str] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
    type(None): "null",
}


def seal(tool: Tool) -> Tool:
    """The tool with schemas that are short and say so: no arguments beyond those named."""
    tool.parameters = {**compact(tool.parameters), "additionalProperties": False}
    if tool.fn_metadata.output_schema is not None:
        tool.fn_metadata.output_schema = answer(tool.fn_metadata.output_schema)
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
            close = difflib.get_close_matches(name[:64], allowed, n=1)
            hint = f" Did you mean {close[0]}?" if close else ""
            raise ToolError(f"{tool.name} takes no argument {name[:64]!r}.{hint} It takes: {', '.join(allowed) or 'none'}.")
    try:
        # As JSON, which has neither dates nor tuples: a text and a list stand for them.
        model.model_validate_json(json.dumps(dict(arguments)), strict=True)
    except ValidationError as error:
        raise ToolError(f"{tool.name}: {_said(_named(error, model, arguments))}") from None


def _named(error: ValidationError, model: "type[BaseModel]", arguments: Mapping[str, Any]) -> "ErrorDetails":
    """What is wrong first. Half a surrogate pair is no JSON at all; of which argument it is, the values themselves tell."""
    found = error.errors()[0]
    if found["loc"]:
        return found
    try:
        model.model_validate(dict(arguments), strict=True)
    except ValidationError as closer:
        return closer.errors()[0]
    raise error


def check_prompt_arguments(prompt: Prompt, arguments: Mapping[str, str]) -> None:
    """Refuse unknown, missing and oversized arguments of a prompt.

    Raises:
        MCPError: invalid params; names the argument, the rule, and what is allowed.
    """
    known = prompt.arguments or []
    allowed = ", ".join(argument.name for argument in known) or "none"
    for name, value in arguments.items():
        if name not in {argument.name for argument in known}:
            raise MCPError(INVALID_PARAMS, f"{prompt.name} takes no argument {plain(name, 64)!r}. It takes: {allowed}.")
        if not 0 < len(value) <= _LONGEST_PROMPT_ARGUMENT:
            raise MCPError(
                INVALID_PARAMS, f"{prompt.name}: {name} must have 1 to {_LONGEST_PROMPT_ARGUMENT} characters; given: {len(value)}."
            )
    for argument in known:
        if argument.required and argument.name not in arguments:
            raise MCPError(INVALID_PARAMS, f"{prompt.name}: {argument.name} is required.")


def _said(error: "ErrorDetails") -> str:
    field, kind, given = error["loc"][0], error["type"], error["input"]
    rule = _RULES.get(kind, error["msg"]).format(**error.get("ctx", {}))
    if kind in {"missing", "string_unicode"}:
        return f"{field} {rule}."
    if kind in {"string_too_long", "string_too_short"}:
        return f"{field} {rule}; given: {len(given)}."
    shown = f" {given[:40]!r}" if isinstance(given, str) else ""
    return f"{field} {rule}; given: {_JSON_NAMES.get(type(given), 'something else')}{shown}."
