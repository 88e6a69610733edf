"""The prompts an MCP client offers its person: how to triage, to explain a report, to compare models."""

from collections.abc import Callable
from typing import Annotated, Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Message, UserMessage
from mcp.types import EmbeddedResource, TextResourceContents
from pydantic import Field

from prompts import prompt_text
from tools.archive import Archive
from tools.resources import REPORT

CaseId = Annotated[str, Field(description="Id of the case, as `churnops://cases` lists it")]


def add_prompts(server: MCPServer[Any], archive: Callable[[], Archive]) -> None:
    """Offer the prompts. A case is looked up before a prompt names it."""

    @server.prompt(
        title="Triage the current window", description="Find out what happened to the customers scored lately, and close the case."
    )
    def triage() -> str:
        return prompt_text("client_triage")

    @server.prompt(title="Explain a report", description="The audit report of a case, explained to the person who decides on it.")
    def explain_report(case_id: CaseId) -> list[Message]:
        text = archive().report(case_id)
        attached = TextResourceContents(uri=REPORT.format(case_id=case_id), mime_type="text/markdown", text=text)
        return [_about("explain_report", case_id), UserMessage(EmbeddedResource(type="resource", resource=attached))]

    @server.prompt(title="Compare models", description="A case's candidates beside the champion, explained.")
    def compare_models(case_id: CaseId) -> list[Message]:
        archive().require(case_id)
        return [_about("compare_models", case_id)]


def _about(prompt: str, case_id: str) -> Message:
    return UserMessage(prompt_text(prompt).replace("{case_id}", case_id))
