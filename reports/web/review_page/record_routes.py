"""Addresses of what is on record: cases, performance, versions, alerts and the ledger; and of taking an alert on and going back to a version."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import RedirectResponse

from pipeline.errors import ChurnopsError
from pipeline.record.model_versions import model_versions
from pipeline.record.opened_workspace import Opened
from pipeline.state.alerts import acknowledge, newest_alerts
from reports.deploys import deploy_outcomes
from reports.web.review_page.decision_form import not_taken
from reports.web.review_page.entrance import Entrance
from reports.web.review_page.guard import Stop
from reports.web.review_page.over_time import over_time
from reports.web.review_page.pages import page
from reports.web.review_page.record_tables import TableView, case_table, check_table, deploy_table, ledger_table, version_table
from reports.web.review_page.rollback_form import roll_back_as_seen, rollback_view
from reports.web.review_page.sign_in import Session
from reports.workspace_history import served

_ALERTS = 200


def add_record_routes(router: APIRouter, below: str, opened: Opened, entrance: Entrance) -> None:
    """Add them `below` a session's own address."""
    signed = Annotated[Session, Depends(entrance.signed_in)]
    sent = Annotated[Mapping[str, str], Depends(entrance.own_form)]
    approver = [Depends(entrance.at_least("approver"))]

    def tables(session: Session, title: str, *shown: TableView, older: str = "") -> Response:
        return page("tables", session, title=title, tables=shown, older=older, over_time=None)

    @router.get(below + "/cases")
    def cases(session: signed) -> Response:
        return tables(session, "Cases", case_table(opened))

    @router.get(below + "/performance")
    def performance(session: signed) -> Response:
        drawn = over_time(opened, opened.cases.all(), served(opened))
        return page("tables", session, title="Performance", tables=(check_table(opened),), older="", over_time=drawn)

    @router.get(below + "/versions")
    def versions(session: signed) -> Response:
        known = version_table(model_versions(opened), may_go_back=session.may("approver"))
        return tables(session, "Versions and deploys", known, deploy_table(deploy_outcomes(opened)))

    @router.get(below + "/ledger")
    def ledger(session: signed, before: Annotated[int | None, Query(ge=1, lt=1 << 53)] = None) -> Response:
        table, older = ledger_table(opened.ledger, before)
        return tables(session, "Ledger", table, older=f"ledger?before={older}" if older else "")

    @router.get(below + "/alerts")
    def alerts(session: signed) -> Response:
        return page("alerts", session, alerts=newest_alerts(opened.state, _ALERTS, over=True))

    @router.post(below + "/alerts/{number}/ack", dependencies=approver)
    def ack(session: signed, _: sent, number: int) -> Response:
        acknowledge(opened.state, number, session.holder.name or opened.person or "a person", opened.clock())
        return RedirectResponse(f"{session.home}/alerts", status_code=303)

    @router.get(below + "/rollback/{version}", dependencies=approver)
    def ask_to_go_back(session: signed, version: str) -> Response:
        acting = entrance.acting(session)
        return page("rollback", session, view=rollback_view(acting, version), reviewer=acting.person, again=None)

    @router.post(below + "/rollback/{version}", dependencies=approver)
    def go_back(session: signed, form: sent, version: str) -> Response:
        acting = entrance.acting(session)
        try:
            done = roll_back_as_seen(acting, version, session.signed(form))
        except (Stop, ChurnopsError) as error:
            again = not_taken(error, form)
            view = rollback_view(acting, version)
            return page("rollback", session, status=again.status, view=view, reviewer=acting.person, again=again)
        if done.warning:
            return page("problem", session, title=f"Version {done.champion.version} serves again.", next_step=done.warning)
        return RedirectResponse(f"{session.home}/versions", status_code=303)
