"""Time at the gate is the ledger's: a clock set back makes nothing young again, and a machine that was ahead stops the others until a person
says so, no longer."""

from datetime import timedelta

import pytest

from pipeline.errors import ChurnopsError, IntegrityError
from pipeline.record.approvers import confirmed
from pipeline.record.champion import find_champion
from reports.decisions.approval import approve, draft_approval
from reports.decisions.case_status import standing_of
from reports.decisions.clock_correction import correct_clock, draft_correction
from reports.decisions.verification import verify
from tests.conftest import Clock
from tests.end_to_end.command_line import CommandLine
from tests.reports.decisions.test_approval_terminal import typing
from tests.reports.waiting import DECISION, LATER, Waiting, approve_case

AHEAD = LATER + timedelta(days=400)


def test_a_clock_set_back_does_not_make_an_expired_case_young(waiting: Waiting) -> None:
    waiting.opened.ledger.append(LATER + timedelta(hours=71), "verified", None, {})  # the report was written two hours before
    with pytest.raises(ChurnopsError, match="could be approved until"):
        draft_approval(waiting.opened, waiting.ours, DECISION)
    assert standing_of(waiting.opened, waiting.case).expired


def test_a_clock_behind_the_ledger_is_named_with_the_remedy(waiting: Waiting) -> None:
    record = draft_approval(waiting.opened, waiting.ours, DECISION)
    waiting.opened.ledger.append(LATER + timedelta(minutes=20), "verified", None, {})
    rows = waiting.kinds()
    with pytest.raises(
        ChurnopsError, match=r"clock says 2026-11-21 14:00 UTC, and row \d+ of the ledger was written at 2026-11-21 14:20"
    ) as said:
        approve(waiting.opened, record, confirmed(record))
    assert "Set this machine's clock" in said.value.next_step
    assert "churnops reports clock" in said.value.next_step
    assert waiting.kinds() == rows
    find_champion(waiting.opened.workspace, waiting.opened.ledger)  # what serves goes on


def test_clocks_that_differ_by_minutes_stop_nobody(waiting: Waiting) -> None:
    waiting.opened.ledger.append(LATER + timedelta(minutes=4), "verified", None, {})
    approve_case(waiting.opened, waiting.ours)
    assert verify(waiting.opened).ok


def test_a_machine_that_was_ahead_locks_nobody_out_for_good(
    waiting: Waiting, churnops: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting.opened.ledger.append(AHEAD, "verified", None, {})
    with pytest.raises(ChurnopsError, match="could be approved until"):
        approve_case(waiting.opened, waiting.ours)
    piped = churnops("reports", "clock", "--reason", "That machine's battery was empty.")
    assert (piped.code, "person at a terminal" in piped.err) == (1, True)
    typing(monkeypatch, "this clock is right")
    said = churnops("reports", "clock", "--reason", "That machine's battery was empty.")
    assert said.code == 0, said.err
    assert "2027-12-26" in said.out
    assert waiting.kinds()[-1] == "clock_corrected"
    approve_case(waiting.opened, waiting.ours)
    assert verify(waiting.opened).ok


def test_the_correction_is_a_persons_and_only_where_something_is_wrong(waiting: Waiting) -> None:
    with pytest.raises(ChurnopsError, match="not behind the ledger"):
        draft_correction(waiting.opened, DECISION)
    waiting.opened.ledger.append(AHEAD, "verified", None, {})
    record = draft_correction(waiting.opened, DECISION)
    with pytest.raises(IntegrityError, match="not what was confirmed"):
        correct_clock(waiting.opened, record, "yes")
    waiting.opened.ledger.append(LATER, "clock_corrected", None, record.model_dump(mode="json"))
    with pytest.raises(IntegrityError, match="not what was confirmed"):
        find_champion(waiting.opened.workspace, waiting.opened.ledger)


def test_after_a_correction_the_clock_goes_on_from_there(waiting: Waiting) -> None:
    waiting.opened.ledger.append(AHEAD, "verified", None, {})
    record = draft_correction(waiting.opened, DECISION)
    correct_clock(waiting.opened, record, confirmed(record))
    clock = waiting.opened.clock
    assert isinstance(clock, Clock)
    clock.advance(hours=71)
    assert standing_of(waiting.opened, waiting.case).expired
    clock.advance(hours=-80)
    with pytest.raises(ChurnopsError):
        approve_case(waiting.opened, waiting.ours)
