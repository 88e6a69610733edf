"""What every answer of the page carries, and what every request must: a local host, a session, and a form of our own."""

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from pipeline.errors import ChurnopsError
from reports.web.review_page.arrival import arrival_in, prefix_of
from reports.web.review_page.pages import problem_page
from reports.web.review_page.sign_in import START, Session
from reports.web.review_page.sign_in_page import sign_in_page

HEADERS: Mapping[str, str] = MappingProxyType(
    {
        # No script at all: a value that escaped our escaping could still do nothing.
        "Content-Security-Policy": (
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        ),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
)
# By name alone: a tunnel may give the page another port. Only the machine's own names, so that a foreign name made to point here
# (DNS rebinding) reaches nothing.
_LOCAL = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?", re.IGNORECASE)
_log = logging.getLogger(__name__)


class Stop(Exception):
    """A request that ends here, with what the person is told."""

    def __init__(self, status: int, said: str, next_step: str = "") -> None:
        super().__init__(said)
        self.status = status
        self.said = said
        self.next_step = next_step


class NotSignedIn(Stop):
    """Nobody is known, so the page asks who it is."""

    def __init__(self, to: str = "") -> None:
        super().__init__(
            403,
            "You are not signed in.",
            "Open the one-time link that `churnops serve` printed, or the one that `churnops reports page` prints anew; or sign in with a token.",
        )
        self.to = to


class GuardedRoute(APIRoute):
    """A route of the page: it answers local hosts and the page's proxy alone, its POSTs come from the page itself, and all its answers carry `HEADERS`."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        """The route's handler behind the guard."""
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            try:
                _require_local(request)
                if request.method == "POST":
                    _require_same_origin(request)
                answer = await handle(request)
            except Exception as error:
                answer = _told(error, request)
            for name, value in HEADERS.items():
                answer.headers.setdefault(name, value)
            return answer

        return guarded


def _told(error: Exception, request: Request) -> Response:
    home, root = _home(request), prefix_of(request)
    match error:
        case NotSignedIn():
            return sign_in_page(request, error.status, error.said, error.next_step, error.to)
        case Stop():
            return problem_page(error.status, error.said, error.next_step, home, root)
        case ChurnopsError():
            return problem_page(409, error.problem, error.next_step, home, root)
        case RequestValidationError():
            return problem_page(
                422, "This address does not say what the page needs.", "Go back, and follow a link of the page.", home, root
            )
        case _:
            _log.exception("the review page failed")
            next_step = "The server's own output says where; nothing was deployed by this request."
            return problem_page(500, "The page failed.", next_step, home, root)


def _home(request: Request) -> str:
    """Where the pages begin of whoever sent this, signed in or not."""
    visit = request.path_params.get("visit")
    return Session("", visit, prefix=prefix_of(request)).home if visit else prefix_of(request) + START


def _require_local(request: Request) -> None:
    if arrival_in(request.scope) is None and not _LOCAL.fullmatch(request.headers.get("host", "")):
        raise Stop(
            421,
            "The review page answers on this machine, and through the proxy that its settings name.",
            "Open it as http://127.0.0.1 with the server's port, or at the URL in the settings' section page.",
        )


def _require_same_origin(request: Request) -> None:
    """Refuse a POST that the browser says comes from elsewhere. Where it says nothing, cookie and form token still decide."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin", "null")  # "null" is what our own forms send under `no-referrer`
    arrival = arrival_in(request.scope)
    own = (arrival.origin if arrival else f"{request.url.scheme}://{request.headers['host']}").lower()
    if site not in {"same-origin", "none"} or (origin != "null" and origin.lower() != own):
        raise Stop(403, "This form was not sent by the review page.", "Open the page and send its own form.")
