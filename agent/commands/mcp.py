"""`churnops mcp`: the tools for any MCP client, over stdio."""

import typer

from agent.commands.options import HERE, WorkspaceOption, opened
from agent.commands.window import WindowChoice


def mcp(workspace: WorkspaceOption = HERE) -> None:
    """Serve the tools to an MCP client over stdio; the client starts this command and talks to it."""
    import logging
    import sys

    # Before the SDK configures logging itself: stdout belongs to the protocol.
    logging.basicConfig(stream=sys.stderr, level=logging.ERROR, format="%(levelname)s %(name)s: %(message)s")
    from tools.casework import Casework
    from tools.server import build_server

    here = opened(workspace)
    casework = Casework(here, WindowChoice().reader(here), started_by="mcp", operator=lambda: "mcp client")
    if sys.stdin.isatty():
        typer.echo(
            "churnops mcp waits for a client on stdin; configure one to run `churnops mcp --workspace DIR`. Ctrl-C ends it.", err=True
        )
    build_server(casework, here.policy).run("stdio")
