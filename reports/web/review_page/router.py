"""The review page's addresses. All but the sign-in and the style sheet lie below their session's own; every change needs its form's token as well."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse, RedirectResponse

from pipeline.errors import ChurnopsError
from pipeline.record.cases import Case
from pipeline.record.opened_workspace import Opened
from pipeline.shown_text import plain
from pipeline.state.alerts import Alert, acknowledge
from reports.ack_links import PATH as ACK_PATH
from reports.ack_links import alert_of_link
from reports.decisions.case_status import standing_of
from reports.filing import appendix_of, report_path
from reports.number_sources import drawn
from reports.web.review_page.case_view import case_view, evidently_html
from reports.web.review_page.decision_form import approve_as_seen, not_taken, reject_case
from reports.web.review_page.forms import sent_form
from reports.web.review_page.guard import GuardedRoute, Stop
from reports.web.review_page.overview import overview
from reports.web.review_page.pages import page
from reports.web.review_page.report_html import report_html
from reports.web.review_page.sign_in import COOKIE, SESSION_LASTS, START, Session, sign_in_of
from reports.web.review_page.triage_process import TriageProcess
from reports.web.review_page.try_prediction import Trial

_OWN = "/s/{visit}"  # where the pages of one session lie
_ICON = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="M2 11l4-5 3 3 5-7" fill="none" stroke="#0b6e4f" stroke-width="2.5"/></svg>'
# Evidently's page is a script with its data in it. It runs in a sandbox without our origin: no cookie, no form, no request.
_SANDBOX = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' blob:; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; worker-src blob:; connect-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)


def page_router(opened: Opened) -> APIRouter:
    """Routes of the review page of one workspace, below `/review`, those of a session below `/review/s/…`. Any number of workers may serve it."""
    doors = sign_in_of(opened.workspace.home, opened.clock)
    triages, trial = TriageProcess(opened.workspace), Trial(opened)
    style = (files("reports.web.review_page") / "style.css").read_bytes()
    router = APIRouter(prefix=START, route_class=GuardedRoute, include_in_schema=False, default_response_class=Response)

    def signed_in(request: Request, visit: str) -> Session:
        session = doors.session(request.cookies.get(COOKIE, ""), visit)
        if session is None:
            raise _not_signed_in()
        return session

    signed = Annotated[Session, Depends(signed_in)]

    async def own_form(request: Request, session: signed) -> Mapping[str, str]:
        form = await sent_form(request)
        if not session.sent_by_own_form(form.get("form_token", "")):
            raise Stop(403, "This form is not of your session; nothing has changed.", "Open the page again and send its form.")
        return form

    sent = Annotated[Mapping[str, str], Depends(own_form)]

    def known_case(case_id: str) -> Case:
        try:
            return opened.cases.get(case_id)
        except ChurnopsError as error:
            raise Stop(404, error.problem, "The start page lists all cases.") from error

    named = Annotated[Case, Depends(known_case)]

    @router.get("/style.css")
    def style_sheet() -> Response:
        return Response(style, media_type="text/css; charset=utf-8")

    @router.get("/icon.svg")
    def icon() -> Response:
        return Response(_ICON, media_type="image/svg+xml")

    @router.get("/sign-in")
    def sign_in(token: str = "") -> Response:
        session = doors.redeem(token)
        if session is None:
            raise Stop(403, "This link was used, is too old, or never was.", "`churnops reports page` prints a new one.")
        # A page of our own, no redirect: a browser that came from elsewhere would not send a strict cookie along with one.
        answer = page("signed_in", home=session.home)
        lasts = int(SESSION_LASTS.total_seconds())
        answer.set_cookie(COOKIE, session.token, max_age=lasts, path=session.home, httponly=True, samesite="strict")
        return answer

    @router.post(_OWN + "/sign-out")
    def sign_out(session: signed, _: sent) -> Response:
        doors.sign_out(session)
        answer = page("problem", title="You are signed out.", next_step="`churnops reports page` prints a new link.")
        answer.delete_cookie(COOKIE, path=session.home, httponly=True, samesite="strict")
        return answer

    @router.get(_OWN)
    def start(session: signed) -> Response:
        return page("overview", session, view=overview(opened, triages.newest()))

    @router.get(_OWN + "/cases/{case_id}")
    def case(session: signed, known: named) -> Response:
        return page("case", session, view=case_view(opened, known), again=None)

    def again(session: Session, known: Case, form: Mapping[str, str], error: Stop | ChurnopsError) -> Response:
        """The page of the case as it is now, with what the person typed and why it was not taken."""
        refused = not_taken(error, form)
        return page("case", session, status=refused.status, view=case_view(opened, opened.cases.get(known.case_id)), again=refused)

    @router.get(_OWN + "/cases/{case_id}/report")
    def report(session: signed, known: named) -> Response:
        path = report_path(opened.workspace, known.case_id)
        if not path.is_file():
            raise Stop(404, f"There is no report of case {known.case_id}.", "A triage writes it when it closes the case.")
        since = standing_of(opened, known).headline
        text = drawn(report_html(path.read_text(encoding="utf-8", errors="replace")), report_html(appendix_of(path)))
        return page("report", session, case=known, since=since, text=text)

    @router.get(_OWN + "/cases/{case_id}/evidently")
    def evidently(_session: signed, known: named) -> Response:
        path = evidently_html(opened, known)
        if not path.is_file():
            raise Stop(404, "Evidently's report of this case was not made.", "`churnops drift --html FILE` makes one of the window of now.")
        return FileResponse(path, media_type="text/html; charset=utf-8", headers={"Content-Security-Policy": _SANDBOX})

    @router.post(_OWN + "/cases/{case_id}/approve")
    def approve(session: signed, form: sent, known: named) -> Response:
        try:
            done = approve_as_seen(opened, known.case_id, form)
        except (Stop, ChurnopsError) as error:
            return again(session, known, form, error)
        if done.warning:
            return page("problem", session, title=f"Deployed version {done.champion.version}.", next_step=done.warning)
        return _see(f"{session.home}/cases/{known.case_id}")

    @router.post(_OWN + "/cases/{case_id}/reject")
    def reject(session: signed, form: sent, known: named) -> Response:
        try:
            reject_case(opened, known.case_id, form)
        except (Stop, ChurnopsError) as error:
            return again(session, known, form, error)
        return _see(f"{session.home}/cases/{known.case_id}")

    @router.post(_OWN + "/triage")
    def triage(session: signed, _: sent) -> Response:
        if not triages.start():
            raise Stop(409, "A triage runs already.", "Look at the start page for how it goes.")
        return _see(session.home)

    @router.get(_OWN + "/try")
    def try_form(session: signed) -> Response:
        return page("try", session, view=trial.empty())

    @router.post(_OWN + "/try")
    def try_one(session: signed, form: sent) -> Response:
        return page("try", session, view=trial.asked(form))

    def alert_of(link: str) -> Alert:
        """Whoever holds the link of a message may take its alert on, signed in or not; the link itself only asks, as mail readers follow links."""
        found = alert_of_link(opened, link)
        if found is None:
            raise Stop(403, "This link belongs to no alert.", "`churnops alerts list` shows those that stand.")
        return found

    linked = Annotated[Alert, Depends(alert_of)]

    @router.get("/ack/{link}")
    def ask_to_take_on(link: str, alert: linked) -> Response:
        return page("ack", alert=alert, link=link, path=ACK_PATH, wrong="")

    @router.post("/ack/{link}")
    async def take_on(request: Request, link: str, alert: linked) -> Response:
        who = plain((await sent_form(request)).get("who", ""), 80)
        if not who:
            return page("ack", status=422, alert=alert, link=link, path=ACK_PATH, wrong="Say who has it.")
        acknowledge(opened.state, alert.number, f"{who} (by the link of a message)", opened.clock())
        return _see(f"{ACK_PATH}/{link}")

    methods = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]

    @router.api_route(_OWN + "/{rest:path}", methods=methods)
    def nothing(session: signed, rest: str) -> Response:
        """So that what is no page, or no way to ask for one, is answered behind the guard as well."""
        if not rest:
            return _see(session.home)
        raise Stop(404, "There is no such page.", "The start page leads to all there are.")

    @router.api_route("", methods=methods)
    @router.api_route("/{rest:path}", methods=methods)
    def nobody(rest: str = "") -> Response:
        """Without a session's address nobody is known."""
        raise _not_signed_in()

    return router


def _not_signed_in() -> Stop:
    return Stop(
        403,
        "You are not signed in.",
        "Open the one-time link that `churnops serve` printed; `churnops reports page` prints a new one.",
    )


def _see(address: str) -> Response:
    return RedirectResponse(address, status_code=303)
