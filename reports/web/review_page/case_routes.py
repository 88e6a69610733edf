"""Addresses of a case: what happened, its reports, and the decision on it."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from fastapi.responses import FileResponse, RedirectResponse

from pipeline.errors import ChurnopsError
from pipeline.record.cases import Case
from pipeline.record.opened_workspace import Opened
from reports.decisions.case_status import standing_of
from reports.filing import appendix_of, written_report
from reports.number_sources import drawn
from reports.web.review_page.case_view import case_view, evidently_html
from reports.web.review_page.decision_form import approve_as_seen, not_taken, reject_case
from reports.web.review_page.entrance import Entrance
from reports.web.review_page.guard import Stop
from reports.web.review_page.pages import page
from reports.web.review_page.report_html import report_html
from reports.web.review_page.sign_in import Session

# Evidently's page is a script with its data in it. It runs in a sandbox without our origin: no cookie, no form, no request.
_SANDBOX = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' blob:; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; worker-src blob:; connect-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)


def add_case_routes(router: APIRouter, below: str, opened: Opened, entrance: Entrance) -> None:
    """Add them `below` a session's own address."""
    signed = Annotated[Session, Depends(entrance.signed_in)]
    sent = Annotated[Mapping[str, str], Depends(entrance.own_form)]
    approver = [Depends(entrance.at_least("approver"))]

    def known_case(session: signed, case_id: str) -> Case:
        try:
            return opened.cases.get(case_id)
        except ChurnopsError as error:
            raise Stop(404, error.problem, "The page of all cases lists those there are.") from error

    named = Annotated[Case, Depends(known_case)]

    def shown(session: Session, known: Case, form: Mapping[str, str], error: Stop | ChurnopsError | None = None) -> Response:
        """The page of the case as it is now; after a form that was not taken, with what the person typed and why."""
        again = not_taken(error, form) if error else None
        view = case_view(entrance.acting(session), opened.cases.get(known.case_id))
        return page("case", session, status=again.status if again else 200, view=view, again=again)

    @router.get(below + "/cases/{case_id}")
    def case(session: signed, known: named) -> Response:
        return shown(session, known, {})

    @router.get(below + "/cases/{case_id}/report")
    def report(session: signed, known: named) -> Response:
        path = written_report(opened, known.case_id, known.report.sha256) if known.report else None
        if path is None or not path.is_file():
            raise Stop(404, f"There is no report of case {known.case_id}.", "A triage writes it when it closes the case.")
        since = standing_of(opened, known).headline
        text = drawn(report_html(path.read_text(encoding="utf-8", errors="replace")), report_html(appendix_of(path)))
        return page("report", session, case=known, since=since, text=text)

    @router.get(below + "/cases/{case_id}/evidently")
    def evidently(_session: signed, known: named) -> Response:
        path = evidently_html(opened, known)
        if not path.is_file():
            raise Stop(404, "Evidently's report of this case was not made.", "`churnops drift --html FILE` makes one of the window of now.")
        return FileResponse(path, media_type="text/html; charset=utf-8", headers={"Content-Security-Policy": _SANDBOX})

    @router.post(below + "/cases/{case_id}/approve", dependencies=approver)
    def approve(session: signed, form: sent, known: named) -> Response:
        try:
            done = approve_as_seen(entrance.acting(session), known.case_id, session.signed(form))
        except (Stop, ChurnopsError) as error:
            return shown(session, known, form, error)
        if done.warning:
            return page("problem", session, title=f"Deployed version {done.champion.version}.", next_step=done.warning)
        return RedirectResponse(f"{session.home}/cases/{known.case_id}", status_code=303)

    @router.post(below + "/cases/{case_id}/reject", dependencies=approver)
    def reject(session: signed, form: sent, known: named) -> Response:
        try:
            reject_case(entrance.acting(session), known.case_id, session.signed(form))
        except (Stop, ChurnopsError) as error:
            return shown(session, known, form, error)
        return RedirectResponse(f"{session.home}/cases/{known.case_id}", status_code=303)
