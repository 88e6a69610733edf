"""Through the proxy that the settings name people are whom it says, at the page's own URL; nobody else's header, host or address counts."""

import pytest
from pydantic import ValidationError

from pipeline.record.opened_workspace import Opened
from pipeline.workspace.page_settings import PageSettings
from reports.web.review_page.sign_in import COOKIE, START
from tests.reports.waiting import Waiting, snapshot
from tests.reports.web.review_page.browser import Shown
from tests.reports.web.review_page.proxied import HEADER, SETTINGS, Proxied, behind_proxy

ANN, OTTO, VERA = ({HEADER: f"{name}@example.com"} for name in ("ann", "otto", "vera"))


@pytest.fixture
def proxied(waiting: Waiting) -> Opened:
    return behind_proxy(waiting.opened)


def test_who_the_proxy_names_is_in_with_that_role_and_every_address_lies_below_the_urls_path(waiting: Waiting, proxied: Opened) -> None:
    browser = Proxied(proxied, **VERA)
    entered = browser.get(START)
    cookie = {part.strip() for part in entered.headers["set-cookie"].split(";")}
    assert {"Secure", "HttpOnly", "SameSite=strict"} <= cookie
    assert any(part.startswith("Path=/telco/review/s/") for part in cookie)
    browser.enter()
    for path in ("", "/jobs", "/cases", "/performance", "/versions", "/alerts", "/ledger", "/try", f"/cases/{waiting.ours}", "/nothing"):
        answer = browser.get(f"/review{path}")
        assert answer.status_code == (404 if path == "/nothing" else 200), path
        for tag, given in Shown(answer.text).tags:
            to = given.get("href") or given.get("action")
            if tag in {"a", "link", "form"} and to and not to.startswith("#"):
                assert to.startswith("/telco/review"), (path, to)
    assert "vera@example.com, viewer" in Shown(browser.get("/review").text).seen
    assert browser.client.get("/telco/").headers["location"] == "/telco/review"


def test_an_approver_behind_the_proxy_decides_in_their_name_from_the_pages_own_origin_alone(waiting: Waiting, proxied: Opened) -> None:
    browser, before = Proxied(proxied, **ANN).enter(), snapshot(waiting)
    page = Shown(browser.get(f"/review/cases/{waiting.ours}").text)
    form = next(form for form in page.forms if form.action.endswith("/approve"))
    assert waiting.case.challenger is not None
    sent = {**form.fields, "reason": "Better.", "reviewer": "Mallory", "confirmation": f"deploy {waiting.case.challenger.version}"}
    for origin in ("http://churn.example.com", "https://churn.example.com:8443", "https://evil.example", "http://127.0.0.1:8000"):
        assert browser.post(form.action, data=sent, headers={"Origin": origin}).status_code == 403, origin
    assert snapshot(waiting) == before
    assert browser.post(form.action, data=sent, headers={"Origin": "https://churn.example.com"}).status_code == 303
    assert proxied.ledger.of_kind("deployed")[-1].body["reviewer"] == "ann@example.com"


@pytest.mark.parametrize("peer", ["203.0.113.9", "10.0.0.8", "127.0.0.1", "::1", "testclient"])
def test_an_address_that_is_not_named_is_believed_in_nothing(proxied: Opened, peer: str) -> None:
    """It may say any host, and any name: it stays a stranger, at the public name and at the machine's own."""
    for host in ({}, {"Host": "127.0.0.1:8000", "X-Forwarded-Host": "churn.example.com"}, {"Host": "localhost"}):
        stranger = Proxied(proxied, peer=peer, **ANN)
        for path in (START, f"{START}/cases/x", f"/telco{START}"):
            answer = stranger.client.get(path, headers=host)
            assert answer.status_code in ({421} if not host else {403, 404}), (host, path)
            assert COOKIE not in answer.cookies
    assert list((proxied.workspace.home / "page").glob("sessions/*")) == []


def test_the_proxy_itself_lets_nobody_in_under_another_host_scheme_or_two_names(proxied: Opened) -> None:
    for headers in (
        {"X-Forwarded-Host": "evil.example"},
        {"X-Forwarded-Host": "churn.example.com, evil.example"},
        {"Host": "churn.example.com.evil.example"},
        {"X-Forwarded-Proto": "http"},
        {"X-Forwarded-Proto": "https, http"},
    ):
        answer = Proxied(proxied, **ANN).client.get(START, headers=headers)
        assert (answer.status_code, COOKIE in answer.cookies) == (421, False), headers
    for name in ("", " ", "ann@example.com,otto@example.com", "a" * 121, "mallory@example.com"):
        answer = Proxied(proxied, **{HEADER: name}).get(START)
        assert (answer.status_code, COOKIE in answer.cookies) == (403, False), name
    named = HEADER.encode()
    for headers in ([(named, b"ann@example.com"), (named, b"vera@example.com")], [(named, b"ann@example.com\xa0")]):
        answer = Proxied(proxied).client.get(START, headers=headers)
        assert (answer.status_code, COOKIE in answer.cookies) == (403, False), headers


def test_a_session_is_of_the_name_that_opened_it_for_as_long_as_that_has_its_role(proxied: Opened) -> None:
    browser = Proxied(proxied, **OTTO).enter()
    assert browser.get("/review").status_code == 200
    for headers in (VERA, ANN, {HEADER: ""}):
        assert browser.client.get(browser.at("/review"), headers=headers).status_code == 403, headers
    direct = Proxied(proxied, peer="127.0.0.1", **OTTO)
    direct.client.cookies.set(COOKIE, browser.client.cookies[COOKIE])
    assert direct.client.get(browser.home, headers={"Host": "127.0.0.1:8000"}).status_code == 403, "past the proxy the name is nobody's"
    now = Proxied(behind_proxy(proxied, SETTINGS.model_copy(update={"roles": {"*": "viewer"}})), **OTTO)
    now.client.cookies, now.home = browser.client.cookies, browser.home
    assert "otto@example.com, viewer" in Shown(now.get("/review").text).seen, "the role is asked for each time"
    gone = Proxied(behind_proxy(proxied, SETTINGS.model_copy(update={"roles": {}})), **OTTO)
    gone.client.cookies, gone.home = browser.client.cookies, browser.home
    assert gone.get("/review").status_code == 403
    browser.send(next(form for form in Shown(browser.get("/review").text).forms if form.action.endswith("/sign-out")))
    ended = Shown(browser.get("/review").text)
    assert "Go on as otto@example.com" in ended.seen and ("a", {"class": "button", "href": "/telco/review"}) in ended.tags


def test_without_a_trusted_header_the_proxy_names_nobody(waiting: Waiting) -> None:
    page = SETTINGS.model_copy(update={"trusted_header": ""})
    answer = Proxied(behind_proxy(waiting.opened, page), **ANN).get(START)
    assert (answer.status_code, COOKIE in answer.cookies, "Token" in answer.text) == (403, False, True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://churn.example.com", "proxies": ["10.0.0.5"]},
        {"url": "https://user@churn.example.com", "proxies": ["10.0.0.5"]},
        {"url": "https://churn.example.com/a?b", "proxies": ["10.0.0.5"]},
        {"url": "https://churn.example.com/../x y", "proxies": ["10.0.0.5"]},
        {"url": "https://churn.example.com"},
        {"url": "https://churn.example.com", "proxies": ["proxy.internal"]},
        {"proxies": ["10.0.0.5"]},
        {"trusted_header": "X-Email"},
        {"url": "https://churn.example.com", "proxies": ["10.0.0.5"], "trusted_header": "X Email"},
        {"url": "https://churn.example.com", "proxies": ["10.0.0.5"], "roles": {"ann": "owner"}},
    ],
)
def test_settings_that_would_open_more_than_was_meant_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PageSettings.model_validate(wrong)


def test_a_proxy_is_known_by_its_address_however_that_is_written() -> None:
    named = {peer: SETTINGS.names_proxy(peer) for peer in ("10.0.0.7", "::ffff:10.0.0.7", "10.0.0.8", "::ffff:10.0.0.8", "", "10.0.0.7 ")}
    assert [peer for peer, is_named in named.items() if is_named] == ["10.0.0.7", "::ffff:10.0.0.7"]
