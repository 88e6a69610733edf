"""Approving on the page is the gate that the command is: what was shown, confirmed in words, once."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.record.approvers import confirmed
from pipeline.record.champion import require_champion
from reports.decisions.accepted_approvers import draft_trust, trust_now
from reports.decisions.verification import verify
from tests.conftest import Clock
from tests.reports.signers import configure, decision, make_keys, sign_from_now_on
from tests.reports.waiting import Waiting, approve_case, snapshot
from tests.reports.web.review_page.browser import Browser, Form, Shown

REASON = {"reason": "The gate passed and the drift is real.", "reviewer": "Ada"}


def case_page(waiting: Waiting) -> str:
    return f"/review/cases/{waiting.ours}"


def approval(waiting: Waiting, reviewer: Browser) -> Form:
    return reviewer.form(case_page(waiting), "/approve")


def confirmation(waiting: Waiting) -> dict[str, str]:
    assert waiting.case.challenger is not None
    return {**REASON, "confirmation": f"deploy {waiting.case.challenger.version}"}


def test_typing_what_will_happen_deploys_it(waiting: Waiting, reviewer: Browser) -> None:
    sent = reviewer.send(approval(waiting, reviewer), **confirmation(waiting))
    assert (sent.status_code, sent.headers["location"]) == (303, reviewer.at(case_page(waiting)))
    challenger, decided = waiting.case.challenger, waiting.case.decision
    assert challenger is not None and decided is not None
    assert require_champion(waiting.opened.workspace, waiting.opened.ledger).digest == challenger.digest
    assert (waiting.case.status, decided.reviewer, decided.reason) == ("approved", REASON["reviewer"], REASON["reason"])
    assert waiting.kinds(waiting.ours)[-2:] == ["approved", "deployed"]
    assert verify(waiting.opened).ok
    shown = reviewer.shown(case_page(waiting))
    assert "Ada approved it" in shown.seen
    assert f"Approved by Ada on 2026-11-21 14:00 UTC: version {challenger.version} was deployed, and serves" in shown.seen
    assert "waits for approval" not in shown.seen
    assert f"Since it was written: Approved by Ada on 2026-11-21 14:00 UTC: version {challenger.version} was deployed" in (
        reviewer.shown(f"{case_page(waiting)}/report").seen
    )
    assert [form.action for form in shown.forms] == ["/review/sign-out"]
    start = reviewer.shown("/review").everything
    assert f"version {challenger.version}" in start
    assert REASON["reason"] in start


def test_rejecting_keeps_the_champion(waiting: Waiting, reviewer: Browser) -> None:
    pointer = waiting.opened.workspace.champion_pointer.read_bytes()
    form = approval(waiting, reviewer)
    form.action = form.action.replace("approve", "reject")
    assert reviewer.send(form, **REASON).status_code == 303
    assert waiting.case.status == "rejected"
    assert waiting.opened.workspace.champion_pointer.read_bytes() == pointer
    seen = reviewer.shown(case_page(waiting)).seen
    assert "Ada rejected it" in seen
    assert "Rejected by Ada" in seen
    assert "waits for approval" not in seen
    again = reviewer.send(form, **REASON)
    assert (again.status_code, "Rejected by Ada" in again.text) == (409, True)


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"confirmation": ""}, 422, "Not confirmed"),
        ({"confirmation": "yes"}, 422, "Not confirmed"),
        ({"confirmation": "deploy 1"}, 422, "Not confirmed"),
        ({"confirmation": "DEPLOY 2"}, 422, "Not confirmed"),
        ({"reason": " \n\x1b "}, 422, "needs a reason"),
        ({"reviewer": ""}, 422, "needs a name"),
        ({"seen": ""}, 409, "not what you were shown"),
        ({"seen": "0" * 64}, 409, "not what you were shown"),
    ],
)
def test_anything_less_deploys_nothing(waiting: Waiting, reviewer: Browser, changes: dict[str, str], status: int, said: str) -> None:
    before, form = snapshot(waiting), approval(waiting, reviewer)
    answer = reviewer.send(form, **{**confirmation(waiting), **changes})
    assert (answer.status_code, said in answer.text) == (status, True), answer.text
    assert snapshot(waiting) == before


@pytest.mark.parametrize(
    ("changes", "field"), [({"confirmation": "yes"}, "confirmation"), ({"reason": " "}, "reason"), ({"reviewer": ""}, "reviewer")]
)
def test_a_field_that_is_wrong_is_asked_for_again_and_nothing_typed_is_lost(
    waiting: Waiting, reviewer: Browser, changes: dict[str, str], field: str
) -> None:
    form, hostile = approval(waiting, reviewer), '</textarea><script>alert("1")</script>'
    typed = {**confirmation(waiting), "reason": hostile, **changes}
    answer = reviewer.send(form, **typed)
    shown = Shown(answer.text)
    again = next(form for form in shown.forms if form.action.endswith("/approve"))
    assert (again.fields["reason"], again.fields["reviewer"]) == (typed["reason"], typed["reviewer"])
    assert (again.fields["confirmation"], again.fields["seen"]) == ("", form.fields["seen"])
    assert [given["name"] for _, given in shown.tags if given.get("aria-describedby") == "wrong"] == [field]
    assert [tag for tag, given in shown.tags if given.get("id") == "wrong"] == ["span"]
    assert {"nav", "h1"} <= {tag for tag, _ in shown.tags}
    assert "script" not in {tag for tag, _ in shown.tags}
    assert reviewer.send(again, **confirmation(waiting)).status_code == 303


def test_a_rejection_without_a_reason_is_asked_for_again(waiting: Waiting, reviewer: Browser) -> None:
    form = approval(waiting, reviewer)
    form.action = form.action.replace("approve", "reject")
    answer = reviewer.send(form, reason="", reviewer="Ada")
    shown = Shown(answer.text)
    assert (answer.status_code, shown.forms[-1].fields["reviewer"]) == (422, "Ada")
    assert "A decision needs a reason" in shown.seen
    assert waiting.case.status == "pending_approval"


def test_what_was_not_shown_is_to_be_read_before_it_is_confirmed(waiting: Waiting, reviewer: Browser) -> None:
    form = approval(waiting, reviewer)
    shown = Shown(reviewer.send(form, **{**confirmation(waiting), "seen": "0" * 64}).text)
    assert "Read it again, then decide." in shown.seen
    assert (shown.forms[-1].fields["seen"], shown.forms[-1].fields["confirmation"]) == (form.fields["seen"], "")
    assert shown.forms[-1].fields["reason"] == REASON["reason"]


def test_the_confirmation_of_one_case_deploys_no_other(waiting: Waiting, reviewer: Browser) -> None:
    before, form = snapshot(waiting), approval(waiting, reviewer)
    form.action = form.action.replace(waiting.ours, waiting.other)
    other = waiting.opened.cases.get(waiting.other).challenger
    assert other is not None
    answer = reviewer.send(form, **REASON, confirmation=f"deploy {other.version}")
    assert answer.status_code == 409
    assert snapshot(waiting) == before


def test_a_changed_report_is_said_and_cannot_be_approved(waiting: Waiting, reviewer: Browser) -> None:
    form = approval(waiting, reviewer)
    waiting.report.write_text("All is well.")
    before = snapshot(waiting)
    assert reviewer.send(form, **confirmation(waiting)).status_code == 409
    shown = reviewer.shown(case_page(waiting))
    assert "changed after it was written" in shown.seen
    assert "cannot be approved now" in shown.seen
    assert not [form for form in shown.forms if form.action.endswith("/approve")]
    assert snapshot(waiting) == before


def test_a_changed_policy_and_a_passed_time_approve_nothing(waiting: Waiting, reviewer: Browser) -> None:
    form, settings = approval(waiting, reviewer), waiting.opened.workspace.settings_file
    before, text = snapshot(waiting), settings.read_text()
    settings.write_text(text + "\n[policy.gate]\nmin_roc_auc = 0.99\n")
    answer = reviewer.send(form, **confirmation(waiting))
    assert (answer.status_code, "Restart" in answer.text) == (409, True)
    assert "Restart" in reviewer.shown(case_page(waiting)).seen
    settings.write_text(text)
    assert isinstance(waiting.opened.clock, Clock)
    waiting.opened.clock.advance(hours=73)
    late = Browser(waiting.opened).sign_in()
    form.fields["form_token"] = late.form("/review", "/sign-out").fields["form_token"]
    assert "figures are old" in late.send(form, **confirmation(waiting)).text
    seen = late.shown(case_page(waiting)).seen
    assert "figures are old" in seen
    assert "Expired on 2026-11-24 12:00 UTC: version" in seen
    assert "If you approve" not in seen
    assert "Nothing waits for you" in late.shown("/review").seen
    assert snapshot(waiting) == before


def test_of_two_approvals_at_once_one_deploys(waiting: Waiting) -> None:
    browsers = [Browser(waiting.opened).sign_in() for _ in range(4)]
    forms = [approval(waiting, browser) for browser in browsers]
    moves = waiting.kinds().count("deployed")

    def send(place: int) -> int:
        return browsers[place].send(forms[place], **confirmation(waiting)).status_code

    with ThreadPoolExecutor(len(browsers)) as pool:
        statuses = sorted(pool.map(send, range(len(browsers))))
    assert statuses == [303, 409, 409, 409]
    assert waiting.kinds().count("deployed") == moves + 1
    assert verify(waiting.opened).ok


def test_an_approval_elsewhere_leaves_nothing_to_approve_here(waiting: Waiting, reviewer: Browser) -> None:
    form = approval(waiting, reviewer)
    approve_case(waiting.opened, waiting.ours)
    assert reviewer.send(form, **confirmation(waiting)).status_code == 409
    approve_again = Shown(reviewer.send(form, **confirmation(waiting)).text)
    assert [form.action for form in approve_again.forms] == [reviewer.at("/review/sign-out")]
    other = reviewer.shown(f"/review/cases/{waiting.other}")
    assert "The champion moved since this report" in other.seen


def test_a_second_person_is_asked_for_here_too(waiting: Waiting, reviewer: Browser) -> None:
    configure(waiting.opened, "", mode="local", require_second_person=True)  # Bob trained both
    record = draft_trust(waiting.opened, decision("Ada"))
    trust_now(waiting.opened, record, confirmed(record))
    before, form = snapshot(waiting), approval(waiting, reviewer)
    answer = reviewer.send(form, **{**confirmation(waiting), "reviewer": "bob"})
    assert (answer.status_code, "second person" in answer.text) == (409, True)
    assert snapshot(waiting) == before


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
def test_in_signed_mode_the_page_shows_the_command_and_approves_nothing(waiting: Waiting, reviewer: Browser, tmp_path: Path) -> None:
    form = approval(waiting, reviewer)
    sign_from_now_on(waiting.opened, make_keys(tmp_path))
    before = snapshot(waiting)
    shown = reviewer.shown(case_page(waiting))
    assert f"churnops reports approve {waiting.ours}" in shown.seen
    assert {form.action for form in shown.forms} == {"/review/sign-out", f"{case_page(waiting)}/reject"}
    answer = reviewer.send(form, **confirmation(waiting))
    assert (answer.status_code, "signs its approvals" in answer.text) == (403, True)
    assert snapshot(waiting) == before
