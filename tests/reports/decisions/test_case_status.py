"""What became of a case since its report was written, as far as the ledger tells."""

import subprocess

import pytest

from pipeline.record.approvers import confirmed
from pipeline.record.cases import Decision
from pipeline.record.champion import require_champion
from reports.decisions.approval import reject
from reports.decisions.case_status import Standing, standing_of
from reports.decisions.rollback import draft_rollback, roll_back
from tests.checkout import ROOT
from tests.conftest import Clock
from tests.reports.decisions.test_approval_terminal import CHURNOPS, PATIENCE_SECONDS, at_a_terminal, command
from tests.reports.waiting import DECISION, LATER, Waiting, approve_case, move

APPROVED = "Approved by Ada on 2026-11-21 14:00 UTC: version"


def stands(waiting: Waiting) -> Standing:
    return standing_of(waiting.opened, waiting.case)


def test_an_approval_serves_is_rolled_back_and_serves_again(waiting: Waiting) -> None:
    opened = waiting.opened
    assert stands(waiting) == Standing("waits for approval")
    before = require_champion(opened.workspace, opened.ledger)
    deployed = approve_case(opened, waiting.ours)
    said = f"{APPROVED} {deployed.version} was deployed, and"
    assert stands(waiting) == Standing("approved, serves", f"{said} serves")
    for target, status, then in (
        (before, "approved, rolled back since", f"was rolled back since: version {before.version} serves"),
        (deployed, "approved, serves", "serves"),
    ):
        record = draft_rollback(opened, target.version, Decision(reviewer="Ada", reason="back", at=LATER))
        roll_back(opened, record, confirmed(record))
        assert stands(waiting) == Standing(status, f"{said} {then}")


def test_another_model_replaces_it(waiting: Waiting) -> None:
    deployed = approve_case(waiting.opened, waiting.ours)
    other = waiting.opened.cases.get(waiting.other).challenger
    assert other is not None
    move(waiting.opened, "99", other.digest)
    said = f"{APPROVED} {deployed.version} was deployed, and was replaced since: version 99 serves"
    assert stands(waiting) == Standing("approved, replaced since", said)


def test_a_rejection_and_what_waited_too_long(waiting: Waiting) -> None:
    assert isinstance(waiting.opened.clock, Clock)
    version = waiting.case.challenger.version if waiting.case.challenger else ""
    waiting.opened.clock.advance(hours=72)
    expired = stands(waiting)
    assert (expired.status, expired.expired) == ("expired", True)
    assert expired.headline.endswith(f"UTC: version {version} can no longer be approved")
    reject(waiting.opened, waiting.ours, DECISION)
    assert stands(waiting) == Standing("rejected", f"Rejected by Ada on 2026-11-21 14:00 UTC: version {version} was not deployed")


def test_a_hostile_name_is_one_printable_line(waiting: Waiting) -> None:
    reject(waiting.opened, waiting.ours, DECISION.model_copy(update={"reviewer": "A\x1b[2J\nB" + "x" * 500}))
    headline = stands(waiting).headline
    assert headline.isprintable()
    assert len(headline) < 200


@pytest.mark.slow
def test_the_terminal_says_it_and_a_pipe_keeps_the_reports_bytes(waiting: Waiting) -> None:
    deployed = approve_case(waiting.opened, waiting.ours)
    drawn = at_a_terminal(command(waiting, "show"), {})
    assert f"{APPROVED} {deployed.version} was deployed, and serves" in drawn.shown
    assert "challenger waits for approval" not in drawn.shown
    root = str(waiting.opened.workspace.root)
    piped = subprocess.run(command(waiting, "show"), capture_output=True, cwd=ROOT, timeout=PATIENCE_SECONDS)
    assert piped.stdout.rstrip(b"\n") == waiting.report.read_bytes().rstrip(b"\n")
    assert f"Since this report was written: {APPROVED} {deployed.version}" in piped.stderr.decode()
    listed = at_a_terminal([*CHURNOPS, "reports", "list", "--workspace", root], {})
    assert "approved, serves" in listed.shown
