"""`churnops mcp --http` with the suite's fixtures beside the tools: `python -m tests.conformance.fixtures_server WORKSPACE`."""

import sys
from pathlib import Path

from pipeline.clock import utc_now
from pipeline.record.opened_workspace import open_workspace
from pipeline.workspace.tokens import TokenBook
from prompts import policy_text
from tests.conformance.fixtures import register
from tools.casework import Casework
from tools.http_server import Listening, serve
from tools.scopes import mcp_client
from tools.server import build_server


def main() -> None:
    """The product's own stack, door and all; what differs is `register`."""
    here = open_workspace(Path(sys.argv[1]), policy_text(), utc_now)

    def no_window(*_: object) -> None:
        raise AssertionError("the suite calls fixtures alone")

    server = build_server(Casework(here, no_window, started_by="conformance", operator=mcp_client), here.policy)  # type: ignore[arg-type]
    register(server)
    serve(server, TokenBook(here.workspace, here.clock), Listening(port=0), lambda address: sys.stderr.write(f"{address}\n"))


if __name__ == "__main__":
    main()
