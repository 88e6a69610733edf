"""Approvals cut off or at the same time: one challenger is deployed once, and what was begun is completed by the next command."""

import json
import subprocess
import sys
from typing import Any

import pytest

from pipeline.errors import ChurnopsError, IntegrityError
from pipeline.record.approvers import confirmed
from pipeline.record.champion import open_champion, require_champion
from pipeline.record.ledger import MOVES
from pipeline.record.mlflow_mirror import champion_version
from reports.decisions.approval import approve, draft_approval
from reports.decisions.recovery import recover
from reports.decisions.rollback import draft_rollback, roll_back
from reports.decisions.verification import verify
from tests.checkout import ROOT
from tests.reports.waiting import DECISION, Waiting, approve_case, roll_back_to, snapshot

# Where the power goes: after the ledger's rows, before the pointer, after the pointer, after MLflow's alias.
CUTS = [
    "reports.decisions.approval.finish_move",
    "reports.decisions.promotion.write_atomically",
    "pipeline.record.mlflow_mirror.set_champion",
    "pipeline.record.mlflow_mirror.note_mirrored",
]
NAMES = ["after the rows", "before the pointer", "after the pointer", "after the alias"]


class PowerCut(BaseException):
    """The process ends here."""


def cut_at(monkeypatch: pytest.MonkeyPatch, place: str, waiting: Waiting, case_id: str) -> None:
    """Approve, and have it end at `place`."""

    def cut(*_: Any, **__: Any) -> None:
        raise PowerCut

    with monkeypatch.context() as patched:
        patched.setattr(place, cut)
        with pytest.raises(PowerCut):
            approve_case(waiting.opened, case_id)


def deployed_once(waiting: Waiting, case_id: str) -> None:
    """The case's challenger serves, by one approval and one deployment."""
    case = waiting.opened.cases.get(case_id)
    assert case.challenger is not None
    champion = require_champion(waiting.opened.workspace, waiting.opened.ledger)
    assert (case.status, champion.digest) == ("approved", case.challenger.digest)
    assert [kind for kind in waiting.kinds() if kind in {"approved", "deployed"}] == ["deployed", "approved", "deployed"]
    assert champion_version(waiting.opened.workspace) == champion.version
    mirrored = [json.loads(line)["seq"] for line in waiting.opened.workspace.ledger_mirror.read_text().splitlines()]
    assert mirrored == [entry.seq for entry in waiting.opened.ledger.entries()]


@pytest.mark.parametrize("place", CUTS, ids=NAMES)
def test_an_approval_cut_off_is_completed_once_by_the_next_command(waiting: Waiting, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    cut_at(monkeypatch, place, waiting, waiting.ours)
    require_champion(waiting.opened.workspace, waiting.opened.ledger)  # something serves all the while
    recover(waiting.opened)
    deployed_once(waiting, waiting.ours)
    assert recover(waiting.opened) == ()
    with pytest.raises(ChurnopsError, match=r"waits for no approval \(status: approved\)"):
        approve_case(waiting.opened, waiting.ours)
    deployed_once(waiting, waiting.ours)


@pytest.mark.parametrize("place", CUTS[:3], ids=NAMES[:3])
def test_after_an_approval_was_cut_off_no_other_replaces_the_same_champion(
    waiting: Waiting, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    cut_at(monkeypatch, place, waiting, waiting.ours)
    with pytest.raises(ChurnopsError, match="The champion moved"):
        approve_case(waiting.opened, waiting.other)
    recover(waiting.opened)
    deployed_once(waiting, waiting.ours)


def test_a_cut_before_anything_was_recorded_leaves_everything_as_it_was(waiting: Waiting, monkeypatch: pytest.MonkeyPatch) -> None:
    before = snapshot(waiting)
    cut_at(monkeypatch, "pipeline.record.ledger.Ledger.append_in", waiting, waiting.ours)
    assert snapshot(waiting) == before


def test_bytes_changed_while_an_approval_was_cut_off_never_serve_and_rolling_back_is_the_way_out(
    waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = require_champion(waiting.opened.workspace, waiting.opened.ledger)
    cut_at(monkeypatch, "reports.decisions.promotion.write_atomically", waiting, waiting.ours)
    pointer = waiting.opened.workspace.champion_pointer.read_bytes()
    with (waiting.artifact / "metrics.json").open("a") as stream:
        stream.write(" ")
    with pytest.raises(IntegrityError, match="was changed"):
        recover(waiting.opened)
    with pytest.raises(IntegrityError, match="was changed"):
        open_champion(waiting.opened)
    assert waiting.opened.workspace.champion_pointer.read_bytes() == pointer
    record = draft_rollback(waiting.opened, None, DECISION)
    assert roll_back(waiting.opened, record, confirmed(record)).champion.digest == before.digest
    assert open_champion(waiting.opened)[1].digest == before.digest


def test_where_mlflow_can_not_be_written_the_champion_moves_and_the_alias_follows_later(
    waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("no space left")

    before = champion_version(waiting.opened.workspace)
    record = draft_approval(waiting.opened, waiting.ours, DECISION)
    with monkeypatch.context() as patched:
        patched.setattr("pipeline.record.mlflow_mirror.set_champion", fail)
        done = approve(waiting.opened, record, confirmed(record))
        assert done.warning is not None and "MLflow's alias does not follow yet" in done.warning
        assert waiting.case.status == "approved"
        assert recover(waiting.opened) == (done.warning,)
    assert champion_version(waiting.opened.workspace) == before
    assert recover(waiting.opened) == ()
    deployed_once(waiting, waiting.ours)


@pytest.mark.parametrize("cases", ["the same case", pytest.param("two cases of one champion", marks=pytest.mark.slow)])
def test_of_two_processes_that_approve_at_once_one_deploys(waiting: Waiting, cases: str) -> None:
    ids = [waiting.ours, waiting.ours if cases == "the same case" else waiting.other]
    command = [sys.executable, "-m", "tests.reports.approve_at_once", str(waiting.opened.workspace.root), *ids]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert ended.stderr == ""
    answers = {words[1]: words[0] for words in (line.split() for line in ended.stdout.splitlines())}
    assert sorted(answers) == ["deployed:", "refused:"], ended.stdout
    deployed_once(waiting, answers["deployed:"])
    assert len([case for case in waiting.opened.cases.all() if case.status == "approved"]) == 1


def moves(waiting: Waiting) -> list[str]:
    return [f"{entry.kind} {entry.body['version']}" for entry in waiting.opened.ledger.entries() if entry.kind in MOVES]


@pytest.mark.parametrize("place", CUTS[:3], ids=NAMES[:3])
def test_a_rollback_after_an_approval_was_cut_off_undoes_it_whole(waiting: Waiting, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    before = require_champion(waiting.opened.workspace, waiting.opened.ledger)
    cut_at(monkeypatch, place, waiting, waiting.ours)
    assert roll_back_to(waiting.opened, None).digest == before.digest
    recover(waiting.opened)
    assert [move.partition(" ")[0] for move in moves(waiting)] == ["deployed", "deployed", "rolled_back"]
    assert (waiting.case.status, verify(waiting.opened).problems) == ("approved", ())
    assert champion_version(waiting.opened.workspace) == before.version


@pytest.mark.parametrize("place", CUTS[:3], ids=NAMES[:3])
def test_an_approval_after_a_rollback_was_cut_off_knows_what_serves(waiting: Waiting, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    approve_case(waiting.opened, waiting.other)

    def cut(*_: Any, **__: Any) -> None:
        raise PowerCut

    with monkeypatch.context() as patched:
        patched.setattr(place, cut)
        with pytest.raises(PowerCut):
            roll_back_to(waiting.opened, None)
    # The first champion serves again, as the ledger says, and it is the one that the other challenger was compared with.
    recover(waiting.opened)
    champion = approve_case(waiting.opened, waiting.ours)
    assert [move.partition(" ")[0] for move in moves(waiting)] == ["deployed", "deployed", "rolled_back", "deployed"]
    assert champion == require_champion(waiting.opened.workspace, waiting.opened.ledger)
    assert verify(waiting.opened).ok


@pytest.mark.slow
def test_of_an_approval_and_a_rollback_at_once_one_moves_the_champion(waiting: Waiting) -> None:
    first = require_champion(waiting.opened.workspace, waiting.opened.ledger)
    second = approve_case(waiting.opened, waiting.other)
    assert roll_back_to(waiting.opened, None).digest == first.digest
    command = [
        sys.executable,
        "-m",
        "tests.reports.approve_at_once",
        str(waiting.opened.workspace.root),
        waiting.ours,
        f"={second.version}",
    ]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert ended.stderr == ""
    answers = dict(line.split()[:2] for line in ended.stdout.splitlines())
    assert sorted(answers.values()) == ["deployed:", "refused:"], ended.stdout
    assert len(moves(waiting)) == 4
    assert waiting.case.status == ("approved" if answers[waiting.ours] == "deployed:" else "pending_approval")
    recover(waiting.opened)
    assert verify(waiting.opened).ok
    assert champion_version(waiting.opened.workspace) == require_champion(waiting.opened.workspace, waiting.opened.ledger).version
