"""`churnops mcp token`: who may call the MCP server over HTTP."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from agent.commands.options import HERE, JsonOption, WorkspaceOption, opened

if TYPE_CHECKING:
    from pathlib import Path

    from tools.tokens import TokenBook

app = typer.Typer(help="Tokens for `churnops mcp --http`: make, list and revoke them.", no_args_is_help=True)


@app.command()
def create(
    name: Annotated[str, typer.Option("--name", help="Whose it is; the record says it of every case closed with it.")],
    scope: Annotated[
        Literal["read", "train"], typer.Option("--scope", help="read: look, and open cases; train: also train, and close cases.")
    ],
    expires: Annotated[str, typer.Option("--expires", help="How long it opens the door: 30d, 12h or 4w.")] = "30d",
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Make a token. It is shown this once: the last line of stdout; the workspace keeps its digest alone."""
    import json

    from agent.setup.person import who
    from pipeline.windows.spans import parse_length

    issued = _book(workspace).create(name, scope, parse_length(expires).length, who())
    until = f"{issued.token.expires_at:%Y-%m-%d %H:%M} UTC"
    typer.echo(f"Token {name} has scope {scope} until {until}. Send it as `Authorization: Bearer TOKEN`; it is not shown again:", err=True)
    typer.echo(json.dumps({"name": name, "scope": scope, "expires": until, "token": issued.secret}) if as_json else issued.secret)


@app.command("list")
def list_(workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """Show the tokens, oldest first."""
    import json

    from pipeline.clock import utc_now

    now, tokens = utc_now(), _book(workspace).all()
    for token in tokens:
        made = f"made {token.created_at:%Y-%m-%d} by {token.created_by}, until {token.expires_at:%Y-%m-%d %H:%M} UTC"
        typer.echo(f"{token.token_id}  {token.state(now):8} {token.scope:6} {token.name}: {made}", err=as_json)
    if not tokens:
        typer.echo("No token yet: `churnops mcp token create --name NAME --scope read`.", err=as_json)
    if as_json:
        shown = [{"id": token.token_id, "state": token.state(now), **token.model_dump(mode="json", exclude={"sha256"})} for token in tokens]
        typer.echo(json.dumps({"tokens": shown}))


@app.command()
def revoke(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The token's name, or its id from the list.")],
    workspace: WorkspaceOption = HERE,
) -> None:
    """End a token, at once for every running server."""
    token = _book(workspace).revoke(name)
    typer.echo(f"Token {token.name} ({token.token_id}) is revoked; its next request is refused.", err=True)


def _book(workspace: "Path") -> "TokenBook":
    from tools.tokens import TokenBook

    here = opened(workspace)
    return TokenBook(here.workspace, here.clock)
