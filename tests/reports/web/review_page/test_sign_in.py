"""A link opens one session, once and soon; what lies on disk opens none."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.request import Request

import pytest

from pipeline.record.opened_workspace import Opened
from reports.web.review_page.sign_in import COOKIE, PATH, START, SignIn, sign_in_link
from tests.conftest import Clock
from tests.reports.web.review_page.browser import ORIGIN, Browser


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def doors(tmp_path: Path, clock: Clock) -> SignIn:
    return SignIn(tmp_path / "page", clock)


def kept(folder: Path) -> Iterator[Path]:
    return (path for path in (folder / "page").rglob("*") if path.is_file())


def test_a_link_works_once(doors: SignIn) -> None:
    link = doors.new_link()
    session = doors.redeem(link)
    assert session is not None
    assert doors.session(session.token, session.visit) == session
    assert doors.redeem(link) is None
    assert doors.session(session.token, session.visit) == session


def test_of_many_who_use_a_link_at_once_one_gets_in(doors: SignIn) -> None:
    for _ in range(20):
        link = doors.new_link()
        with ThreadPoolExecutor(8) as pool:
            assert sum(session is not None for session in pool.map(doors.redeem, [link] * 8)) == 1


def test_links_and_sessions_end(doors: SignIn, clock: Clock, tmp_path: Path) -> None:
    late, used = doors.new_link(), doors.new_link()
    session = doors.redeem(used)
    assert session is not None
    clock.advance(minutes=16)
    assert doors.redeem(late) is None
    assert doors.session(session.token, session.visit) is not None
    clock.advance(hours=2)
    assert doors.session(session.token, session.visit) is None
    doors.new_link()
    assert len(list(kept(tmp_path))) == 1  # what has ended is swept out


@pytest.mark.parametrize("token", ["", "x", "../../state.db", "a" * 100_000, "\x00", "é"])
def test_what_no_link_had_opens_nothing(doors: SignIn, token: str) -> None:
    doors.new_link()
    assert doors.redeem(token) is None
    assert doors.session(token, token) is None


def test_what_lies_on_disk_is_private_and_opens_nothing(doors: SignIn, tmp_path: Path) -> None:
    session = doors.redeem(doors.new_link())
    assert session is not None
    link = doors.new_link()
    files = list(kept(tmp_path))
    assert len(files) == 2
    for path in files:
        assert path.stat().st_mode & 0o077 == 0
        assert path.parent.stat().st_mode & 0o077 == 0
        assert doors.session(path.name, path.name) is None
        assert doors.redeem(path.name) is None
        for secret in (session.token, session.visit, link):
            assert secret not in path.read_text() + str(path)


def test_a_form_token_belongs_to_one_session_and_does_not_name_it(doors: SignIn) -> None:
    one, other = (doors.redeem(doors.new_link()) for _ in range(2))
    assert one is not None and other is not None
    assert one.sent_by_own_form(one.form_token)
    assert not one.sent_by_own_form(other.form_token)
    assert one.token not in one.form_token


def test_the_cookie_is_for_this_page_alone(trained: Opened) -> None:
    browser = Browser(trained)
    link = sign_in_link(trained.workspace.home, trained.clock, 8000)
    assert link.startswith(f"{ORIGIN}{PATH}?token=")
    answer = browser.get(link.removeprefix(ORIGIN))
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert {"HttpOnly", "SameSite=strict"} <= {part.strip() for part in cookie.split(";")}
    found = re.search(rf"Path=({START}/s/[\w-]{{43}});", cookie)
    assert found is not None
    assert f"url={found[1]}" in answer.text
    again = Browser(trained).get(link.removeprefix(ORIGIN))
    assert (again.status_code, "set-cookie" in again.headers) == (403, False)


def test_signing_out_ends_the_session_in_every_worker(trained: Opened) -> None:
    browser, worker = Browser(trained).sign_in(), Browser(trained)
    worker.client.cookies, worker.home = browser.client.cookies, browser.home
    token = browser.client.cookies[COOKIE]
    assert worker.get("/review").status_code == 200
    assert browser.send(browser.form("/review", "/sign-out")).status_code == 200
    assert browser.client.cookies.get(COOKIE) is None
    worker.client.cookies.set(COOKIE, token, domain="127.0.0.1", path=browser.home)
    assert worker.get("/review").status_code == 403


def test_what_the_browser_sends_to_another_port_of_the_host_is_worth_nothing(trained: Opened) -> None:
    """Cookies ignore ports: a server of somebody else on this machine hears them, whatever page of it the person opens."""
    browser = Browser(trained).sign_in()
    jar = browser.client.cookies.jar
    for address in ("http://127.0.0.1:9000/", "http://127.0.0.1:9000/review", "http://127.0.0.1:9000/review/s/guessed", ORIGIN):
        heard = Request(address)
        jar.add_cookie_header(heard)
        assert heard.get_header("Cookie") is None, address
    # And if it heard it all the same, by whatever way: without the address it opens nothing, nor makes a form.
    thief = Browser(trained)
    thief.client.cookies.set(COOKIE, browser.client.cookies[COOKIE])
    for thief.home in (START, f"{START}/s/{browser.client.cookies[COOKIE]}", f"{START}/s/{'x' * 43}"):
        assert thief.get("/review").status_code == 403
        assert thief.post("/review/jobs", data={"form_token": "x"}).status_code == 403
    # The address alone, which a history keeps, opens nothing either.
    reader = Browser(trained)
    reader.home = browser.home
    assert reader.get("/review").status_code == 403
    assert browser.get("/review").status_code == 200
