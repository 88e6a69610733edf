"""The review page's addresses. All but the sign-in and the style sheet need a session; every change needs its form's token as well."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse, RedirectResponse

from pipeline.errors import ChurnopsError
from pipeline.record.cases import Case
from pipeline.record.opened_workspace import Opened
from reports.decisions.case_status import standing_of
from reports.filing import report_path
from reports.web.review_page.case_view import case_view, evidently_html
from reports.web.review_page.decision_form import approve_as_seen, not_taken, reject_case
from reports.web.review_page.forms import sent_form
from reports.web.review_page.guard import GuardedRoute, Stop
from reports.web.review_page.overview import overview
from reports.web.review_page.pages import page
from reports.web.review_page.report_html import report_html
from reports.web.review_page.sign_in import COOKIE, SESSION_LASTS, Session, sign_in_of
from reports.web.review_page.triage_process import TriageProcess
from reports.web.review_page.try_prediction import Trial

START = "/review"
_ICON = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="M2 11l4-5 3 3 5-7" fill="none" stroke="#0b6e4f" stroke-width="2.5"/></svg>'
# Evidently's page is a script with its data in it. It runs in a sandbox without our origin: no cookie, no form, no request.
_SANDBOX = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' blob:; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; worker-src blob:; connect-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)


def page_router(opened: Opened) -> APIRouter:
    """Routes of the review page of one workspace, below `/review`. Any number of workers may serve it."""
    doors = sign_in_of(opened.workspace.home, opened.clock)
    triages, trial = TriageProcess(opened.workspace), Trial(opened)
    style = (files("reports.web.review_page") / "style.css").read_bytes()
    router = APIRouter(prefix=START, route_class=GuardedRoute, include_in_schema=False, default_response_class=Response)

    def signed_in(request: Request) -> Session:
        session = doors.session(request.cookies.get(COOKIE, ""))
        if session is None:
            raise Stop(
                403,
                "You are not signed in.",
                "Open the one-time link that `churnops serve` printed; `churnops reports page` prints a new one.",
            )
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
        answer = page("signed_in")
        answer.set_cookie(COOKIE, session.token, max_age=int(SESSION_LASTS.total_seconds()), path="/", httponly=True, samesite="strict")
        return answer

    @router.post("/sign-out")
    def sign_out(session: signed, _: sent) -> Response:
        doors.sign_out(session)
        answer = page("problem", title="You are signed out.", next_step="`churnops reports page` prints a new link.")
        answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
        return answer

    @router.get("")
    def start(session: signed) -> Response:
        return page("overview", session, view=overview(opened, triages.newest()))

    @router.get("/cases/{case_id}")
    def case(session: signed, known: named) -> Response:
        return page("case", session, view=case_view(opened, known), again=None)

    def again(session: Session, known: Case, form: Mapping[str, str], error: Stop | ChurnopsError) -> Response:
        """The page of the case as it is now, with what the person typed and why it was not taken."""
        refused = not_taken(error, form)
        return page("case", session, status=refused.status, view=case_view(opened, opened.cases.get(known.case_id)), again=refused)

    @router.get("/cases/{case_id}/report")
    def report(session: signed, known: named) -> Response:
        path = report_path(opened.workspace, known.case_id)
        if not path.is_file():
            raise Stop(404, f"There is no report of case {known.case_id}.", "A triage writes it when it closes the case.")
        since = standing_of(opened, known).headline
        return page("report", session, case=known, since=since, text=report_html(path.read_text(encoding="utf-8", errors="replace")))

    @router.get("/cases/{case_id}/evidently")
    def evidently(_session: signed, known: named) -> Response:
        path = evidently_html(opened, known)
        if not path.is_file():
            raise Stop(404, "Evidently's report of this case was not made.", "`churnops drift --html FILE` makes one of the window of now.")
        return FileResponse(path, media_type="text/html; charset=utf-8", headers={"Content-Security-Policy": _SANDBOX})

    @router.post("/cases/{case_id}/approve")
    def approve(session: signed, form: sent, known: named) -> Response:
        try:
            done = approve_as_seen(opened, known.case_id, form)
        except (Stop, ChurnopsError) as error:
            return again(session, known, form, error)
        if done.warning:
            return page("problem", session, title=f"Deployed version {done.champion.version}.", next_step=done.warning)
        return _see(f"{START}/cases/{known.case_id}")

    @router.post("/cases/{case_id}/reject")
    def reject(session: signed, form: sent, known: named) -> Response:
        try:
            reject_case(opened, known.case_id, form)
        except (Stop, ChurnopsError) as error:
            return again(session, known, form, error)
        return _see(f"{START}/cases/{known.case_id}")

    @router.post("/triage")
    def triage(_session: signed, _: sent) -> Response:
        if not triages.start():
            raise Stop(409, "A triage runs already.", "Look at the start page for how it goes.")
        return _see(START)

    @router.get("/try")
    def try_form(session: signed) -> Response:
        return page("try", session, view=trial.empty())

    @router.post("/try")
    def try_one(session: signed, form: sent) -> Response:
        return page("try", session, view=trial.asked(form))

    @router.api_route("/{rest:path}", methods=["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"])
    def nothing(_session: signed, rest: str) -> Response:
        """So that what is no page, or no way to ask for one, is answered behind the guard as well."""
        if not rest:
            return _see(START)
        raise Stop(404, "There is no such page.", "The start page leads to all there are.")

    return router


def _see(address: str) -> Response:
    return RedirectResponse(address, status_code=303)
