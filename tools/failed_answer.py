"""A tool's answer where there is no result: a sentence for whoever reads it, and the same as data for whoever decides by it."""

from mcp.types import CallToolResult, TextContent

from pipeline.record.failure import Failure


def failed_answer(failure: Failure) -> CallToolResult:
    """`failure` as an MCP tool error: its sentence as text, its fields as structured content."""
    structured = failure.model_dump(mode="json")
    return CallToolResult(content=[TextContent(type="text", text=failure.said)], structured_content=structured, is_error=True)
