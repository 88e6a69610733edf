"""The server as another program starts it: a real process on stdin and stdout, which carry the protocol and nothing else."""

import shutil
import sys
from pathlib import Path

import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from pipeline.record.opened_workspace import Opened
from tests.tools.desk import Desk
from tests.tools.test_server import OFFERED

CONSOLE_SCRIPT = Path(sys.executable).parent / "churnops"

pytestmark = pytest.mark.anyio


@pytest.mark.slow
async def test_a_client_takes_a_case_from_drift_to_report_and_stdout_stays_clean(drifted: Opened) -> None:
    stray: list[Exception] = []

    async def hear(message: object) -> None:
        if isinstance(message, Exception):  # a line of stdout that is no message of the protocol
            stray.append(message)

    pointer = drifted.workspace.champion_pointer.read_bytes()
    server = StdioServerParameters(command=str(CONSOLE_SCRIPT), args=["mcp", "--workspace", str(drifted.workspace.root)])
    async with Client(server, message_handler=hear) as client:
        desk = Desk(client)
        tools = [tool.name for tool in (await client.list_tools()).tools]
        case_id = (await desk.ok("get_drift_summary"))["case_id"]
        metrics = await desk.ok("get_current_model_metrics", case_id=case_id)
        refusal = await desk.refused("run_training", case_id=case_id, n_estimators="200")
        closed = await desk.close(case_id, "fix_data")

    assert tools == OFFERED
    assert metrics["call"] == 2
    assert "must be an integer" in refusal
    assert stray == []
    case = drifted.cases.get(case_id)
    assert (case.status, case.operator, case.started_by) == ("needs_people", "mcp client", "mcp")
    assert closed["report"]["sha256"] == case.report.sha256  # type: ignore[union-attr]
    assert [call.outcome for call in drifted.cases.calls(case_id)] == ["ok"] * 3
    assert drifted.workspace.champion_pointer.read_bytes() == pointer


@pytest.mark.slow
async def test_the_server_starts_without_a_champion_and_says_what_is_missing(fresh: Opened, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(fresh.workspace.settings_file, elsewhere)
    server = StdioServerParameters(command=str(CONSOLE_SCRIPT), args=["mcp", "--workspace", str(fresh.workspace.root)], cwd=elsewhere)
    async with Client(server) as client:
        assert "Run `churnops" in await Desk(client).refused("get_drift_summary")
    assert [path.name for path in elsewhere.iterdir()] == ["churnops.toml"]  # nothing is written where the user stands
