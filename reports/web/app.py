"""The assembled web application of one workspace: the prediction API and the review page."""

import os
import re
import signal
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from multiprocessing import parent_process
from multiprocessing.connection import wait
from pathlib import Path

from fastapi import FastAPI
from starlette.responses import JSONResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from pipeline.churnops_version import churnops_version
from pipeline.clock import utc_now
from pipeline.log_lines import log_as_json_where_asked
from pipeline.record.opened_workspace import Opened, open_workspace
from pipeline.serving.customer_input import customer_input
from pipeline.serving.known_fields import known_in
from pipeline.serving.prediction_service import PredictionService
from reports.web.api_docs import api_page
from reports.web.api_keys import read_api_keys
from reports.web.prediction_api import api_router
from reports.web.request_log import RequestLog
from reports.web.review_page.arrival import ThroughProxy, arrival_in, prefix_of
from reports.web.review_page.router import page_router
from reports.web.review_page.sign_in import START

# Names of this machine, whatever the port. A foreign name that was made to point here (DNS rebinding) could send customers otherwise.
_LOCAL = re.compile(rb"(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?", re.IGNORECASE)


class LocalHosts:
    """Refuses requests that were neither sent to a name of this machine nor came through the page's proxy."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        hosts = [value for name, value in scope.get("headers", ()) if name == b"host"]
        if scope["type"] == "http" and arrival_in(scope) is None and (len(hosts) != 1 or not _LOCAL.fullmatch(hosts[0])):
            await JSONResponse({"detail": "This server answers to names of its own machine alone."}, 421)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def web_app(opened: Opened, *, local: bool, shared_measures: Path | None = None) -> FastAPI:
    """The application over an opened workspace.

    Args:
        opened: it stays open when the application ends.
        local: answer to names of this machine alone.
        shared_measures: folder in which several workers count together.

    Raises:
        SettingsError: see `read_api_keys`.
    """
    desk = PredictionService(opened, shared_measures)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with desk.staffed():
            yield

    # The framework's own page at /docs would fetch its script from elsewhere.
    app = FastAPI(title="churnops", version=churnops_version(), lifespan=lifespan, docs_url=None, redoc_url=None)
    customers = customer_input(known_in(opened, desk.fields), ignores_unknown=opened.settings.serving.unknown_fields == "ignore")
    app.include_router(api_router(desk, customers, read_api_keys(opened.settings.serving, opened.workspace.root, os.environ)))
    app.include_router(page_router(opened))
    app.add_route("/docs", lambda _request: api_page(app, opened, desk.fields), include_in_schema=False)
    app.add_route("/", lambda request: RedirectResponse(prefix_of(request) + START), include_in_schema=False)
    if local:
        app.add_middleware(LocalHosts)
    app.add_middleware(ThroughProxy, settings=opened.settings.page)
    app.add_middleware(RequestLog)
    return app


def worker_app(root: Path, policy_text: str, person: str, *, local: bool, shared_measures: Path | None) -> FastAPI:
    """The application of one server process, over the workspace at `root`.

    Raises:
        ChurnopsError: see `open_workspace`.
    """
    log_as_json_where_asked()
    _end_with_parent()
    return web_app(open_workspace(root, policy_text, utc_now, person), local=local, shared_measures=shared_measures)


def _end_with_parent() -> None:
    """A worker whose parent was killed would hold the port for ever."""
    parent = parent_process()
    if parent is None:
        return

    def follow() -> None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=follow, name="end with parent", daemon=True).start()
