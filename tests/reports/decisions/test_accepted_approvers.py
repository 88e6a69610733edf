"""Who may approve counts as a person last accepted it, in local mode as well."""

import pytest

from pipeline.errors import ChurnopsError, IntegrityError
from pipeline.record.approvers import confirmed
from pipeline.record.authority import accepted_trust
from pipeline.record.champion import open_champion
from reports.decisions.accepted_approvers import draft_trust, trust_now
from reports.decisions.approval import draft_approval, same_person
from reports.decisions.recovery import note_changed_trust
from tests.reports.signers import configure, decision
from tests.reports.waiting import Waiting, approve_case


def test_a_workspace_begins_with_what_its_settings_say(waiting: Waiting) -> None:
    first = waiting.opened.ledger.entry(1)
    assert (first.kind, first.body["trust"]["mode"], first.body["trust"]["expires_hours"]) == ("trusted", "local", 72.0)
    assert not note_changed_trust(waiting.opened)
    with pytest.raises(ChurnopsError, match="as a person last accepted it"):
        draft_trust(waiting.opened, decision("Ada"))


def test_a_change_stops_loading_until_it_is_accepted_or_undone(waiting: Waiting) -> None:
    before = waiting.opened.workspace.settings_file.read_text()
    configure(waiting.opened, "", mode="local", expires_hours=1000)
    for act in (lambda: open_champion(waiting.opened), lambda: approve_case(waiting.opened, waiting.ours)):
        with pytest.raises(IntegrityError, match="no person has accepted it"):
            act()
    changed = waiting.opened.workspace.settings_file.read_text()
    waiting.opened.workspace.settings_file.write_text(before)
    open_champion(waiting.opened)
    waiting.opened.workspace.settings_file.write_text(changed)
    record = draft_trust(waiting.opened, decision("Ada"))
    with pytest.raises(IntegrityError, match="not what was confirmed"):
        trust_now(waiting.opened, record, "yes")
    trust_now(waiting.opened, record, confirmed(record))
    assert accepted_trust(waiting.opened.ledger).expires_hours == 1000
    open_champion(waiting.opened)


def test_a_second_person_is_asked_for_in_local_mode_too(waiting: Waiting) -> None:
    configure(waiting.opened, "", mode="local", require_second_person=True)  # Bob trained both
    record = draft_trust(waiting.opened, decision("Ada"))
    trust_now(waiting.opened, record, confirmed(record))
    for name in ("bob", "Bob@Example.org", "BOB <another@example.org>"):
        with pytest.raises(ChurnopsError, match="second person"):
            draft_approval(waiting.opened, waiting.ours, decision(name))
    approve_case(waiting.opened, waiting.ours)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("ada", "ada", True),
        ("ada <a@x.org>", "root <A@x.org>", True),
        ("ada <a@x.org>", "a@x.org", True),
        ("ada <a@x.org>", "bob <b@x.org>", False),
        ("root <a@x.org>", "root <b@x.org>", True),
        ("", "", False),
    ],
)
def test_people_are_told_apart_by_user_and_e_mail(one: str, other: str, same: bool) -> None:
    assert same_person(one, other) is same
