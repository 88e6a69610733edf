"""Who may use the page: a link that the server prints works once, and a cookie names the session that it opened.

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

COOKIE = "churnops_session"
LINK_LASTS = timedelta(minutes=15)  # long enough to find the terminal's window, too short to be found in a log
SESSION_LASTS = timedelta(hours=12)  # a working day
PATH = "/review/sign-in"

_What = Literal["links", "sessions"]


@dataclass(frozen=True)
class Session:
    """A signed-in browser. `token` is what its cookie holds."""

    token: str

    @property
    def form_token(self) -> str:
        """What each form of this session carries, so that no other page can send one."""
        return hashlib.sha256(f"form of {self.token}".encode()).hexdigest()

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
        return Session(self._new("sessions", SESSION_LASTS)) if self._clock() < until else None

    def session(self, token: str) -> Session | None:
        """The session that a cookie's token names, while it lasts."""
        until = _until(self._place("sessions", token))
        return Session(token) if until is not None and self._clock() < until else None

    def sign_out(self, session: Session) -> None:
        """End a session, in every worker."""
        self._place("sessions", session.token).unlink(missing_ok=True)

    def _new(self, what: _What, lasts: timedelta) -> str:
        token = secrets.token_urlsafe(32)
        place = self._place(what, token)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            stream.write(stamp(self._clock() + lasts))
        return token

    def _forget_expired(self) -> None:
        now = self._clock()
        for place in self._folder.glob("*/*"):
            until = _until(place)
            if until is not None and until <= now:
                place.unlink(missing_ok=True)

    def _place(self, what: _What, token: str) -> Path:
        return self._folder / what / hashlib.sha256(token.encode()).hexdigest()


def _until(place: Path) -> datetime | None:
    try:
        return moment(place.read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):  # no such token, or a worker is just writing it
        return None


def sign_in_of(home: Path, clock: Clock) -> SignIn:
    """The links and sessions of the workspace whose `.churnops` is `home`."""
    return SignIn(home / "page", clock)


def sign_in_link(home: Path, clock: Clock, port: int) -> str:
    """A fresh one-time link to the review page of the server on this machine's `port`, for the person who started it."""
    return f"http://127.0.0.1:{port}{PATH}?token={sign_in_of(home, clock).new_link()}"
