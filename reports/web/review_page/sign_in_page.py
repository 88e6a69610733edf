"""The page that asks for a token, and the one that lets a browser in."""

import re
import secrets
from dataclasses import replace

from fastapi import Request, Response

from reports.web.review_page.arrival import arrival_in, prefix_of
from reports.web.review_page.pages import page
from reports.web.review_page.sign_in import COOKIE, PATH, SESSION_LASTS, Session

FORM_COOKIE = "churnops_form"
_FORM_SECONDS = 3_600  # how long a sign-in form may lie open
_LEADS_TO = re.compile(r"cases/[A-Za-z0-9-]{1,64}")  # what a message's link may ask for; a session's own address is not known there


def let_in(request: Request, session: Session, to: str = "") -> Response:
    """The answer that opens a session in the browser, and leads `to` a case where that is named. A page of our own, no redirect: a browser that
    came from elsewhere would not send a strict cookie along with one."""
    session = replace(session, prefix=prefix_of(request))
    answer = page("signed_in", home=session.home, root=session.prefix, to=f"/{to}" if _LEADS_TO.fullmatch(to) else "")
    _keep(request, answer, COOKIE, session.token, int(SESSION_LASTS.total_seconds()), session.home)
    return answer


def sign_in_page(request: Request, status: int, said: str, next_step: str, to: str = "") -> Response:
    """The page that asks for a token, or leads on whom the proxy names. Nobody has a session yet, so a cookie of the form's own says that the form was ours."""
    root, own = prefix_of(request), secrets.token_urlsafe(32)
    leads_to = to if _LEADS_TO.fullmatch(to) else ""
    arrival = arrival_in(request.scope)
    name = arrival.name if arrival else ""
    answer = page("sign_in", status=status, root=root, title=said, next_step=next_step, path=root + PATH, own=own, to=leads_to, name=name)
    _keep(request, answer, FORM_COOKIE, own, _FORM_SECONDS, root + PATH)
    return answer


def _keep(request: Request, answer: Response, name: str, value: str, seconds: int, path: str) -> None:
    secure = arrival_in(request.scope) is not None  # the proxy speaks TLS; on this machine nobody does
    answer.set_cookie(name, value, max_age=seconds, path=path, httponly=True, samesite="strict", secure=secure)
