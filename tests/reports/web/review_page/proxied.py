"""A browser whose requests come through the proxy that a workspace's settings name, or pretend to."""

from dataclasses import replace
from typing import Any

from starlette.testclient import TestClient

from pipeline.record.opened_workspace import Opened
from pipeline.workspace.page_settings import PageSettings
from reports.web.app import web_app
from reports.web.review_page.sign_in import START
from tests.reports.web.review_page.browser import Browser

URL, PROXY, HEADER = "https://churn.example.com/telco", "10.0.0.5", "X-Forwarded-Email"
SETTINGS = PageSettings(
    url=URL,
    proxies=("10.0.0.0/29",),
    trusted_header=HEADER,
    roles={"ann@example.com": "approver", "otto@example.com": "operator", "vera@example.com": "viewer"},
)


def behind_proxy(opened: Opened, page: PageSettings = SETTINGS) -> Opened:
    """The workspace with these settings."""
    return replace(opened, settings=opened.settings.model_copy(update={"page": page}))


class Proxied(Browser):
    """A browser at the page's URL. `peer` is who connects to the server, `headers` what it adds to each request."""

    def __init__(self, opened: Opened, *, peer: str = PROXY, **headers: str) -> None:
        self.opened = opened
        self.home = START
        app = web_app(opened, local=True)
        self.client = TestClient(
            app,
            base_url="https://churn.example.com",
            follow_redirects=False,
            client=(peer, 40_000),
            headers={"X-Forwarded-Proto": "https", **headers},
        )

    def at(self, path: str) -> str:
        """As of any browser; the proxy passes the whole path on."""
        return path if path.startswith("/telco") else f"/telco{super().at(path).removeprefix('/telco')}"

    def enter(self) -> "Proxied":
        """Open the start page as whom the proxy names."""
        answer: Any = self.get(START)
        assert answer.status_code == 200, answer.text
        self.home = answer.text.partition("url=/telco")[2].partition('"')[0]
        assert self.home.startswith(f"{START}/s/")
        return self
