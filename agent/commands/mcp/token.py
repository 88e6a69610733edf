"""`churnops mcp token`: who may call the MCP server over HTTP."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from agent.commands.options import HERE, JsonOption, WorkspaceOption, opened

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.workspace.tokens import TokenBook

app = typer.Typer(help="Tokens for `churnops mcp --http` and the review page: make, list and revoke them.", no_args_is_help=True)


@app.command()
def create(
    name: Annotated[str, typer.Option("--name", help="Whose it is; the record says it of every case closed with it.")],
    scope: Annotated[
        Literal["read", "train", "approve"],
        typer.Option(
            "--scope",
            help="read: look, and open cases; train: also train, and close cases; approve: at the review page alone, also approve.",
        ),
    ],
    expires: Annotated[str, typer.Option("--expires", help="How long it opens the door: 30d, 12h or 4w.")] = "30d",
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Make a token. It is shown this once: the last line of stdout; the workspace keeps its digest alone."""
    import json
    import sys

    from agent.setup.person import who
    from pipeline.errors import ChurnopsError
    from pipeline.windows.spans import parse_length

    if scope == "approve" and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ChurnopsError("A token that approves is for a person at a terminal; there is none here.", "Run it yourself, without pipes.")
    issued = _book(workspace).create(name, scope, parse_length(expires).length, who())
    use = "Sign in at the review page with it" if scope == "approve" else "Send it as `Authorization: Bearer TOKEN`"
    until = f"{issued.token.expires_at:%Y-%m-%d %H:%M} UTC"
    typer.echo(f"Token {name} has scope {scope} until {until}. {use}; it is not shown again:", err=True)
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
    from pipeline.workspace.tokens import TokenBook

    here = opened(workspace)
    return TokenBook(here.workspace, here.clock)
