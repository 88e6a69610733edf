"""`churnops reports page`: a fresh link to the review page, for the person at the terminal."""

from typing import Annotated

import typer

from agent.commands.options import HERE, WorkspaceOption, opened


def page(
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port of `churnops serve`.")] = 8000,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Print a one-time link to the review page of a running `churnops serve`. Whoever opens it may approve, so only a terminal gets one."""
    import sys

    from pipeline.errors import ChurnopsError
    from reports.web.review_page.sign_in import LINK_LASTS, sign_in_link

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ChurnopsError(
            "A link to the review page is for a person at a terminal; there is none here.", "Run it yourself, without pipes."
        )
    here = opened(workspace)
    typer.echo(sign_in_link(here.workspace.home, here.clock, port))
    typer.echo(f"It works once, for {LINK_LASTS.total_seconds() / 60:g} minutes.", err=True)
