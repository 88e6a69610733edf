"""Thousands of approvals that were changed, replayed, forged, early, late or for another champion: not one of them deploys."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.clock import Clock
from pipeline.errors import ChurnopsError
from pipeline.record.approvers import confirmed
from pipeline.record.champion import require_champion
from pipeline.record.opened_workspace import Opened
from reports.decisions.approval import ApprovalRecord, approve, draft_approval
from tests.conftest import Clock as StandingClock
from tests.reports.waiting import DECISION, LATER, Waiting, approve_case

DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)
WORDS = st.text(max_size=20)
TIMES = st.integers(-200 * 60, 200 * 60).map(lambda minutes: LATER + timedelta(minutes=minutes))
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "workspace": WORDS,
    "head": st.one_of(WORDS, st.builds("{}:{}".format, st.integers(0, 30), DIGESTS)),
    "case_id": WORDS,
    "version": st.integers(0, 9).map(str),
    "digest": DIGESTS,
    "report": DIGESTS,
    "metrics": DIGESTS,
    "policy_version": WORDS,
    "replaces": DIGESTS,
    "replaces_row": DIGESTS,
    "reviewer": WORDS,
    "reason": WORDS,
    "at": TIMES,
    "expires_at": TIMES,
}
CHANGES = st.lists(st.sampled_from(sorted(FIELDS)), min_size=1, max_size=3, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: FIELDS[name] for name in names})
)
# Late by more than the 72 hours, the seal of the record as it was, of the changed one, or any text.
ATTEMPTS = st.tuples(CHANGES, st.sampled_from(["kept", "renewed", "typed"]), WORDS, st.sampled_from([0, 71 * 60, 100 * 60]))
BOUND = set(FIELDS) - {"reviewer", "reason", "at"}


def deploys(opened: Opened) -> int:
    return len(opened.ledger.of_kind("deployed"))


def attempt(opened: Opened, record: ApprovalRecord, seal: str, tried: Counter[str]) -> None:
    """Approve with a forged record; it must be refused."""
    with pytest.raises(ChurnopsError):
        approve(opened, record, seal)
    tried["refused"] += 1


def forge(waiting: Waiting, genuine: ApprovalRecord, examples: int, tried: Counter[str]) -> None:
    """`examples` mutated records against the waiting case."""
    opened, clock = waiting.opened, waiting.opened.clock
    assert isinstance(clock, StandingClock)

    @settings(max_examples=examples, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(ATTEMPTS)
    def mutated(drawn: tuple[dict[str, Any], str, str, int]) -> None:
        changes, how, typed, late = drawn
        record = genuine.model_copy(update=changes)
        # A person may give other words or another time and confirm them: that is another approval, not a forged one.
        if record == genuine and late == 0:
            return
        if how == "renewed" and late == 0 and not BOUND & {name for name in changes if getattr(record, name) != getattr(genuine, name)}:
            return
        clock.now = LATER + timedelta(minutes=late)
        attempt(opened, record, {"kept": confirmed(genuine), "renewed": confirmed(record), "typed": typed}[how], tried)
        clock.now = LATER

    mutated()


def hammer(waiting: Waiting, examples: int) -> int:
    """Forge before the approval, approve once, replay and forge after it; returns how many attempts were refused."""
    opened, tried = waiting.opened, Counter[str]()
    genuine = draft_approval(opened, waiting.ours, DECISION)
    before = require_champion(opened.workspace, opened.ledger)
    forge(waiting, genuine, examples // 2, tried)
    assert (deploys(opened), require_champion(opened.workspace, opened.ledger)) == (1, before)
    champion = approve_case(opened, waiting.ours)
    for _ in range(examples // 4):
        attempt(opened, genuine, confirmed(genuine), tried)
    forge(waiting, genuine, examples // 2, tried)
    assert (deploys(opened), require_champion(opened.workspace, opened.ledger)) == (2, champion)
    return tried["refused"]


@pytest.mark.slow
def test_hundreds_of_forged_approvals_deploy_nothing(waiting: Waiting) -> None:
    assert hammer(waiting, 200) >= 200


@pytest.mark.slow
def test_ten_thousand_forged_approvals_deploy_nothing(waiting: Waiting) -> None:
    assert hammer(waiting, 10_000) >= 10_000


def test_an_approval_that_lacks_a_field_is_none(waiting: Waiting) -> None:
    whole = draft_approval(waiting.opened, waiting.ours, DECISION).model_dump(mode="json")
    for name in whole.keys() - {"act"}:
        with pytest.raises(ValueError, match=name):
            ApprovalRecord.model_validate({key: value for key, value in whole.items() if key != name})


@pytest.mark.parametrize("hours", [69.9, 70.0, 71.0])
def test_seventy_two_hours_after_its_report_a_case_is_too_old(waiting: Waiting, hours: float) -> None:
    clock: Clock = waiting.opened.clock
    assert isinstance(clock, StandingClock)
    clock.now = LATER + timedelta(hours=hours)  # the report was written two hours before
    decision = DECISION.model_copy(update={"at": clock.now})
    if hours < 70:
        assert draft_approval(waiting.opened, waiting.ours, decision).expires_at == LATER + timedelta(hours=70)
        return
    with pytest.raises(ChurnopsError, match=r"could be approved until .* Run `churnops triage` again"):
        draft_approval(waiting.opened, waiting.ours, decision)
