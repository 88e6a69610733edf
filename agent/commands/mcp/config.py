"""`churnops mcp config`: what a client's configuration has to say to start, or reach, the server of a workspace."""

from typing import Annotated, Any, Literal

import typer

from agent.commands.options import HERE, WorkspaceOption

ClientName = Literal["claude-desktop", "claude-code", "cursor", "vscode", "gemini-cli"]
URL = "http://127.0.0.1:8765/mcp"
TOKEN = "CHURNOPS_MCP_TOKEN"  # the variable that holds it; the token itself is in no file
_REACHED = f'--transport http churnops {URL} --header "Authorization: Bearer ${TOKEN}"'
_PLACES: dict[ClientName, str] = {
    "claude-desktop": "Into claude_desktop_config.json (Settings, Developer, Edit Config), beside servers that are there; then restart Claude.",
    "claude-code": "Run this in the folder you work in; --scope user instead makes it yours everywhere.",
    "cursor": "Into .cursor/mcp.json of the project, or ~/.cursor/mcp.json for all of them.",
    "vscode": "Into .vscode/mcp.json of the project.",
    "gemini-cli": "Into .gemini/settings.json of the project, or ~/.gemini/settings.json for all of them.",
}


def config(
    client: Annotated[ClientName, typer.Argument(help="The client to configure.", show_default=False)],
    workspace: WorkspaceOption = HERE,
    http: Annotated[bool, typer.Option("--http", help="For a server that runs by itself: `churnops mcp --http`.")] = False,
) -> None:
    """Print the configuration with which a client starts the server of a workspace, or reaches it with --http."""
    import json
    import shlex
    import sys
    from pathlib import Path

    from agent.setup.launch import launch
    from pipeline.workspace.folder import find_workspace

    if http and client == "claude-desktop":
        raise typer.BadParameter("Claude Desktop's file knows only servers that it starts itself: leave it out", param_hint="--http")
    root = find_workspace(workspace).root
    words = (*launch(Path(sys.prefix), Path(sys.executable)), "mcp", "--workspace", str(root))
    typer.echo(_PLACES[client], err=True)
    if http:
        asks = "VS Code asks for the token" if client == "vscode" else f"The environment variable {TOKEN} holds the token"
        typer.echo(f"{asks} that `churnops mcp token create` gave. The address is the server's default.", err=True)
    if client == "claude-code":
        typer.echo(f"claude mcp add {_REACHED}" if http else f"claude mcp add churnops -- {shlex.join(words)}")
    else:
        typer.echo(json.dumps(_file(client, words, http), indent=2, ensure_ascii=False))


def _file(client: ClientName, words: tuple[str, ...], http: bool) -> dict[str, Any]:
    start = {"command": words[0], "args": list(words[1:])}
    if client == "gemini-cli":
        reach = {"httpUrl": URL, "headers": {"Authorization": f"Bearer ${TOKEN}"}}
        return {"mcpServers": {"churnops": reach if http else start}}
    if client != "vscode":
        reach = {"url": URL, "headers": {"Authorization": f"Bearer ${{env:{TOKEN}}}"}}
        return {"mcpServers": {"churnops": reach if http else start}}
    if not http:
        return {"servers": {"churnops": {"type": "stdio", **start}}}
    return {
        "inputs": [{"type": "promptString", "id": "churnops_token", "description": "Token of churnops mcp", "password": True}],
        "servers": {"churnops": {"type": "http", "url": URL, "headers": {"Authorization": "Bearer ${input:churnops_token}"}}},
    }
