"""Writes docs/reference.md from the code: commands, settings, policy, tools. `make docs` runs it; a test fails when it is out of date."""

from pathlib import Path
from typing import Any, cast

import click
import typer
from pydantic import BaseModel

from agent.cli import app
from pipeline.workspace.policy import load_policy
from pipeline.workspace.settings import Settings
from prompts import policy_text
from tools.casework import Casework
from tools.policy_view import policy_view
from tools.server import build_server

REFERENCE = Path(__file__).parent / "reference.md"
SECTIONS = (
    "data",
    "predictions",
    "outcomes",
    "expectations",
    "offers",
    "window",
    "watch",
    "alerts",
    "hooks",
    "engine",
    "training",
    "value",
    "serving",
    "page",
    "operator",
    "approval",
    "fairness",
    "retention",
    "workspace",
)


def reference() -> str:
    """The whole page."""
    return "\n".join(
        [
            "# Reference",
            "",
            "Made from the code by `make docs`.",
            "",
            "## Commands",
            "",
            *_commands(typer.main.get_command(app), "churnops"),
            "Exit codes: 0 done, 1 an error (one sentence on stderr; `--debug` shows the traceback), 2 wrong usage, 130 stopped by Ctrl-C.",
            "",
            "## Settings",
            "",
            "`churnops.toml`, written by `churnops init`. `CHURNOPS_SECTION__KEY` in the environment overrides a key.",
            "",
            *_settings(),
            "## Policy",
            "",
            "A workspace overrides a rule under `[policy]` (`gate.min_roc_auc = 0.7`) or with `CHURNOPS_POLICY__GATE__MIN_ROC_AUC=0.7`.",
            "",
            "| rule | value | reason |",
            "|---|---|---|",
            *(f"| `{rule.rule}` | {rule.value} | {rule.reason} |" for rule in policy_view(load_policy(policy_text(), {})).rules),
            "",
            "## Tools",
            "",
            "What `churnops mcp` serves, and what the operator in the terminal uses.",
            "",
            *_tools(),
        ]
    )


def _commands(command: click.Command, path: str) -> list[str]:
    lines: list[str] = []
    subcommands = getattr(command, "commands", {})
    if not subcommands or getattr(command, "invoke_without_command", False):
        lines += [f"### `{path}`", "", _unescaped(command.help), ""]
        for parameter in command.params:
            names = ", ".join(f"`{name}`" for name in parameter.opts)
            said = _unescaped(getattr(parameter, "help", ""))
            default = parameter.default
            shown = (
                f" Default: `{default}`."
                if isinstance(default, str | int | float) and not isinstance(default, bool) and default != ""
                else ""
            )
            if parameter.name != "help":
                lines.append(f"- {names}: {said}{shown}")
        lines.append("")
    for name, subcommand in subcommands.items():
        lines += _commands(subcommand, f"{path} {name}")
    return lines


def _unescaped(text: str | None) -> str:
    """A help text as the terminal shows it, where what stands in brackets is escaped from Rich."""
    return (text or "").strip().replace("\\[", "[")


def _settings() -> list[str]:
    above = {name: Settings.model_fields[name] for name in ("database_url", "artifact_url")}
    lines = [*(f"- `{name}` (default `{place.default!r}`), above all sections: {place.description}" for name, place in above.items()), ""]
    for section in SECTIONS:
        model = cast(type[BaseModel], Settings.model_fields[section].annotation)
        lines += [f"### `[{section}]`", "", (model.__doc__ or "").strip(), "", *_keys(model, ""), ""]
    owners = Settings.model_fields["owners"].description
    return [*lines, "### `[owners]`", "", f"{owners}, each with a name and an address. docs/data-faults.md.", ""]


def _keys(model: type[BaseModel], prefix: str) -> list[str]:
    lines: list[str] = []
    for key, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            lines += _keys(kind, f"{prefix}{key}.")
        else:
            default = "required" if field.is_required() else f"default `{field.default!r}`"
            lines.append(f"- `{prefix}{key}` ({default}): {field.description}")
    return lines


def _tools() -> list[str]:
    server = build_server(cast(Casework, None), load_policy(policy_text(), {}))  # listing the tools does no casework
    lines: list[str] = []
    for tool in server._tool_manager.list_tools():
        lines += [f"### `{tool.name}`", "", tool.description, ""]
        for name, schema in cast(dict[str, dict[str, Any]], tool.parameters["properties"]).items():
            lines.append(f"- `{name}`: {schema.get('description', '')}")
        lines.append("")
    return lines


if __name__ == "__main__":
    REFERENCE.write_text(reference(), encoding="utf-8")
