"""The review page in a real browser, served by `churnops serve`: read, decide, on a phone, without JavaScript, for everybody."""

import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
import pytest
import tomlkit

from agent.case.triage import triage
from agent.operators.rulebook import Rulebook
from pipeline.clock import utc_now
from pipeline.intake.windows import logged_window
from pipeline.record.cases import Case
from pipeline.record.champion import require_champion
from pipeline.record.opened_workspace import Opened, open_workspace
from pipeline.worlds.simulation import simulate
from prompts import policy_text
from tests.end_to_end.tls_proxy import HOST, tls_proxy

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1200, "height": 900}
PATIENCE_MS = 90_000
MOST_WORDS = 500
HEADER = "X-Forwarded-Email"
RECORDS = ("/jobs", "/cases", "/performance", "/versions", "/alerts", "/ledger")

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")]


@pytest.fixture(scope="module")
def triaged(champion_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a workspace where a triage left a challenger that waits. Copy it, never write to it."""
    root = tmp_path_factory.mktemp("triaged") / "workspace"
    shutil.copytree(champion_workspace, root)
    # The wall clock, as the server has it.
    opened = open_workspace(root, policy_text(), utc_now, "bob <bob@example.org>")
    simulate(opened, "market_shift", 2_000, labelled_share=0.6, seed=1)
    outcome = anyio.run(triage, opened, partial(logged_window, opened), Rulebook(opened.policy), None, lambda _: None)
    assert outcome.status == "pending_approval"
    opened.state.close()
    return root


@pytest.fixture
def opened(triaged: Path, tmp_path: Path) -> Iterator[Opened]:
    """That workspace, the test's own."""
    root = tmp_path / "triaged"
    shutil.copytree(triaged, root)
    here = open_workspace(root, policy_text(), utc_now)
    yield here
    here.state.close()


@contextmanager
def served(root: Path) -> Iterator[str]:
    """The one-time link that `churnops serve` prints at a terminal."""
    command = [sys.executable, "-m", "churnops", "serve", "--port", "0", "--workspace", str(root)]
    ours, theirs = pty.openpty()
    server = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    try:
        shown = ""
        while (found := re.search(r"(http://127\.0\.0\.1\S+/sign-in\?token=\S+)\s", shown)) is None:
            shown += os.read(ours, 4096).decode()
        _wait_for(found[1])
        yield found[1]
    finally:
        server.terminate()
        server.wait(60)
        os.close(ours)


def _wait_for(link: str) -> None:
    """Until the server listens; the link is not used up."""
    address = urlsplit(link)
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while True:
        try:
            socket.create_connection((address.hostname or "", address.port or 0)).close()
            return
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", f"--host-resolver-rules=MAP {HOST} 127.0.0.1"])
        yield browser
        browser.close()


class Tab:
    """A page that remembers what the browser complained about."""

    def __init__(self, chromium: Any, **how: Any) -> None:
        self.context = chromium.new_context(**{"viewport": DESK, **how})
        self.context.set_default_timeout(PATIENCE_MS)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _heard(self, message: Any) -> None:
        # That an answer was a refusal is what the page itself tells.
        if "the server responded with a status of 4" not in message.text:
            self.complaints.append(message.text)

    def sign_in(self, link: str) -> str:
        """Open the link; returns the start page's address."""
        self.page.goto(link)
        self.page.wait_for_url("**/review/s/*")
        return str(self.page.url)


def case_of(opened: Opened) -> Case:
    """The case the triage made."""
    return opened.cases.all()[0]


def test_a_person_signs_in_reads_and_approves_without_javascript(opened: Opened, chromium: Any) -> None:
    case = case_of(opened)
    assert case.challenger is not None and case.diagnosis is not None
    with served(opened.workspace.root) as link:
        tab = Tab(chromium, java_script_enabled=False)
        page, start = tab.page, tab.sign_in(link)
        page.click(f"text=Review case {case.case_id}")
        read = page.inner_text("main")
        assert len(read.split()) <= MOST_WORDS
        for said in (case.diagnosis.column or "", "verdicts this sure", "8 of 19 features drifted", "If you reject", "Campaign profit"):
            assert said in read
        page.click("text=Read the full report")
        assert "Policy rules applied" in page.inner_text("main")
        page.go_back()
        page.fill("[name=reason]", "The gate passed and the drift is real.")
        page.fill("[name=confirmation]", "deploy 1")
        page.click("text=Approve >> nth=-1")
        assert "Not confirmed; nothing was deployed." in page.inner_text("main")
        page.go_back()
        page.fill("[name=reason]", "The gate passed and the drift is real.")
        page.fill("[name=confirmation]", f"deploy {case.challenger.version}")
        page.click("text=Approve >> nth=-1")
        assert "approved it" in page.inner_text("main")
        assert require_champion(opened.workspace, opened.ledger).digest == case.challenger.digest
        page.click("text=Sign out")
        page.goto(start)
        assert "You are not signed in." in page.inner_text("main")
        page.goto(link)
        assert "This link was used" in page.inner_text("main")
        assert tab.complaints == []


def test_on_a_phone_everything_fits_and_rejecting_and_trying_work(opened: Opened, chromium: Any) -> None:
    case = case_of(opened)
    with served(opened.workspace.root) as link:
        tab = Tab(chromium, viewport=PHONE, java_script_enabled=False)
        page, start = tab.page, tab.sign_in(link)
        looks = tab.context.browser.new_context(viewport=PHONE, storage_state=tab.context.storage_state()).new_page()
        for address in ("", f"/cases/{case.case_id}", f"/cases/{case.case_id}/report", "/try", *RECORDS):
            looks.goto(f"{start}{address}")
            assert looks.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], address
        page.goto(f"{start}/try")
        page.click("text=Ask the champion")
        assert "% to churn" in page.inner_text("main")
        page.goto(f"{start}/cases/{case.case_id}")
        page.fill("[name=reason]", "Not before the campaign ends.")
        page.click("button:has-text('Reject')")
        assert "rejected it" in page.inner_text("main")
        assert opened.cases.get(case.case_id).status == "rejected"
        assert tab.complaints == []


def done(page: Any, start: str) -> str:
    """The page of work, held still, once nothing runs any more."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while True:
        page.goto(f"{start}/jobs?hold=yes")
        text = str(page.inner_text("main"))
        if "Running since" not in text:
            return text
        assert time.monotonic() < deadline, text
        page.wait_for_timeout(1_000)


def test_a_triage_started_on_the_page_makes_a_case_and_deploys_nothing(opened: Opened, chromium: Any) -> None:
    simulate(opened, "market_shift", 2_000, labelled_share=0.6, seed=2)  # of the same data the case would be shown once more
    pointer, known = opened.workspace.champion_pointer.read_bytes(), {case.case_id for case in opened.cases.all()}
    with served(opened.workspace.root) as link:
        tab = Tab(chromium, java_script_enabled=False)
        page = tab.page
        start = tab.sign_in(link)
        page.click("text=Start a triage")
        assert "Running since" in page.inner_text("main")
        assert "It ended with" in done(page, start)
        page.click("text=It ended with >> a")
        assert case_of(opened).case_id in page.inner_text("main")
    assert case_of(opened).case_id not in known
    assert opened.workspace.champion_pointer.read_bytes() == pointer


def test_a_server_that_is_killed_leaves_the_job_to_its_end(opened: Opened, chromium: Any) -> None:
    root = opened.workspace.root
    (root / "week.csv").write_text("\n".join((root / opened.settings.data.file).read_text().splitlines()[:600]) + "\n")
    with served(root) as link:
        tab = Tab(chromium, java_script_enabled=False)
        start = tab.sign_in(link)
        tab.page.goto(f"{start}/jobs")
        tab.page.select_option("[name=window]", "file:week.csv")
        tab.page.click("button:text-is('Check')")
        assert "Running since" in tab.page.inner_text("main")
        for line in subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout.splitlines():
            if f"serve --port 0 --workspace {root}" in line:
                os.kill(int(line.split()[0]), signal.SIGKILL)
    with served(root) as link:
        page = (tab := Tab(chromium, java_script_enabled=False)).page
        assert "It ended." in done(page, tab.sign_in(link))


def test_behind_a_proxy_with_tls_and_a_path_people_are_whom_it_names(opened: Opened, chromium: Any) -> None:
    case, root = case_of(opened), opened.workspace.root
    assert case.challenger is not None
    with tls_proxy(root, HEADER, "ann@example.com") as proxy:
        settings = tomlkit.parse((root / "churnops.toml").read_text())
        roles = {"ann@example.com": "approver"}
        settings["page"] = {"url": proxy.url, "proxies": ["127.0.0.1"], "trusted_header": HEADER, "roles": roles}
        (root / "churnops.toml").write_text(tomlkit.dumps(settings))
        with served(root) as link:
            proxy.passes_to(f"http://{urlsplit(link).netloc}")
            tab = Tab(chromium, ignore_https_errors=True)
            page = tab.page
            page.goto(f"{proxy.url}/review/cases/{case.case_id}")  # as the link of a message is opened
            page.wait_for_url("**/telco/review/s/*/cases/*")
            assert "ann@example.com, approver" in page.inner_text("header")
            assert [(one["secure"], one["httpOnly"], one["sameSite"]) for one in tab.context.cookies()] == [(True, True, "Strict")]
            page.fill("[name=reason]", "The gate passed and the drift is real.")
            page.fill("[name=confirmation]", f"deploy {case.challenger.version}")
            page.click("text=Approve >> nth=-1")
            assert "approved it" in page.inner_text("main")
            assert opened.ledger.of_kind("deployed")[-1].body["reviewer"] == "ann@example.com"
            page.click("text=Versions >> nth=0")
            page.click("text=go back to it")
            page.fill("[name=reason]", "It does worse.")
            page.fill("[name=confirmation]", "roll back to 1")
            page.click("button:text-is('Go back')")
            assert opened.ledger.of_kind("rolled_back")[-1].body["reviewer"] == "ann@example.com"
            page.click("text=Sign out")
            assert "You are signed out." in page.inner_text("main")
            assert tab.complaints == []


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_axe_finds_nothing_serious_and_the_policy_is_never_broken(opened: Opened, chromium: Any, colours: str) -> None:
    case = case_of(opened)
    with served(opened.workspace.root) as link:
        tab = Tab(chromium, color_scheme=colours)
        start = tab.sign_in(link)
        pages = ("", f"/cases/{case.case_id}", f"/cases/{case.case_id}/report", "/try", *RECORDS, "/rollback/1", "/../../sign-in")
        addresses = [f"{start}{rest}" for rest in pages]
        for address in addresses:
            tab.page.goto(address)
        assert tab.complaints == []
        # Axe is a script, so it needs a context in which the page's policy does not count.
        looks = Tab(chromium, color_scheme=colours, bypass_csp=True, storage_state=tab.context.storage_state()).page
        for address in addresses:
            looks.goto(address)
            found = axe.Axe().run(looks).response["violations"]
            assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in {"serious", "critical"}] == [], address
