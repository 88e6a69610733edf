"""A token signs in with the role of its scope, for as long as it lives; what a role may not, no form of it does, and who decides is whose it is."""

from dataclasses import replace
from datetime import timedelta

import pytest

from pipeline.record.approvers import confirmed
from pipeline.record.opened_workspace import Opened
from pipeline.workspace.tokens import Scope, TokenBook
from reports.decisions.accepted_approvers import draft_trust, trust_now
from reports.web.review_page.entrance import ROLE_OF
from reports.web.review_page.job_process import ABOUT
from reports.web.review_page.sign_in import COOKIE, PATH, START
from reports.web.review_page.sign_in_page import FORM_COOKIE
from tests.conftest import Clock
from tests.reports.signers import configure, decision
from tests.reports.waiting import Waiting, snapshot
from tests.reports.web.review_page.browser import Browser, Shown

DECISION = {"reason": "The gate passed.", "reviewer": "Mallory", "confirmation": "deploy 2"}


def token_of(opened: Opened, scope: Scope, name: str = "ann", hours: float = 1) -> str:
    return TokenBook(opened.workspace, opened.clock).create(name, scope, timedelta(hours=hours), "a person").secret


def signed_in(opened: Opened, secret: str, **changes: str) -> Browser:
    """A browser whose person typed a token into the page that anybody gets."""
    browser = Browser(opened)
    form = Shown(browser.get(START).text).forms[0]
    assert form.action == PATH
    answer = browser.send(form, token=secret, **changes)
    assert answer.status_code == 200, answer.text
    browser.home = answer.text.partition("url=")[2].partition('"')[0].partition("/cases")[0]
    return browser


def changes_of(waiting: Waiting) -> dict[str, str]:
    """Every address that changes something, and the role that it takes."""
    case = f"/review/cases/{waiting.ours}"
    return {
        "/review/jobs": "operator",
        "/review/jobs/cancel": "operator",
        f"{case}/approve": "approver",
        f"{case}/reject": "approver",
        "/review/rollback/1": "approver",
        "/review/alerts/1/ack": "approver",
    }


@pytest.mark.parametrize("scope", ["read", "train"])
def test_what_a_role_may_not_is_neither_offered_nor_done(waiting: Waiting, scope: Scope) -> None:
    browser, before = signed_in(waiting.opened, token_of(waiting.opened, scope)), snapshot(waiting)
    token = browser.form("/review", "/sign-out").fields["form_token"]
    for path, role in changes_of(waiting).items():
        if role == "operator" and scope == "train":
            continue
        answer = browser.post(path, data={"form_token": token, **DECISION}, headers={"Sec-Fetch-Site": "same-origin"})
        assert (answer.status_code, f"for the role {role}" in answer.text) == (403, True), path
    assert snapshot(waiting) == before
    assert not (waiting.opened.workspace.home / "page" / ABOUT).exists()
    for path in ("/review", f"/review/cases/{waiting.ours}", "/review/jobs", "/review/versions", "/review/alerts"):
        actions = {form.action for form in browser.shown(path).forms}
        assert not {action for action in actions if action.endswith(("/approve", "/reject", "/ack")) or "/rollback/" in action}, path
        assert ("/review/jobs" in actions) == (scope == "train" and path in {"/review", "/review/jobs"}), path
    assert browser.get("/review/rollback/1").status_code == 403


def test_an_approver_decides_in_the_tokens_name_whatever_was_typed(waiting: Waiting) -> None:
    opened = waiting.opened
    browser = signed_in(opened, token_of(opened, "approve"))
    form = browser.form(f"/review/cases/{waiting.ours}", "/approve")
    assert "reviewer" not in form.fields
    assert waiting.case.challenger is not None
    words = f"deploy {waiting.case.challenger.version}"
    assert browser.send(form, **{**DECISION, "confirmation": words}).status_code == 303
    deployed = opened.ledger.of_kind("deployed")[-1]
    assert deployed.body["reviewer"] == "ann"


def test_going_back_is_bound_to_what_was_shown_and_confirmed(waiting: Waiting) -> None:
    opened = waiting.opened
    browser = signed_in(opened, token_of(opened, "approve"))
    form = browser.form(f"/review/cases/{waiting.ours}", "/approve")
    browser.send(form, reason="Better.", confirmation=f"deploy {waiting.case.challenger.version if waiting.case.challenger else ''}")
    assert any(action == "/review/rollback/1" for action in (given.get("href") for _, given in browser.shown("/review/versions").tags))
    back = browser.form("/review/rollback/1", "/rollback/1")
    wrong = browser.send(back, reason="It does worse.", confirmation="roll back")
    assert (wrong.status_code, "Not confirmed; nothing has changed." in wrong.text) == (422, True)
    assert browser.send(back, reason="", confirmation="roll back to 1").status_code == 422
    stale = browser.send(back, reason="It does worse.", confirmation="roll back to 1", seen="0" * 64)
    assert (stale.status_code, opened.ledger.of_kind("rolled_back")) == (409, ())
    assert browser.send(back, reason="It does worse.", confirmation="roll back to 1").status_code == 303
    (row,) = opened.ledger.of_kind("rolled_back")
    assert (row.body["version"], row.body["reviewer"]) == ("1", "ann")
    again = browser.send(back, reason="It does worse.", confirmation="roll back to 1")
    assert (again.status_code, "serves already" in again.text) == (409, True)


def test_whoever_started_a_case_is_no_second_person_under_a_token_of_theirs(waiting: Waiting) -> None:
    opened = replace(waiting.opened, person="bob <bob@example.org>")  # the server runs as Bob, who trained both
    configure(opened, "", mode="local", require_second_person=True)
    record = draft_trust(opened, decision("Ada"))
    trust_now(opened, record, confirmed(record))
    assert waiting.case.challenger is not None
    sent = {"reason": "Better.", "confirmation": f"deploy {waiting.case.challenger.version}"}
    bob, ann = (signed_in(opened, token_of(opened, "approve", name)) for name in ("bob", "ann"))
    form = ann.form(f"/review/cases/{waiting.ours}", "/approve")
    own = {"form_token": bob.form("/review", "/sign-out").fields["form_token"], "reviewer": "ann"}
    refused = bob.post(form.action, data={**form.fields, **sent, **own}, headers={"Origin": "null"})
    assert (refused.status_code, opened.ledger.of_kind("deployed")[1:]) == (409, ()), refused.text
    # Who proved to be somebody else is a second person, although the server's own user started the case.
    assert ann.send(ann.form(f"/review/cases/{waiting.ours}", "/approve"), **sent).status_code == 303


def test_a_session_ends_with_its_token(waiting: Waiting) -> None:
    opened = waiting.opened
    assert isinstance(opened.clock, Clock)
    soon, revoked = signed_in(opened, token_of(opened, "read", "soon", 0.5)), signed_in(opened, token_of(opened, "train", "bob"))
    assert [browser.get("/review").status_code for browser in (soon, revoked)] == [200, 200]
    TokenBook(opened.workspace, opened.clock).revoke("bob")
    assert [browser.get("/review").status_code for browser in (soon, revoked)] == [200, 403]
    opened.clock.advance(minutes=31)
    assert soon.get("/review").status_code == 403
    late, gone = Browser(opened), token_of(opened, "read", "gone", 0.5)
    opened.clock.advance(hours=1)
    for secret in (gone, token_of(opened, "read", "x")[:-1], "", "churnops_", "x" * 200):
        refused = late.send(Shown(late.get(START).text).forms[0], token=secret)
        assert (refused.status_code, "unknown, expired or revoked" in refused.text, COOKIE in refused.cookies) == (403, True, False)


def test_a_forged_cookie_and_a_changed_session_file_open_nothing(waiting: Waiting) -> None:
    opened = waiting.opened
    browser = signed_in(opened, token_of(opened, "read"))
    own = browser.client.cookies[COOKIE]
    for forged in ("", own[:-1], own + "A", own.swapcase(), "../" + own, f"{own}\x22"):
        browser.client.cookies.clear()
        browser.client.cookies.set(COOKIE, forged, domain="127.0.0.1", path=browser.home)
        assert browser.get("/review").status_code == 403, forged
    browser.client.cookies.clear()
    browser.client.cookies.set(COOKIE, own, domain="127.0.0.1", path=browser.home)
    assert browser.get("/review").status_code == 200
    (place,) = (opened.workspace.home / "page" / "sessions").iterdir()
    for text in (
        "approve",
        '{"role": "approver"}',
        place.read_text().replace("viewer", "owner"),
        place.read_text().replace("}", ', "x": 1}'),
    ):
        place.write_text(text)
        assert browser.get("/review").status_code == 403, text


def test_nobody_is_signed_in_by_another_pages_form(waiting: Waiting) -> None:
    """Else a page elsewhere could sign a person in under a token of its own, and have them decide in its name."""
    opened = waiting.opened
    browser, secret = Browser(opened), token_of(opened, "approve")
    form = Shown(browser.get(START).text).forms[0]
    same = {"Sec-Fetch-Site": "same-origin"}
    own = browser.client.cookies[FORM_COOKIE]
    for given in ("", "x", own[:-1]):
        assert browser.post(PATH, data={"token": secret, "form_token": given}, headers=same).status_code == 403
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert browser.post(PATH, data={**form.fields, "token": secret}, headers=headers).status_code == 403
    stranger = Browser(opened)
    assert stranger.post(PATH, data={**form.fields, "token": secret}, headers=same).status_code == 403
    assert list((opened.workspace.home / "page").glob("sessions/*")) == []


def test_a_messages_link_leads_to_its_case_and_nowhere_else(waiting: Waiting) -> None:
    opened = waiting.opened
    secret = token_of(opened, "read")
    for asked, leads in (
        (f"cases/{waiting.ours}", f"/cases/{waiting.ours}"),
        ("//evil.example", ""),
        ("cases/../../x", ""),
        ("cases/a?b", ""),
    ):
        browser = Browser(opened)
        form = Shown(browser.get(f"{START}/cases/{waiting.ours}").text).forms[0]
        assert form.fields["to"] == f"cases/{waiting.ours}"
        answer = browser.send(form, token=secret, to=asked).text
        assert answer.partition("url=")[2].partition('"')[0].partition("/s/")[2][43:] == leads


def test_every_scope_is_a_role_and_the_cookie_is_as_strict_as_a_links(trained: Opened) -> None:
    assert [ROLE_OF[scope] for scope in ("read", "train", "approve")] == ["viewer", "operator", "approver"]
    browser = Browser(trained)
    form = Shown(browser.get(f"{START}/sign-in").text).forms[0]
    answer = browser.send(form, token=token_of(trained, "train"))
    cookie = {part.strip() for part in answer.headers["set-cookie"].split(";")}
    assert {"HttpOnly", "SameSite=strict", "Max-Age=7200"} <= cookie
    assert "Secure" not in cookie, "this machine speaks no TLS"
