"""`churnops serve`: the prediction API and the review page over HTTP."""

from typing import TYPE_CHECKING, Annotated

import typer

from agent.commands.options import HERE, WorkspaceOption, opened_by_person

if TYPE_CHECKING:
    from socket import socket

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def serve(
    host: Annotated[str, typer.Option("--host", help="Address to listen on; one of other machines needs --allow-remote.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="0 takes a free one.", min=0, max=65535)] = 8000,
    workers: Annotated[int, typer.Option("--workers", help="Processes that answer.", min=1, max=64)] = 1,
    allow_remote: Annotated[
        bool,
        typer.Option(
            "--allow-remote",
            help="Answer other machines. Set `serving.api_key_variable`, or put a proxy in front that asks who they are.",
        ),
    ] = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Serve predictions by the champion, and the review page on this machine. A deploy needs no restart; SIGTERM ends it in order."""
    import os
    import sys
    from functools import partial
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from reports.web.api_keys import read_api_keys

    local = host in _LOOPBACK
    if not local and not allow_remote:
        raise typer.BadParameter(f"{host} can be reached from other machines; add --allow-remote if that is meant", param_hint="--host")
    here = opened_by_person(workspace)
    keys = read_api_keys(here.settings.serving, here.workspace.root, os.environ)
    with TemporaryDirectory(prefix="churnops-") as counted:
        # Read by prometheus-client when it is imported, here and in the workers.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = counted
        import uvicorn
        from uvicorn.supervisors import Multiprocess

        from agent.setup.person import who
        from pipeline.clock import utc_now
        from pipeline.log_lines import ASKED
        from pipeline.serving.impatient_connections import ImpatientHttp
        from prompts import policy_text
        from reports.web.app import worker_app
        from reports.web.review_page.sign_in import LINK_LASTS, sign_in_link

        app = partial(worker_app, here.workspace.root, policy_text(), who(), local=local, shared_measures=Path(counted))
        config = uvicorn.Config(
            app,
            factory=True,
            host=host,
            port=port,
            workers=workers,
            http=ImpatientHttp,
            ws="none",
            access_log=False,
            log_level="warning",
            log_config=None if ASKED in os.environ else uvicorn.config.LOGGING_CONFIG,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=30,
            # A worker answers once it has imported everything; the usual 5 s end it before that on a slow machine, again and again.
            timeout_worker_healthcheck=90,
        )
        listening = _listening(host, port)
        bound = listening.getsockname()[1]
        here.state.close()
        shown = f"[{host}]" if ":" in host else host
        typer.echo(f"Predictions: http://{shown}:{bound}/predict, documented at /docs")
        # Whoever opens the link may approve: it is for a person, not for a log.
        link = sign_in_link(here.workspace.home, utc_now, bound) if sys.stdin.isatty() and sys.stdout.isatty() else ""
        once = f"{link.replace('127.0.0.1', shown) if local else link} (works once, for {LINK_LASTS.total_seconds() / 60:g} minutes)"
        typer.echo(f"Review page: {once if link else '`churnops reports page` at a terminal prints a link'}")
        if not local and not keys:
            typer.echo("The API asks nobody who they are: whoever reaches it can ask and write outcomes.", err=True)
        # A single worker, too, has a parent: it starts another one where that dies, and ends in order when it is told to.
        Multiprocess(config, sockets=[listening]).run()


def _listening(host: str, port: int) -> "socket":
    import socket

    from pipeline.errors import ChurnopsError

    try:
        listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise ChurnopsError(
            f"{host}, port {port} cannot be listened on: {error.strerror}.", "Choose another --port (0 takes a free one) or --host."
        ) from error
    listening.set_inheritable(True)
    return listening
