"""Who may use the page: a link that the server prints works once, and opens a session that a cookie and the page's own address name together.

A browser sends cookies to every port of a host. So the cookie is for the session's own address alone, of which no other port knows, and is worth
nothing without it.

Links and sessions are files of the workspace, named by the sha256 of their token, so all workers of the server know the same ones, and
whoever reads the files learns no token. Files of this folder can be read by their owner alone.
"""

import hashlib
import os
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from pipeline.clock import Clock, moment, stamp

START = "/review"
COOKIE = "churnops_page"
LINK_LASTS = timedelta(minutes=15)  # long enough to find the terminal's window, too short to be found in a log
SESSION_LASTS = timedelta(hours=2)  # some reports read with care; a browser's history knows the address, too
PATH = f"{START}/sign-in"

_What = Literal["links", "sessions"]


@dataclass(frozen=True)
class Session:
    """A signed-in browser. `token` is what its cookie holds, `visit` what stands in every address of its pages."""

    token: str
    visit: str

    @property
    def home(self) -> str:
        """Where its pages begin."""
        return f"{START}/s/{self.visit}"

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
        visit = secrets.token_urlsafe(32)
        return Session(self._new("sessions", SESSION_LASTS, _digest(visit)), visit)

    def session(self, token: str, visit: str) -> Session | None:
        """The session that a cookie's token and the address name together, while it lasts."""
        place = self._place("sessions", token)
        until, visited = _until(place), _visited(place)
        if until is None or self._clock() >= until or not secrets.compare_digest(visited, _digest(visit)):
            return None
        return Session(token, visit)

    def sign_out(self, session: Session) -> None:
        """End a session, in every worker."""
        self._place("sessions", session.token).unlink(missing_ok=True)

    def _new(self, what: _What, lasts: timedelta, visited: str = "") -> str:
        token = secrets.token_urlsafe(32)
        place = self._place(what, token)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            stream.write(f"{stamp(self._clock() + lasts)}\n{visited}")
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


def _visited(place: Path) -> str:
    """Digest of a session's address; empty where the file is of an earlier version, which opens nothing."""
    try:
        return place.read_text(encoding="ascii").partition("\n")[2]
    except (FileNotFoundError, ValueError):
        return ""


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
