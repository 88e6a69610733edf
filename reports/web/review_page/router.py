"""The review page's addresses. All but the sign-in and the style sheet lie below their session's own; every change needs its form's token as well."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from pipeline.record.opened_workspace import Opened
from pipeline.shown_text import plain
from pipeline.state.alerts import Alert, acknowledge
from reports.ack_links import PATH as ACK_PATH
from reports.ack_links import alert_of_link
from reports.web.review_page.arrival import arrival_in, prefix_of
from reports.web.review_page.case_routes import add_case_routes
from reports.web.review_page.entrance import Entrance, SignInForm
from reports.web.review_page.forms import sent_form
from reports.web.review_page.guard import GuardedRoute, NotSignedIn, Stop
from reports.web.review_page.job_process import JobProcess
from reports.web.review_page.job_routes import add_job_routes
from reports.web.review_page.overview import overview
from reports.web.review_page.pages import page
from reports.web.review_page.record_routes import add_record_routes
from reports.web.review_page.sign_in import COOKIE, START, Session
from reports.web.review_page.sign_in_page import let_in, sign_in_page
from reports.web.review_page.try_prediction import Trial

_OWN = "/s/{visit}"  # where the pages of one session lie
_ICON = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="M2 11l4-5 3 3 5-7" fill="none" stroke="#0b6e4f" stroke-width="2.5"/></svg>'
_ALL_METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]


def page_router(opened: Opened) -> APIRouter:
    """Routes of the review page of one workspace, below `/review`, those of a session below `/review/s/…`. Any number of workers may serve it."""
    entrance, jobs = Entrance(opened), JobProcess(opened.workspace, opened.clock)
    router = APIRouter(prefix=START, route_class=GuardedRoute, include_in_schema=False, default_response_class=Response)
    _add_files(router)
    _add_sign_in(router, entrance)
    _add_start(router, opened, entrance, jobs)
    add_case_routes(router, _OWN, opened, entrance)
    add_job_routes(router, _OWN, opened, entrance, jobs)
    add_record_routes(router, _OWN, opened, entrance)
    _add_ack_link(router, opened)
    _add_nothing(router, entrance)
    return router


def _add_files(router: APIRouter) -> None:
    style = (files("reports.web.review_page") / "style.css").read_bytes()

    @router.get("/style.css")
    def style_sheet() -> Response:
        return Response(style, media_type="text/css; charset=utf-8")

    @router.get("/icon.svg")
    def icon() -> Response:
        return Response(_ICON, media_type="image/svg+xml")


def _add_sign_in(router: APIRouter, entrance: Entrance) -> None:
    signed = Annotated[Session, Depends(entrance.signed_in)]

    @router.get("/sign-in")
    def sign_in(request: Request, token: str | None = None) -> Response:
        if token is None:
            return sign_in_page(request, 200, "Sign in", "With a token, or with the one-time link that `churnops reports page` prints.")
        session = entrance.doors.redeem(token)
        if session is None:
            raise Stop(403, "This link was used, is too old, or never was.", "`churnops reports page` prints a new one.")
        return let_in(request, session)

    @router.post("/sign-in")
    def sign_in_by_token(request: Request, form: SignInForm) -> Response:
        holder, to = entrance.by_token(form.get("token", "").strip()), form.get("to", "")
        if holder is None:
            return sign_in_page(request, 403, "This token is unknown, expired or revoked.", "Nobody was signed in.", to)
        return let_in(request, entrance.doors.open(holder), to)

    @router.post(_OWN + "/sign-out")
    def sign_out(request: Request, session: signed, _: Annotated[Mapping[str, str], Depends(entrance.own_form)]) -> Response:
        entrance.doors.sign_out(session)
        next_step = "`churnops reports page` prints a new link, and the start page takes a token."
        answer = page("problem", root=session.prefix, title="You are signed out.", next_step=next_step)
        answer.delete_cookie(COOKIE, path=session.home, httponly=True, samesite="strict", secure=arrival_in(request.scope) is not None)
        return answer


def _add_start(router: APIRouter, opened: Opened, entrance: Entrance, jobs: JobProcess) -> None:
    signed = Annotated[Session, Depends(entrance.signed_in)]
    trial = Trial(opened)

    @router.get(_OWN)
    def start(session: signed) -> Response:
        return page("overview", session, view=overview(opened, jobs.newest()))

    @router.get(_OWN + "/try")
    def try_form(session: signed) -> Response:
        return page("try", session, view=trial.empty())

    @router.post(_OWN + "/try")
    def try_one(session: signed, form: Annotated[Mapping[str, str], Depends(entrance.own_form)]) -> Response:
        return page("try", session, view=trial.asked(form))


def _add_ack_link(router: APIRouter, opened: Opened) -> None:
    def alert_of(link: str) -> Alert:
        """Whoever holds the link of a message may take its alert on, signed in or not; the link itself only asks, as mail readers follow links."""
        found = alert_of_link(opened, link)
        if found is None:
            raise Stop(403, "This link belongs to no alert.", "`churnops alerts list` shows those that stand.")
        return found

    linked = Annotated[Alert, Depends(alert_of)]

    def asked(request: Request, link: str, alert: Alert, wrong: str = "") -> Response:
        root = prefix_of(request)
        return page("ack", status=422 if wrong else 200, root=root, alert=alert, link=link, path=root + ACK_PATH, wrong=wrong)

    @router.get("/ack/{link}")
    def ask_to_take_on(request: Request, link: str, alert: linked) -> Response:
        return asked(request, link, alert)

    @router.post("/ack/{link}")
    async def take_on(request: Request, link: str, alert: linked) -> Response:
        who = plain((await sent_form(request)).get("who", ""), 80)
        if not who:
            return asked(request, link, alert, "Say who has it.")
        acknowledge(opened.state, alert.number, f"{who} (by the link of a message)", opened.clock())
        return RedirectResponse(f"{prefix_of(request)}{ACK_PATH}/{link}", status_code=303)


def _add_nothing(router: APIRouter, entrance: Entrance) -> None:
    @router.api_route(_OWN + "/{rest:path}", methods=_ALL_METHODS)
    def nothing(session: Annotated[Session, Depends(entrance.signed_in)], rest: str) -> Response:
        """So that what is no page, or no way to ask for one, is answered behind the guard as well."""
        if not rest:
            return RedirectResponse(session.home, status_code=303)
        raise Stop(404, "There is no such page.", "The start page leads to all there are.")

    @router.api_route("", methods=_ALL_METHODS)
    @router.api_route("/{rest:path}", methods=_ALL_METHODS)
    def nobody(request: Request, rest: str = "") -> Response:
        """Without a session's address nobody is known, unless the proxy says who it is."""
        arrival = arrival_in(request.scope)
        if arrival is None or not arrival.name or request.method != "GET":
            raise NotSignedIn(rest)
        holder = entrance.by_proxy(request)
        if holder is None:
            raise Stop(403, f"{arrival.name} has no role here.", "Name it under `[page.roles]` in churnops.toml, then restart the server.")
        return let_in(request, entrance.doors.open(holder), rest)
