"""Nothing of the page is reached without a session, from another host or from another page's form, and every answer carries its headers."""

import pytest
from fastapi.routing import APIRoute
from httpx2 import Response

from reports.web.review_page import router as module
from reports.web.review_page.guard import HEADERS
from reports.web.review_page.router import page_router
from reports.web.review_page.sign_in import COOKIE, START
from tests.reports.waiting import Waiting, snapshot
from tests.reports.web.review_page.browser import OPEN, ORIGIN, Browser

CHANGES = ["/review/sign-out", "/review/jobs", "/review/jobs/cancel", "/review/try", "/review/cases/{}/approve", "/review/cases/{}/reject"]


def addresses(waiting: Waiting) -> list[tuple[str, str]]:
    """Method and path of every route, on the triaged case."""
    routes = [route for route in page_router(waiting.opened).routes if isinstance(route, APIRoute)]
    assert {route.path for route in routes} > OPEN
    assert sum("/s/{visit}" in route.path for route in routes) > len(OPEN)
    paths = [(route, route.path.replace("/s/{visit}", "").replace("{case_id}", waiting.ours)) for route in routes]
    return [(method, path) for route, path in paths for method in sorted(route.methods)]


def assert_guarded(answer: Response) -> None:
    for name, value in HEADERS.items():
        assert answer.headers[name] == value, answer.request.url
    assert "script" not in answer.headers["Content-Security-Policy"]


def test_without_a_session_every_address_tells_nothing(waiting: Waiting) -> None:
    before = snapshot(waiting)
    stranger = Browser(waiting.opened)
    stranger.client.cookies.set(COOKIE, "f" * 43)
    for stranger.home in (START, f"{START}/s/{'f' * 43}"):
        for method, path in addresses(waiting):
            answer = stranger.client.request(method, stranger.at(path), data={"form_token": "x"} if method == "POST" else None)
            assert_guarded(answer)
            if path not in OPEN:
                assert answer.status_code == 403, (method, path)
                # What was asked for comes back, so that whoever signs in is led there; whether it exists is not told.
                assert waiting.ours not in answer.text.replace(f'name="to" value="cases/{waiting.ours}"', "")
    assert stranger.get("/review/cases/no-such-case").status_code == 403
    assert snapshot(waiting) == before


def test_every_answer_carries_the_headers(waiting: Waiting, reviewer: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    for method, path in addresses(waiting):
        if "evidently" not in path:
            assert_guarded(reviewer.client.request(method, reviewer.at(path)))
    for path, status in (
        ("/review/cases/none", 404),
        ("/review/sign-in?token=x&token=y", 403),
        ("/review/no/such/page", 404),
        ("/review/jobs/cancel", 404),
        ("/review/", 303),
    ):
        answer = reviewer.get(path)
        assert_guarded(answer)
        assert answer.status_code == status, path
    assert_guarded(reviewer.client.put(reviewer.at("/review/jobs")))

    def fails(*_: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(module, "overview", fails)
    broken = reviewer.get("/review")
    assert_guarded(broken)
    assert (broken.status_code, "secret" in broken.text) == (500, False)


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:8000", "localhost.", "localhost@evil.example", "0.0.0.0:8000", ""]
)
def test_a_foreign_host_reaches_nothing(reviewer: Browser, host: str) -> None:
    for path in ("/review", "/review/style.css", "/review/sign-in?token=x"):
        answer = reviewer.get(path, Host=host)
        assert answer.status_code == 421
        assert_guarded(answer)


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000", "LOCALHOST:1"])
def test_the_machines_own_names_are_served_on_any_port(reviewer: Browser, host: str) -> None:
    assert reviewer.get("/review/style.css", Host=host).status_code == 200


@pytest.mark.parametrize("path", CHANGES)
def test_a_form_without_the_sessions_token_changes_nothing(waiting: Waiting, reviewer: Browser, path: str) -> None:
    before = snapshot(waiting)
    another = Browser(waiting.opened).sign_in().form("/review", "/sign-out").fields["form_token"]
    for token in ({}, {"form_token": ""}, {"form_token": "x"}, {"form_token": another}):
        sent = {"reason": "r", "reviewer": "Mallory", "confirmation": "deploy 2", **token}
        answer = reviewer.post(path.format(waiting.ours), data=sent)
        assert answer.status_code == 403
        assert "not of your session" in answer.text
    assert snapshot(waiting) == before
    assert not (waiting.opened.workspace.home / "page" / "job.lock").exists()
    assert reviewer.get("/review").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:9000"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_form_sent_from_another_page_is_refused_even_with_the_token(waiting: Waiting, reviewer: Browser, headers: dict[str, str]) -> None:
    form = reviewer.form("/review", "/jobs")
    assert reviewer.post(form.action, data=form.fields, headers=headers).status_code == 403
    assert reviewer.post("/review/try", data=form.fields, headers={"Origin": ORIGIN}).status_code == 200


def test_what_is_no_form_of_ours_is_not_read(waiting: Waiting, reviewer: Browser) -> None:
    token = reviewer.form("/review", "/jobs").fields["form_token"]
    post = reviewer.post
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert post("/review/jobs", json={"form_token": token}).status_code == 415
    assert post("/review/jobs", files={"form_token": token.encode()}).status_code == 415
    assert post("/review/jobs", content=f"form_token={token}&form_token=x", headers=form).status_code == 400
    assert post("/review/jobs", content=b"form_token=\xff%ff", headers=form).status_code == 400
    assert post("/review/jobs", content=b"a=1&" * 6000, headers=form).status_code == 400
    assert post("/review/jobs", content=b"a" * 300_000, headers=form).status_code == 413
