"""Tokens of the MCP server over HTTP and of the review page: a person makes them, the workspace keeps their digests, a running server reads
every change."""

import fcntl
import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ValidationError

from pipeline.atomic_files import write_atomically
from pipeline.clock import Clock
from pipeline.errors import ChurnopsError, WorkspaceError
from pipeline.own_file import read_own
from pipeline.workspace.folder import Workspace

Scope = Literal["read", "train", "approve"]  # the last is a person's, for the review page alone
LONGEST_LIFE = timedelta(days=366)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_FILE_BYTES = 4 << 20  # some ten thousand tokens
_MARK = "churnops_"  # so that a scanner for leaked secrets, and a person, know what they look at


class Token(BaseModel, frozen=True, extra="forbid"):
    """One token as the workspace remembers it. `sha256` is the digest of the secret; the secret itself is nowhere."""

    name: str
    scope: Scope
    sha256: str
    created_at: datetime
    created_by: str
    expires_at: datetime
    revoked_at: datetime | None = None

    @property
    def token_id(self) -> str:
        """Tells two tokens of one name apart; gives nothing of the secret away."""
        return self.sha256[:12]

    def state(self, now: datetime) -> Literal["live", "expired", "revoked"]:
        """Whether it opens the door at `now`."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at <= now else "live"


@dataclass(frozen=True)
class Issued:
    """A token just made, and its secret, which nobody can show a second time."""

    token: Token
    secret: str


class _Page(BaseModel, frozen=True, extra="forbid"):
    tokens: tuple[Token, ...] = ()


class TokenBook:
    """The tokens of one workspace, in `.churnops/mcp_tokens.json`, which only its owner may read.

    A plain sha256 is enough here, unlike for a password: the secret is 256 random bits, so there is nothing to guess that a slow hash
    would make dearer. Finding a token by the digest of what was sent leaves no comparison whose time tells anything.
    """

    def __init__(self, workspace: Workspace, clock: Clock) -> None:
        self._file = workspace.home / "mcp_tokens.json"
        self._clock = clock

    def all(self) -> tuple[Token, ...]:
        """Every token ever made here, oldest first.

        Raises:
            WorkspaceError: the file is damaged.
            IntegrityError: it is no plain file, or a huge one.
        """
        try:
            return _Page.model_validate_json(read_own(self._file, _FILE_BYTES)).tokens
        except FileNotFoundError:
            return ()
        except ValidationError as error:
            raise WorkspaceError(f"{self._file} is damaged.", "Move it away and create the tokens anew.") from error

    def live(self) -> tuple[Token, ...]:
        """The tokens that open the door now."""
        return tuple(token for token in self.all() if token.state(self._clock()) == "live")

    def holder(self, secret: str) -> Token | None:
        """The live token with this secret.

        Raises:
            WorkspaceError: the file is damaged.
        """
        digest = hashlib.sha256(secret.encode()).hexdigest()
        return next((token for token in self.live() if token.sha256 == digest), None)

    def create(self, name: str, scope: Scope, life: timedelta, by: str) -> Issued:
        """Make a token.

        Raises:
            ChurnopsError: the name is taken by a live token or holds other characters than allowed; the life is too long.
        """
        if not _NAME.fullmatch(name):
            raise ChurnopsError(
                f"{name[:60]!r} cannot name a token.", "Use up to 40 letters, digits, dots, dashes and underscores; reports show the name."
            )
        if life > LONGEST_LIFE:
            raise ChurnopsError(f"A token lives at most {LONGEST_LIFE.days} days.", "Give a shorter --expires.")
        with self._turn():
            if any(token.name == name for token in self.live()):
                raise ChurnopsError(
                    f"There is a live token {name!r} already.", f"Choose another name, or `churnops mcp token revoke {name}`."
                )
            secret = _MARK + secrets.token_urlsafe(32)
            now = self._clock()
            digest = hashlib.sha256(secret.encode()).hexdigest()
            token = Token(name=name, scope=scope, sha256=digest, created_at=now, created_by=by, expires_at=now + life)
            self._write((*self.all(), token))
        return Issued(token, secret)

    def revoke(self, name: str) -> Token:
        """End the live token of this name, at once for every running server.

        Raises:
            ChurnopsError: there is none.
        """
        with self._turn():
            found = next((token for token in self.live() if name in {token.name, token.token_id}), None)
            if found is None:
                raise ChurnopsError(f"There is no live token {name[:60]!r}.", "`churnops mcp token list` shows them.")
            ended = found.model_copy(update={"revoked_at": self._clock()})
            self._write(tuple(ended if token == found else token for token in self.all()))
        return ended

    def _write(self, tokens: tuple[Token, ...]) -> None:
        write_atomically(self._file, _Page(tokens=tokens).model_dump_json(indent=1).encode(), mode=0o600)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Between reading and writing nobody else writes."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._file.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)
