"""How a request reached the server: on this machine, or through the proxy that [page] names, whose word counts and nobody else's."""

from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from pipeline.shown_text import plain
from pipeline.workspace.page_settings import PageSettings

_ARRIVAL = "churnops.arrival"  # where in the ASGI scope it lies
_NAME_LENGTH = 120


@dataclass(frozen=True)
class Arrival:
    """A request that the named proxy sent on. `origin` is the page's for a browser, `prefix` what its addresses begin with there, `name` whom
    the trusted header says it is from, empty without one."""

    origin: str
    prefix: str
    name: str


class ThroughProxy:
    """Marks requests that came through the proxy to the page's URL, and takes that URL's path off theirs.

    The URL's scheme, host and path are those of the settings: no header can name others. A forwarded header counts where the proxy's address
    sent it, and once.
    """

    def __init__(self, app: ASGIApp, settings: PageSettings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http" and self._settings.url:
            scope = self._marked(scope)
        await self._app(scope, receive, send)

    def _marked(self, scope: Scope) -> Scope:
        headers, page = Headers(scope=scope), self._settings
        if not page.names_proxy((scope.get("client") or ("",))[0]):
            return scope
        asked_for = headers.getlist("x-forwarded-host") or headers.getlist("host")
        if [host.lower() for host in asked_for] != [page.host] or headers.getlist("x-forwarded-proto") not in ([], ["https"]):
            return scope
        path: str = scope["path"]
        if page.prefix and f"{path}/".startswith(f"{page.prefix}/"):
            path = path.removeprefix(page.prefix) or "/"
        named = headers.getlist(page.trusted_header) if page.trusted_header else []
        name = named[0].strip() if len(named) == 1 else ""
        # A name that would have to be cut or cleaned is no name: two people would share one.
        arrival = Arrival(f"https://{page.host}", page.prefix, name if plain(name, _NAME_LENGTH) == name else "")
        scope.update({"path": path, "raw_path": path.encode(), _ARRIVAL: arrival})  # in place: the request log reads the route from it
        return scope


def arrival_in(scope: Scope) -> Arrival | None:
    """How a request came through the proxy; None where it did not."""
    found = scope.get(_ARRIVAL)
    return found if isinstance(found, Arrival) else None


def prefix_of(request: Request) -> str:
    """What the addresses of the answer to a request begin with."""
    arrival = arrival_in(request.scope)
    return arrival.prefix if arrival else ""
