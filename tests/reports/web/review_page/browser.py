"""A browser without JavaScript: it keeps cookies, and sends forms as they stand on the page it was shown.

Addresses of a session are written without the session's own part in tests: `/review/cases/…` for `/review/s/…/cases/…`.
"""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from fastapi import FastAPI
from httpx2 import Response
from starlette.testclient import TestClient

from pipeline.record.opened_workspace import Opened
from reports.web.review_page.router import page_router
from reports.web.review_page.sign_in import PATH, START, sign_in_of

ORIGIN = "http://127.0.0.1:8000"
OPEN = {PATH, f"{START}/style.css", f"{START}/icon.svg"}
_EMPTY = {"input", "meta", "link", "br", "rect", "path", "polyline", "circle", "option", "img", "hr"}


@dataclass
class Form:
    """A form of a page: where it goes, and what its fields hold."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


class Shown(HTMLParser):
    """What a person sees of a page: its texts outside closed details, its forms, and every tag with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self._field = ""
        self._seen: list[str] = []
        self._everything: list[str] = []
        self.feed(text)

    @property
    def seen(self) -> str:
        """Text at first sight."""
        return " ".join(" ".join(self._seen).split())

    @property
    def everything(self) -> str:
        """All text, also that behind a click."""
        return " ".join(" ".join(self._everything).split())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        self.tags.append((tag, given))
        if tag == "form":
            self.forms.append(Form(given["action"] or ""))
        if tag in {"input", "textarea"} and self.forms and given.get("name"):
            self.forms[-1].fields[given["name"] or ""] = given.get("value") or ""
            self._field = given["name"] or ""
        if tag not in _EMPTY:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self._open[-1:] == ["textarea"]:
            self.forms[-1].fields[self._field] += data
        if not {"title", "style"} & set(self._open):
            self._everything.append(data)
            if "details" not in self._open or "summary" in self._open:
                self._seen.append(data)


class Browser:
    """One browser at the review page of a workspace; `get` and `send` follow no redirect. `home`: where its session's pages begin."""

    def __init__(self, opened: Opened) -> None:
        self.opened = opened
        self.home = START
        app = FastAPI()
        app.include_router(page_router(opened))
        self.client = TestClient(app, base_url=ORIGIN, follow_redirects=False, raise_server_exceptions=True)

    def sign_in(self) -> "Browser":
        """Open a fresh link."""
        link = sign_in_of(self.opened.workspace.home, self.opened.clock).new_link()
        answer = self.get(f"{PATH}?token={link}")
        assert answer.status_code == 200
        found = re.search(rf"url=({START}/s/[\w-]+)", answer.text)
        assert found is not None
        self.home = found[1]
        return self

    def at(self, path: str) -> str:
        """The address of this session's page that tests write as `path`."""
        own = path.partition("?")[0] not in OPEN and not path.startswith(f"{START}/s/")
        return path.replace(START, self.home, 1) if own else path

    def get(self, path: str, **headers: str) -> Response:
        return self.client.get(self.at(path), headers=headers)

    def post(self, path: str, **sent: Any) -> Response:
        """`sent` as the client takes it, which need not be one of the page's own forms."""
        return self.client.post(self.at(path), **sent)

    def shown(self, path: str) -> Shown:
        """A page that must be there."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return Shown(answer.text.replace(self.home, START))

    def form(self, path: str, ending: str) -> Form:
        """The form on the page at `path` that goes to an address with this ending."""
        return next(form for form in self.shown(path).forms if form.action.endswith(ending))

    def send(self, form: Form, **changes: str) -> Response:
        """The form as a browser sends it, with some fields changed."""
        return self.post(form.action, data={**form.fields, **changes}, headers={"Origin": "null", "Sec-Fetch-Site": "same-origin"})
