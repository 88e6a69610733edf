"""An approval is bound to bytes: whatever was changed since the report was written is refused, and nothing moves."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import pytest

from pipeline.atomic_files import digest_of_file, write_atomically
from pipeline.errors import ChurnopsError, IntegrityError
from pipeline.record.approvers import confirmed
from pipeline.workspace.policy import load_policy
from prompts import policy_text
from reports.decisions.approval import approve, draft_approval
from reports.decisions.rollback import draft_rollback, roll_back
from tests.reports.waiting import DECISION, Waiting, approve_case, move, snapshot

Change = Callable[[Waiting], object]


def refused(waiting: Waiting) -> str:
    """What approving said; nothing may have changed."""
    before = snapshot(waiting)
    with pytest.raises(ChurnopsError) as error:
        approve_case(waiting.opened, waiting.ours)
    assert snapshot(waiting) == before
    assert "approved" not in waiting.kinds()
    return str(error.value)


def sql(waiting: Waiting, statement: str, *values: object) -> None:
    """Write to the state database behind our back."""
    with closing(sqlite3.connect(waiting.opened.workspace.state_db)) as connection, connection:
        assert connection.execute(statement, values).rowcount == 1


def reported_row(waiting: Waiting) -> int:
    """Number of the ledger's row on the report."""
    return next(entry.seq for entry in waiting.opened.ledger.entries(waiting.ours) if entry.kind == "reported")


def flip_a_byte_of_the_report(waiting: Waiting) -> None:
    content = bytearray(waiting.report.read_bytes())
    place = content.index(b"ROC-AUC")
    content[place] ^= 1
    waiting.report.write_bytes(content)


def add_a_line_to_the_report(waiting: Waiting) -> None:
    with waiting.report.open("a") as stream:
        stream.write("\n")


def delete_the_report(waiting: Waiting) -> None:
    waiting.report.unlink()


def flip_a_byte_of_the_model(waiting: Waiting) -> None:
    path = waiting.artifact / "model" / "model.pkl"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def better_the_metrics(waiting: Waiting) -> None:
    path = waiting.artifact / "metrics.json"
    path.write_text(path.read_text().replace('"churners": ', '"churners": 1'))


def add_a_file_to_the_artifact(waiting: Waiting) -> None:
    (waiting.artifact / "model" / "sitecustomize.py").write_text("")


def remove_a_file_of_the_artifact(waiting: Waiting) -> None:
    (waiting.artifact / "reference.parquet").unlink()


def link_into_the_artifact(waiting: Waiting) -> None:
    path = waiting.artifact / "metrics.json"
    path.rename(waiting.opened.workspace.home / "metrics.json")
    path.symlink_to(waiting.opened.workspace.home / "metrics.json")


def delete_the_artifact(waiting: Waiting) -> None:
    shutil.rmtree(waiting.artifact)


def remove_the_ledgers_row_on_the_report(waiting: Waiting) -> None:
    sql(waiting, "DELETE FROM ledger WHERE seq = ?", reported_row(waiting))


def give_the_row_another_report(waiting: Waiting) -> None:
    body = {"report": "e" * 64, "status": "pending_approval", "action": "retrain"}
    sql(waiting, "UPDATE ledger SET body = ? WHERE seq = ?", json.dumps(body), reported_row(waiting))


def give_the_row_another_case(waiting: Waiting) -> None:
    sql(waiting, "UPDATE ledger SET case_id = 'another' WHERE seq = ?", reported_row(waiting))


def rewrite_report_case_and_row(waiting: Waiting) -> None:
    """Everything but the hash of the row, which whoever does this would have to forge as well, and all that follow."""
    flip_a_byte_of_the_report(waiting)
    forged = digest_of_file(waiting.report)
    recorded = waiting.case.report
    assert recorded is not None
    for table, key, value in (("ledger", "seq", reported_row(waiting)), ("cases", "case_id", waiting.ours)):
        sql(waiting, f"UPDATE {table} SET body = replace(body, ?, ?) WHERE {key} = ?", recorded.sha256, forged, value)


def swap_the_challenger_for_the_other_cases(waiting: Waiting) -> None:
    ours, other = waiting.case.challenger, waiting.opened.cases.get(waiting.other).challenger
    assert ours is not None
    assert other is not None
    sql(waiting, "UPDATE cases SET body = replace(body, ?, ?) WHERE case_id = ?", ours.digest, other.digest, waiting.ours)


def give_the_challenger_another_version(waiting: Waiting) -> None:
    challenger = waiting.case.challenger
    assert challenger is not None
    body = waiting.case.model_dump(mode="json")
    body["challenger"]["version"] = "99"
    sql(waiting, "UPDATE cases SET body = ? WHERE case_id = ?", json.dumps(body), waiting.ours)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (flip_a_byte_of_the_report, ("was changed after it was written", "backup")),
        (add_a_line_to_the_report, ("was changed after it was written", "backup")),
        (delete_the_report, ("is gone", "backup")),
        (flip_a_byte_of_the_model, ("The model", "was changed")),
        (better_the_metrics, ("The model", "was changed")),
        (add_a_file_to_the_artifact, ("The model", "was changed")),
        (remove_a_file_of_the_artifact, ("The model", "was changed")),
        (link_into_the_artifact, ("The model", "was changed")),
        (delete_the_artifact, ("The model", "was deleted")),
        (remove_the_ledgers_row_on_the_report, ("of the ledger is missing",)),
        (give_the_row_another_report, ("ledger",)),
        (give_the_row_another_case, ("of the ledger was changed after it was written",)),
        (rewrite_report_case_and_row, ("of the ledger was changed after it was written",)),
        (swap_the_challenger_for_the_other_cases, ("training of the challenger", "is not on record")),
        (give_the_challenger_another_version, ("ledger does not know",)),
    ],
)
def test_what_changed_since_the_review_is_never_deployed(waiting: Waiting, change: Change, words: tuple[str, ...]) -> None:
    change(waiting)
    said = refused(waiting)
    for word in words:
        assert word in said


@pytest.mark.parametrize("change", [flip_a_byte_of_the_report, delete_the_report, flip_a_byte_of_the_model, delete_the_artifact])
def test_bytes_are_checked_at_the_draft_and_once_more_at_the_deployment(waiting: Waiting, change: Change) -> None:
    record = draft_approval(waiting.opened, waiting.ours, DECISION)  # it may be signed on another machine, days before
    change(waiting)
    before = snapshot(waiting)
    with pytest.raises(IntegrityError):
        draft_approval(waiting.opened, waiting.ours, DECISION)
    with pytest.raises(IntegrityError):
        approve(waiting.opened, record, confirmed(record))
    assert snapshot(waiting) == before


def test_a_mirror_that_is_not_the_ledgers_is_refused_before_anything_is_recorded(waiting: Waiting) -> None:
    mirror = waiting.opened.workspace.ledger_mirror
    *lines, last = mirror.read_text().splitlines()
    mirror.write_text("\n".join([*lines, last.replace(json.loads(last)["hash"], "0" * 64), ""]))
    assert "The ledger and its mirror differ" in refused(waiting)


def test_a_case_put_back_to_waiting_is_not_approved_twice_though_the_same_champion_serves_again(waiting: Waiting) -> None:
    approve_case(waiting.opened, waiting.ours)
    back = draft_rollback(waiting.opened, None, DECISION)
    roll_back(waiting.opened, back, confirmed(back))
    again = {**waiting.case.model_dump(mode="json"), "status": "pending_approval", "decision": None}
    sql(waiting, "UPDATE cases SET status = 'pending_approval', body = ? WHERE case_id = ?", json.dumps(again), waiting.ours)
    before = snapshot(waiting)
    with pytest.raises(IntegrityError, match="was approved once"):
        approve_case(waiting.opened, waiting.ours)
    assert snapshot(waiting) == before


def test_metrics_of_the_case_that_are_not_the_trainings_are_refused(waiting: Waiting) -> None:
    body = waiting.case.model_dump(mode="json")
    body["challenger"]["metrics"]["roc_auc"]["value"] = 0.99
    sql(waiting, "UPDATE cases SET body = ? WHERE case_id = ?", json.dumps(body), waiting.ours)
    assert "The metrics of case" in refused(waiting)


def test_a_policy_that_changed_since_the_report_is_refused(waiting: Waiting) -> None:
    stricter = replace(waiting.opened, policy=load_policy(policy_text(), {"gate": {"min_roc_auc": 0.99}}))
    with pytest.raises(ChurnopsError, match="The policy changed since the report"):
        draft_approval(stricter, waiting.ours, DECISION)


def test_a_champion_that_moved_since_is_refused(waiting: Waiting) -> None:
    other = waiting.opened.cases.get(waiting.other).challenger
    assert other is not None
    move(waiting.opened, other.version, other.digest)
    assert "The champion moved since this report" in refused(waiting)


def test_a_pointer_moved_by_hand_is_refused(waiting: Waiting) -> None:
    other = waiting.opened.cases.get(waiting.other).challenger
    assert other is not None
    pointer = waiting.opened.workspace.champion_pointer
    forged = {**json.loads(pointer.read_text()), "digest": other.digest}
    write_atomically(pointer, json.dumps(forged).encode())
    before = snapshot(waiting)
    with pytest.raises(IntegrityError, match="moved the pointer by hand"):
        approve_case(waiting.opened, waiting.ours)
    assert snapshot(waiting) == before


def test_what_was_put_back_as_it_was_can_be_approved(waiting: Waiting) -> None:
    content = waiting.report.read_bytes()
    flip_a_byte_of_the_report(waiting)
    refused(waiting)
    waiting.report.write_bytes(content)
    champion = approve_case(waiting.opened, waiting.ours)
    assert waiting.kinds(waiting.ours)[-2:] == ["approved", "deployed"]
    assert champion.digest == waiting.artifact.name
