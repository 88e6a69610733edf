"""Sessions of the page: a one-time link, a token or the proxy's word opens one, and a cookie and the page's own address name it together.

A browser sends cookies to every port of a host. So the cookie is for the session's own address alone, of which no other port knows, and is worth
nothing without it.

Links and sessions are files of the workspace, named by the sha256 of their token, so all workers of the server know the same ones, and
whoever reads the files learns no token. Files of this folder can be read by their owner alone.
"""

import hashlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ValidationError

from pipeline.clock import Clock, moment, stamp
from pipeline.workspace.page_settings import ROLES, Role

START = "/review"
COOKIE = "churnops_page"
LINK_LASTS = timedelta(minutes=15)  # long enough to find the terminal's window, too short to be found in a log
SESSION_LASTS = timedelta(hours=2)  # some reports read with care; a browser's history knows the address, too
PATH = f"{START}/sign-in"

_What = Literal["links", "sessions"]


class Holder(BaseModel, frozen=True, extra="forbid"):
    """Whose a session is. `name` is empty for the person who opened a one-time link: they say who they are where they decide. `by` says what
    opened it; `token`: the sha256 of the token that did."""

    name: str = ""
    role: Role = "approver"
    by: Literal["link", "token", "proxy"] = "link"
    token: str = ""


LINK_HOLDER = Holder()


@dataclass(frozen=True)
class Session:
    """A signed-in browser. `token` is what its cookie holds, `visit` what stands in every address of its pages, `prefix` what a proxy puts ahead
    of that."""

    token: str
    visit: str
    holder: Holder = LINK_HOLDER
    prefix: str = ""

    @property
    def home(self) -> str:
        """Where its pages begin."""
        return f"{self.prefix}{START}/s/{self.visit}"

    def may(self, role: Role) -> bool:
        """Whether it may do what this role may."""
        return ROLES.index(self.holder.role) >= ROLES.index(role)

    def signed(self, form: Mapping[str, str]) -> Mapping[str, str]:
        """A decision's form in the name of whoever proved it: what they typed as theirs counts for nothing."""
        return {**form, "reviewer": self.holder.name} if self.holder.name else form

    @property
    def form_token(self) -> str:
        """What each form of this session carries, so that no other page can send one."""
        return hashlib.sha256(f"form of {self.token} at {self.visit}".encode()).hexdigest()

    def sent_by_own_form(self, given: str) -> bool:
        """Whether `given` is this session's form token."""
        return secrets.compare_digest(self.form_token.encode(), given.encode())


class SignIn:
    """The links and sessions in `folder`."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock

    def new_link(self) -> str:
        """Token of a new link; it works once, for 15 minutes."""
        self._forget_expired()
        return self._new("links", LINK_LASTS)

    def redeem(self, link: str) -> Session | None:
        """A new session for a link's token; None where it was used before, is too old, or never was. Of two at once, one gets in."""
        place = self._place("links", link)
        until = _until(place)
        if until is None:
            return None
        try:
            place.unlink()
        except FileNotFoundError:
            return None
        if self._clock() >= until:
            return None
        return self.open(LINK_HOLDER)

    def open(self, holder: Holder) -> Session:
        """A new session of somebody who proved who they are."""
        self._forget_expired()
        visit = secrets.token_urlsafe(32)
        return Session(
            self._new("sessions", SESSION_LASTS, f"{_digest(visit)}\n{holder.model_dump_json(ensure_ascii=True)}"), visit, holder
        )

    def session(self, token: str, visit: str) -> Session | None:
        """The session that a cookie's token and the address name together, while it lasts."""
        place = self._place("sessions", token)
        until, (visited, holder) = _until(place), _visited(place)
        if until is None or holder is None or self._clock() >= until or not secrets.compare_digest(visited, _digest(visit)):
            return None
        return Session(token, visit, holder)

    def sign_out(self, session: Session) -> None:
        """End a session, in every worker."""
        self._place("sessions", session.token).unlink(missing_ok=True)

    def _new(self, what: _What, lasts: timedelta, kept: str = "") -> str:
        token = secrets.token_urlsafe(32)
        place = self._place(what, token)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            stream.write(f"{stamp(self._clock() + lasts)}\n{kept}")
        return token

    def _forget_expired(self) -> None:
        now = self._clock()
        for place in self._folder.glob("*/*"):
            until = _until(place)
            if until is not None and until <= now:
                place.unlink(missing_ok=True)

    def _place(self, what: _What, token: str) -> Path:
        return self._folder / what / _digest(token)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _visited(place: Path) -> tuple[str, Holder | None]:
    """Digest of a session's address, and whose it is. An earlier version knew links alone, and before that no address, which opens nothing."""
    try:
        _, visited, *holder = place.read_text(encoding="ascii").split("\n")
        return visited, Holder.model_validate_json(holder[0]) if holder else LINK_HOLDER
    except (FileNotFoundError, ValidationError, ValueError):
        return "", None


def _until(place: Path) -> datetime | None:
    try:
        return moment(place.read_text(encoding="ascii").partition("\n")[0])
    except (FileNotFoundError, ValueError):  # no such token, or a worker is just writing it
        return None


def sign_in_of(home: Path, clock: Clock) -> SignIn:
    """The links and sessions of the workspace whose `.churnops` is `home`."""
    return SignIn(home / "page", clock)


def sign_in_link(home: Path, clock: Clock, port: int) -> str:
    """A fresh one-time link to the review page of the server on this machine's `port`, for the person who started it."""
    return f"http://127.0.0.1:{port}{PATH}?token={sign_in_of(home, clock).new_link()}"
