"""Run by a test in a copy of the packages that has two more families: says what commands, settings, tools, documents and a report make of them."""

import importlib.util
import json
import sys
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import anyio
from mcp import Client
from typer.testing import CliRunner

from agent.case.briefing import system_prompt
from agent.cli import app
from pipeline.intake.windows import logged_window
from pipeline.record.opened_workspace import open_workspace
from prompts import policy_text
from tools.casework import Casework
from tools.server import build_server


def main(root: Path, now: datetime, documents: Path) -> None:
    opened = open_workspace(root, policy_text(), lambda: now)
    casework = Casework(opened, partial(logged_window, opened), started_by="a test", operator=lambda: "a test")
    spec = importlib.util.spec_from_file_location("generate", documents / "generate.py")
    assert spec is not None and spec.loader is not None
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)

    async def through_mcp() -> dict[str, Any]:
        async with Client(build_server(casework, opened.policy)) as client:
            case_id = (await client.call_tool("get_drift_summary", {})).structured_content["case_id"]

            async def said(**arguments: Any) -> str:
                result = await client.call_tool("run_training", {"case_id": case_id, **arguments})
                assert result.is_error
                return " ".join(block.text for block in result.content)

            (training,) = (tool for tool in (await client.list_tools()).tools if tool.name == "run_training")
            told = {
                "arguments": training.input_schema["properties"],
                "too many": await said(estimator="small_boosting", n_estimators=200),
                "beyond the override": await said(estimator="small_boosting", learning_rate=0.25),
                "not its own": await said(estimator="small_boosting", max_depth=10),
                "not installed": await said(estimator="elsewhere"),
            }
            asked = {"case_id": case_id, "estimator": "small_boosting", "n_estimators": 12, "learning_rate": 0.2}
            told["reply"] = (await client.call_tool("run_training", asked)).structured_content
            words = {"summary": "A summary.", "reasoning": "A reason."}
            action = "retrain" if told["reply"]["gate"]["passed"] else "monitor"
            await client.call_tool("save_remediation_report", {"case_id": case_id, "action": action, **words})
            told["report"] = (opened.workspace.reports / f"{case_id}.md").read_text(encoding="utf-8")
            return told

    sys.stdout.write(
        json.dumps(
            {
                "help": CliRunner().invoke(app, ["train", "--help"], env={"COLUMNS": "200"}).output,
                "setting": opened.settings.training.estimator,
                "prompt": system_prompt(opened.policy, "chat"),
                "reference": generate.reference(),
                **anyio.run(through_mcp),
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2]), Path(sys.argv[3]))
