"""The configuration that is printed for a client starts the server exactly as it says, wherever churnops was installed."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from agent.setup.launch import launch
from tests.checkout import ROOT
from tests.tools.test_server import OFFERED
from tests.tools.wire import CONSOLE_SCRIPT

CLIENTS = ("claude-desktop", "claude-code", "cursor", "vscode", "gemini-cli")

pytestmark = pytest.mark.anyio


def printed(
    client: str, root: Path, *more: str, script: Path = CONSOLE_SCRIPT, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    command = [str(script), "mcp", "config", client, "--workspace", str(root), *more]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=cwd, check=False)


def start_of(client: str, text: str) -> tuple[str, list[str]]:
    """The command and arguments that the printed configuration has a client start."""
    if client == "claude-code":
        words = shlex.split(text)
        assert words[:5] == ["claude", "mcp", "add", "churnops", "--"]
        return words[5], words[6:]
    said: dict[str, Any] = json.loads(text)
    entry = said["servers" if client == "vscode" else "mcpServers"]["churnops"]
    assert entry.get("type") == ("stdio" if client == "vscode" else None)
    return entry["command"], entry["args"]


async def tools_of(command: str, args: list[str], cwd: Path) -> list[str]:
    """What a client lists that starts the server from `cwd` with an almost empty environment."""
    server = StdioServerParameters(command=command, args=args, cwd=cwd, env={"PATH": "/usr/bin:/bin"})
    async with Client(server) as client:
        return [tool.name for tool in (await client.list_tools()).tools]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_configuration_names_the_installed_script_and_the_workspace_in_full(client: str, untrained_workspace: Path) -> None:
    said = printed(client, untrained_workspace / ".churnops")
    assert (said.returncode, said.stderr.count("\n")) == (0, 1)
    command, args = start_of(client, said.stdout)
    assert command == str(CONSOLE_SCRIPT)
    assert args == ["mcp", "--workspace", str(untrained_workspace.resolve())]


@pytest.mark.slow
async def test_a_server_started_as_printed_lists_its_tools(untrained_workspace: Path, tmp_path: Path) -> None:
    command, args = start_of("cursor", printed("cursor", untrained_workspace).stdout)
    assert await tools_of(command, args, tmp_path) == OFFERED


@pytest.mark.parametrize("client", CLIENTS[1:])
def test_over_http_the_token_stays_out_of_the_file(client: str, untrained_workspace: Path) -> None:
    said = printed(client, untrained_workspace, "--http")
    assert said.returncode == 0
    assert "http://127.0.0.1:8765/mcp" in said.stdout
    assert re.search(r"Authorization.*Bearer \$(\{env:)?CHURNOPS_MCP_TOKEN|Bearer \$\{input:churnops_token\}", said.stdout)
    assert "churnops mcp token create" in said.stderr


def test_claude_desktop_starts_its_servers_itself(untrained_workspace: Path) -> None:
    said = printed("claude-desktop", untrained_workspace, "--http")
    assert (said.returncode, said.stdout) == (2, "")
    assert "--http" in said.stderr


def test_a_workspace_that_is_none_is_an_error_and_prints_nothing(tmp_path: Path) -> None:
    said = printed("cursor", tmp_path)
    assert (said.returncode, said.stdout) == (1, "")
    assert "No churnops.toml" in said.stderr


def program(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("#!/bin/sh\n", encoding="utf-8")
    (folder / name).chmod(0o755)
    return folder / name


def test_an_environment_in_a_cache_is_started_by_its_launcher_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uvx, pipx = program(tmp_path / "bin", "uvx"), program(tmp_path / "bin", "pipx")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    cache = tmp_path / ".cache" / "uv"
    script = program(cache / "archive-v0" / "x" / "bin", "churnops")
    (cache / "CACHEDIR.TAG").touch()
    words = launch(script.parent.parent, script.parent / "python")
    assert (words[0], words[1], words[3]) == (str(uvx), "--from", "churnops")

    script = program(tmp_path / ".cache" / "pipx" / "y" / "bin", "churnops")
    words = launch(script.parent.parent, script.parent / "python")
    assert (*words[:3], words[4]) == (str(pipx), "run", "--spec", "churnops")

    script = program(tmp_path / "pipx" / "venvs" / "churnops" / "bin", "churnops")
    assert launch(script.parent.parent, script.parent / "python") == (str(script),)


def test_without_a_script_python_starts_the_module(tmp_path: Path) -> None:
    assert launch(tmp_path, tmp_path / "bin" / "python") == (str(tmp_path / "bin" / "python"), "-P", "-m", "churnops")


@pytest.mark.slow
async def test_an_install_as_pipx_makes_it_works_from_anywhere(untrained_workspace: Path, tmp_path: Path) -> None:
    home, wheels = tmp_path / "pipx" / "venvs" / "churnops", tmp_path / "wheels"
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", wheels], cwd=ROOT, capture_output=True, check=True)
    (wheel,) = wheels.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
    (site,) = home.glob("lib/python*/site-packages")
    # The dependencies are there already; the project itself is installed for real, without the checkout.
    dependencies = Path(pytest.__file__).resolve().parents[1]
    (site / "dependencies.pth").write_text(f"{dependencies}\n", encoding="utf-8")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(home / "bin" / "python"),
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        str(wheel),
    ]
    subprocess.run(pip, capture_output=True, check=True)
    linked = tmp_path / "local" / "churnops"
    linked.parent.mkdir()
    linked.symlink_to(home / "bin" / "churnops")

    said = printed("claude-desktop", untrained_workspace, script=linked, cwd=tmp_path)
    command, args = start_of("claude-desktop", said.stdout)
    assert command == str(home / "bin" / "churnops")
    assert await tools_of(command, args, tmp_path) == OFFERED
