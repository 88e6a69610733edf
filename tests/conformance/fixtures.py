"""The tools, resources and prompts that the conformance suite calls by name, registered on a server of ours. Their texts are the suite's."""

import json
from base64 import b64decode
from typing import Any, Literal

import anyio
from mcp import MCPError
from mcp.server import MCPServer
from mcp.server.mcpserver import Context, UserMessage
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    AudioContent,
    EmbeddedResource,
    EmptyResult,
    ImageContent,
    SamplingMessage,
    SetLevelRequestParams,
    SubscribeRequestParams,
    TextContent,
    TextResourceContents,
    UnsubscribeRequestParams,
)
from pydantic import BaseModel, Field

from tests.conformance.rounds import register_rounds

# One red pixel, and a header of sound without any.
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
SILENCE = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA="


def register(server: MCPServer[Any]) -> None:
    """Add every fixture of both requirement sets to `server`."""
    _register_contents(server)
    _register_conversations(server)
    _register_resources(server)
    _register_prompts(server)
    register_rounds(server)


def _text(text: str) -> TextContent:
    return TextContent(type="text", text=text)


def _image() -> ImageContent:
    return ImageContent(type="image", data=PIXEL, mime_type="image/png")


def _embedded(uri: str, text: str, mime_type: str = "text/plain") -> EmbeddedResource:
    return EmbeddedResource(type="resource", resource=TextResourceContents(uri=uri, mime_type=mime_type, text=text))


def _register_contents(server: MCPServer[Any]) -> None:
    @server.tool()
    def test_simple_text() -> str:
        """One text."""
        return "This is a simple text response for testing."

    @server.tool()
    def test_image_content() -> list[ImageContent]:
        """One image."""
        return [_image()]

    @server.tool()
    def test_audio_content() -> list[AudioContent]:
        """One sound."""
        return [AudioContent(type="audio", data=SILENCE, mime_type="audio/wav")]

    @server.tool()
    def test_embedded_resource() -> list[EmbeddedResource]:
        """One embedded resource."""
        return [_embedded("test://embedded-resource", "This is an embedded resource content.")]

    @server.tool()
    def test_multiple_content_types() -> list[TextContent | ImageContent | EmbeddedResource]:
        """A text, an image and a resource."""
        resource = _embedded("test://mixed-content-resource", '{"test":"data","value":123}', "application/json")
        return [_text("Multiple content types test:"), _image(), resource]

    @server.tool()
    def test_error_handling() -> str:
        """Fails on purpose."""
        raise ToolError("This tool intentionally returns an error for testing")


class _Answer(BaseModel):
    username: str = Field(description="User's response")
    email: str = Field(description="User's email address")


class _Defaults(BaseModel):
    name: str = "John Doe"
    age: int = 30
    score: float = 95.5
    status: Literal["active", "inactive", "pending"] = "active"
    verified: bool = True


def _titled(*choices: str) -> list[dict[str, str]]:
    return [{"const": choice, "title": choice.title()} for choice in choices]


class _Choices(BaseModel):
    untitledSingle: str = Field(json_schema_extra={"enum": ["option1", "option2", "option3"]})  # noqa: N815
    titledSingle: str = Field(json_schema_extra={"oneOf": _titled("value1", "value2", "value3")})  # type: ignore[dict-item]  # noqa: N815
    untitledMulti: list[str] = Field(json_schema_extra={"items": {"type": "string", "enum": ["option1", "option2"]}})  # noqa: N815
    titledMulti: list[str] = Field(json_schema_extra={"items": {"anyOf": _titled("value1", "value2")}})  # type: ignore[dict-item]  # noqa: N815
    legacyEnum: str = Field(json_schema_extra={"enum": ["opt1", "opt2"], "enumNames": ["Option One", "Option Two"]})  # noqa: N815


def _register_conversations(server: MCPServer[Any]) -> None:
    """Tools that speak to the client while they run: log, progress, and in the handshake era questions of their own."""

    @server.tool()
    async def test_tool_with_logging(ctx: Context[Any]) -> str:
        """Logs three lines."""
        for line in ("Tool execution started", "Tool processing data", "Tool execution completed"):
            await ctx.info(line)
            await anyio.sleep(0.05)
        return "Logged three lines."

    @server.tool()
    async def test_logging_tool(ctx: Context[Any]) -> str:
        """Logs one line, which only a request that asked for it may see."""
        await ctx.info("A line.")
        return "Logged a line."

    @server.tool()
    async def test_tool_with_progress(ctx: Context[Any]) -> str:
        """Reports progress three times."""
        for progress in (0, 50, 100):
            await ctx.report_progress(progress, 100)
            await anyio.sleep(0.05)
        return "Done."

    @server.tool()
    async def test_sampling(prompt: str, ctx: Context[Any]) -> str:
        """Asks the client's model."""
        message = SamplingMessage(role="user", content=_text(prompt))
        answer = await ctx.session.create_message(messages=[message], max_tokens=100)
        return f"LLM response: {answer.content.text if isinstance(answer.content, TextContent) else answer.content}"

    @server.tool()
    async def test_elicitation(message: str, ctx: Context[Any]) -> str:
        """Asks the client's person."""
        return _told(await ctx.elicit(message, _Answer))

    @server.tool()
    async def test_elicitation_sep1034_defaults(ctx: Context[Any]) -> str:
        """Asks with a default for every primitive type."""
        return _told(await ctx.elicit("Please correct what is wrong", _Defaults))

    @server.tool()
    async def test_elicitation_sep1330_enums(ctx: Context[Any]) -> str:
        """Asks with every way to write an enumeration."""
        return _told(await ctx.elicit("Please choose", _Choices))

    @server.tool()
    async def test_streaming_elicitation(ctx: Context[Any]) -> str:
        """Reports progress on the way; sends nothing but notifications."""
        await ctx.report_progress(1, 1)
        return "Streamed."

    @server.tool()
    async def test_missing_capability(ctx: Context[Any]) -> str:
        """Needs a client that samples."""
        capabilities = ctx.client_capabilities
        if capabilities is None or capabilities.sampling is None:
            needed: dict[str, Any] = {"requiredCapabilities": {"sampling": {}}}
            raise MCPError(MISSING_REQUIRED_CLIENT_CAPABILITY, "This tool needs the client's sampling", needed)
        return "The client samples."

    @server.tool()
    async def test_trigger_tool_change(ctx: Context[Any]) -> str:
        """Says that the tools changed."""
        await ctx.notify_tools_changed()
        return "Said."

    @server.tool()
    async def test_trigger_prompt_change(ctx: Context[Any]) -> str:
        """Says that the prompts changed."""
        await ctx.notify_prompts_changed()
        return "Said."


def _told(answer: Any) -> str:
    content = answer.data.model_dump(mode="json") if answer.action == "accept" else {}
    return f"Elicitation completed: action={answer.action}, content={json.dumps(content)}"


def _register_resources(server: MCPServer[Any]) -> None:
    @server.resource("test://static-text", mime_type="text/plain")
    def static_text() -> str:
        """A text."""
        return "This is the content of the static text resource."

    @server.resource("test://static-binary", mime_type="image/png")
    def static_binary() -> bytes:
        """An image."""
        return b64decode(PIXEL)

    @server.resource("test://template/{id}/data", mime_type="application/json")
    def template(id: str) -> str:  # noqa: A002
        """A text about an id."""
        return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})

    @server.resource("test://watched-resource", mime_type="text/plain")
    def watched() -> str:
        """A text one may subscribe to."""
        return "Watched."

    async def accept(_context: object, _params: object) -> EmptyResult:
        return EmptyResult()

    lowlevel = server._lowlevel_server  # MCPServer has no way of its own to offer these three of the handshake era
    lowlevel.add_request_handler("logging/setLevel", SetLevelRequestParams, accept)
    lowlevel.add_request_handler("resources/subscribe", SubscribeRequestParams, accept)
    lowlevel.add_request_handler("resources/unsubscribe", UnsubscribeRequestParams, accept)


def _register_prompts(server: MCPServer[Any]) -> None:
    @server.prompt()
    def test_simple_prompt() -> str:
        """No arguments."""
        return "This is a simple prompt for testing."

    @server.prompt()
    def test_prompt_with_arguments(arg1: str, arg2: str) -> str:
        """Two arguments."""
        return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"

    @server.prompt()
    def test_prompt_with_embedded_resource(resourceUri: str) -> list[UserMessage]:  # noqa: N803
        """A resource and a request."""
        resource = _embedded(resourceUri, "Embedded resource content for testing.")
        return [UserMessage(resource), UserMessage("Please process the embedded resource above.")]

    @server.prompt()
    def test_prompt_with_image() -> list[UserMessage]:
        """An image and a request."""
        return [UserMessage(_image()), UserMessage("Please analyze the image above.")]
