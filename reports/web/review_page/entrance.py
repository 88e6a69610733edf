"""Who gets in, and as what: the dependencies of the page's routes that ask for a session, a form of its own, and a role."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated

from fastapi import Depends, Request

from pipeline.record.opened_workspace import Opened
from pipeline.workspace.page_settings import Role
from pipeline.workspace.tokens import Scope, TokenBook
from reports.web.review_page.arrival import arrival_in, prefix_of
from reports.web.review_page.forms import sent_form
from reports.web.review_page.guard import NotSignedIn, Stop
from reports.web.review_page.sign_in import COOKIE, Holder, Session, sign_in_of
from reports.web.review_page.sign_in_page import FORM_COOKIE

_NEXT_ROLE = "Ask for a token with more scope, or for another role in the settings' section page."
ROLE_OF: Mapping[Scope, Role] = {"read": "viewer", "train": "operator", "approve": "approver"}


class Entrance:
    """The doors of one workspace's page."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._settings = opened.settings.page
        self.doors = sign_in_of(opened.workspace.home, opened.clock)
        self._tokens = TokenBook(opened.workspace, opened.clock)

    def signed_in(self, request: Request, visit: str) -> Session:
        """The session of a request, its prefix as the browser sees it. What opened it is asked again each time: a token that was revoked, or a
        name that lost its role, is out at once.

        Raises:
            Stop: there is none.
        """
        session = self.doors.session(request.cookies.get(COOKIE, ""), visit)
        holder = None if session is None else self._still(request, session.holder)
        if session is None or holder is None:
            raise NotSignedIn
        return replace(session, holder=holder, prefix=prefix_of(request))

    async def own_form(self, request: Request, visit: str) -> Mapping[str, str]:
        """What a form of this session sent.

        Raises:
            Stop: see `signed_in` and `sent_form`; or it is another session's form.
        """
        session, form = self.signed_in(request, visit), await sent_form(request)
        if not session.sent_by_own_form(form.get("form_token", "")):
            raise Stop(403, "This form is not of your session; nothing has changed.", "Open the page again and send its form.")
        return form

    def at_least(self, role: Role) -> Callable[[Request, str], None]:
        """A dependency that lets nobody through whose role may less."""

        def check(request: Request, visit: str) -> None:
            session = self.signed_in(request, visit)
            if not session.may(role):
                raise Stop(403, f"This is for the role {role}, and yours is {session.holder.role}; nothing has changed.", _NEXT_ROLE)

        return check

    def acting(self, session: Session) -> Opened:
        """The workspace as the person of a session works in it."""
        return replace(self._opened, person=session.holder.name) if session.holder.name else self._opened

    def by_token(self, secret: str) -> Holder | None:
        """Whose a token is; None where it is unknown, expired or revoked.

        Raises:
            ChurnopsError: the tokens cannot be read.
        """
        token = self._tokens.holder(secret)
        return None if token is None else Holder(name=token.name, role=ROLE_OF[token.scope], by="token", token=token.sha256)

    def by_proxy(self, request: Request) -> Holder | None:
        """Whom the proxy's header names, with the role that the settings give them; None where it names nobody who has one."""
        arrival = arrival_in(request.scope)
        role = self._settings.role_of(arrival.name) if arrival and arrival.name else None
        return None if arrival is None or role is None else Holder(name=arrival.name, role=role, by="proxy")

    def _still(self, request: Request, holder: Holder) -> Holder | None:
        if holder.by == "proxy":
            now = self.by_proxy(request)
            return now if now is not None and now.name == holder.name else None
        if holder.by == "token":
            live = next((token for token in self._tokens.live() if secrets.compare_digest(token.sha256, holder.token)), None)
            return None if live is None else holder
        return holder


async def own_sign_in_form(request: Request) -> Mapping[str, str]:
    """What the form of `sign_in_page` sent.

    Raises:
        Stop: it was not that form, or not in this browser.
    """
    form, own = await sent_form(request), request.cookies.get(FORM_COOKIE, "")
    if not own or not secrets.compare_digest(own.encode(), form.get("form_token", "").encode()):
        raise Stop(403, "This form is not of your browser; nobody was signed in.", "Open the page again and send its form.")
    return form


SignInForm = Annotated[Mapping[str, str], Depends(own_sign_in_form)]
