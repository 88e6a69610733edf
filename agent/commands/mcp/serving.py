"""`churnops mcp`: the tools for any MCP client, over stdio or HTTP, and the tokens of the latter."""

from typing import TYPE_CHECKING, Annotated

import typer

from agent.commands.mcp.config import config
from agent.commands.mcp.token import app as token
from agent.commands.options import HERE, WorkspaceOption, opened
from pipeline.intake.window_choice import WindowChoice

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.record.opened_workspace import Opened
    from tools.strict_server import StrictServer

app = typer.Typer(invoke_without_command=True)
app.command()(config)
app.add_typer(token, name="token")


@app.callback()
def mcp(
    context: typer.Context,
    workspace: WorkspaceOption = HERE,
    http: Annotated[bool, typer.Option("--http", help="Serve over Streamable HTTP; every client needs a token.")] = False,
    host: Annotated[str, typer.Option("--host", help="Address to listen on with --http.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port to listen on with --http; 0: any free one.")] = 8765,
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", help="A name clients may call the server by, besides the loopback's; repeat it.", show_default=False),
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option("--allow-origin", help="A web page's origin that may call it, like https://app.example.com.", show_default=False),
    ] = None,
) -> None:
    """Serve the tools to MCP clients: over stdio to the one that starts this command, with --http to any that has a token."""
    _check_usage(context, http)
    if context.invoked_subcommand is not None:
        return
    _log_to_stderr()
    here = opened(workspace)
    if not http:
        _over_stdio(here)
        return
    from pipeline.workspace.tokens import TokenBook
    from tools.http_server import Listening, serve
    from tools.scopes import mcp_client

    listening = Listening(host, port, tuple(allow_host or ()), tuple(allow_origin or ()))

    def say(address: str) -> None:
        typer.echo(f"churnops mcp serves {address}; Ctrl-C ends it.", err=True)
        if not listening.is_loopback:
            typer.echo("Tokens travel in clear text: put a proxy that speaks TLS before this server.", err=True)

    serve(_server(here, mcp_client), TokenBook(here.workspace, here.clock), listening, say)


def _check_usage(context: typer.Context, http: bool) -> None:
    """An option that would be passed over in silence is wrong usage."""
    given = [name for name in context.params if _is_given(context, name)]
    if context.invoked_subcommand is not None and given:
        raise typer.BadParameter(
            f"put the options of {context.invoked_subcommand!r} after it", param_hint=f"--{given[0].replace('_', '-')}"
        )
    for name in ("host", "port", "allow_host", "allow_origin"):
        if name in given and not http:
            raise typer.BadParameter("means something with --http only", param_hint=f"--{name.replace('_', '-')}")


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _over_stdio(here: "Opened") -> None:
    import sys

    if sys.stdin.isatty():
        typer.echo(
            "churnops mcp waits for a client on stdin; configure one to run `churnops mcp --workspace DIR`. Ctrl-C ends it.", err=True
        )
    _server(here, lambda: "mcp client").run("stdio")


def _server(here: "Opened", operator: "Callable[[], str]") -> "StrictServer":
    from agent.operators.rulebook import Rulebook
    from tools.casework import Casework
    from tools.server import build_server

    second = Rulebook(here.policy).opinion
    return build_server(Casework(here, WindowChoice().reader(here), started_by="mcp", operator=operator, second=second), here.policy)


def _log_to_stderr() -> None:
    """Before the SDK configures logging itself: stdout belongs to the protocol."""
    import logging
    import sys

    logging.basicConfig(stream=sys.stderr, level=logging.ERROR, format="%(levelname)s %(name)s: %(message)s")
