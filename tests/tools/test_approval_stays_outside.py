"""Over the wire, in every era: nothing that is offered deploys, approves, moves an alias or rolls back, and nothing of that name answers."""

import re
from pathlib import Path

import pytest
from mcp import Client

from pipeline.record.opened_workspace import Opened
from tests.tools.test_server import OFFERED
from tests.tools.wire import ERAS, Era, in_process, over_stdio

DEPLOYS = re.compile(r"deploy|approv|promot|alias|roll.?back|overrul|overrid|acknowledg", re.IGNORECASE)
TRIED = ("approve", "deploy", "rollback", "set_alias", "promote", "reject", "override", "hold", "score")

pytestmark = pytest.mark.anyio


async def nothing_deploys(client: Client) -> None:
    tools = (await client.list_tools()).tools
    assert [tool.name for tool in tools] == OFFERED
    prompts = (await client.list_prompts()).prompts
    resources = (await client.list_resources()).resources
    templates = (await client.list_resource_templates()).resource_templates
    names = [
        *(word for tool in tools for word in (tool.name, *tool.input_schema["properties"])),
        *(prompt.name for prompt in prompts),
        *(str(resource.uri) for resource in resources),
        *(template.uri_template for template in templates),
    ]
    assert [name for name in names if DEPLOYS.search(name)] == []
    for name in TRIED:
        answer = await client.call_tool(name, {"case_id": "c"})
        assert answer.is_error
        assert "There is no tool" in answer.content[0].text  # type: ignore[union-attr]


@pytest.mark.parametrize("era", ERAS)
async def test_in_process(trained: Opened, era: Era) -> None:
    pointer = trained.workspace.champion_pointer.read_bytes()
    rows = len(trained.ledger.entries())
    async with in_process(trained, era) as client:
        await nothing_deploys(client)
    assert trained.workspace.champion_pointer.read_bytes() == pointer
    assert len(trained.ledger.entries()) == rows


@pytest.mark.parametrize("era", ["2026-07-28", pytest.param("legacy", marks=pytest.mark.slow)])
async def test_over_stdio(untrained_workspace: Path, era: Era) -> None:
    async with over_stdio(untrained_workspace, era) as client:
        await nothing_deploys(client)
