"""Addresses of the work that an operator starts: the forms, the job that runs, and its end."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from fastapi.responses import RedirectResponse

from pipeline.record.opened_workspace import Opened
from reports.web.review_page.entrance import Entrance
from reports.web.review_page.guard import Stop
from reports.web.review_page.job_process import JobProcess
from reports.web.review_page.jobs import WEEKS, choices, job_of
from reports.web.review_page.pages import page
from reports.web.review_page.sign_in import Session

_LOOK_AGAIN_SECONDS = 3


def add_job_routes(router: APIRouter, below: str, opened: Opened, entrance: Entrance, jobs: JobProcess) -> None:
    """Add them `below` a session's own address."""
    signed = Annotated[Session, Depends(entrance.signed_in)]
    sent = Annotated[Mapping[str, str], Depends(entrance.own_form)]
    operator = [Depends(entrance.at_least("operator"))]

    @router.get(below + "/jobs")
    def work(session: signed, hold: str = "") -> Response:
        """The page asks for itself again while a job runs, unless the person holds it: nothing moves then that somebody reads."""
        run = jobs.newest()
        answer = page("jobs", session, run=run, hold=bool(hold), offered=choices(opened) if session.may("operator") else None, weeks=WEEKS)
        if run is not None and run.running and not hold:
            answer.headers["Refresh"] = str(_LOOK_AGAIN_SECONDS)
        return answer

    @router.post(below + "/jobs", dependencies=operator)
    def start(session: signed, form: sent) -> Response:
        job = job_of(opened, form, approver=session.may("approver"))
        if not jobs.start(job, session.holder.name):
            raise Stop(409, "A job runs already; nothing was started.", "Look at the page of work for how it goes.")
        return RedirectResponse(f"{session.home}/jobs", status_code=303)

    @router.post(below + "/jobs/cancel", dependencies=operator)
    def cancel(session: signed, form: sent) -> Response:
        jobs.cancel(form.get("job", ""))
        return RedirectResponse(f"{session.home}/jobs", status_code=303)
