"""What [retention] no longer keeps: found, so that a person can look first, and deleted. Never ledger, cases, reports, rulings or outcomes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from pipeline.clock import length_of
from pipeline.record.opened_workspace import Opened
from pipeline.state.pruning import OldRows, count, delete_rows, old_alerts, old_checks, old_predictions, old_serving_hours

Kept = Literal["predictions", "checks", "serving_hours", "alerts", "transcripts"]
_CLOSED = ("no_deploy_needed", "not_enough_data", "needs_people", "partial", "approved", "rejected", "superseded")


@dataclass(frozen=True)
class Old:
    """How many of a kind are from `before` what the settings keep."""

    what: Kept
    before: datetime
    number: int


def find_old(opened: Opened) -> tuple[Old, ...]:
    """Everything that `prune` would delete now, kinds that the settings limit alone."""
    found = [Old(what, before, count(opened.state, rows)) for what, before, rows in _rows(opened)]
    before = _before(opened, opened.settings.retention.transcripts)
    return (*found, *([Old("transcripts", before, len(_transcripts(opened, before)))] if before else []))


def prune(opened: Opened) -> tuple[Old, ...]:
    """Delete it; says what was deleted.

    Raises:
        WorkspaceError: the state database does not answer.
        OSError: a transcript cannot be deleted.
    """
    found = [Old(what, before, delete_rows(opened.state, rows)) for what, before, rows in _rows(opened)]
    before = _before(opened, opened.settings.retention.transcripts)
    if before is None:
        return tuple(found)
    old = _transcripts(opened, before)
    for transcript in old:
        transcript.unlink(missing_ok=True)
        if opened.workspace.shared is not None:
            opened.workspace.shared.delete(f"transcripts/{transcript.name}")
    return (*found, Old("transcripts", before, len(old)))


def _rows(opened: Opened) -> Iterator[tuple[Kept, datetime, OldRows]]:
    kept = opened.settings.retention
    if before := _before(opened, kept.predictions):
        yield "predictions", before, old_predictions(before)
    if before := _before(opened, kept.checks):
        yield "checks", before, old_checks(before)
        yield "serving_hours", before, old_serving_hours(before)
    if before := _before(opened, kept.alerts):
        yield "alerts", before, old_alerts(before)


def _before(opened: Opened, length: str) -> datetime | None:
    span = length_of(length) if length else None
    return None if span is None else opened.clock() - span


def _transcripts(opened: Opened, before: datetime) -> list[Path]:
    """Of cases that were closed before then; one that goes on, or waits for a decision, is read again."""
    closed = [case for case in opened.cases.all() if case.status in _CLOSED and case.closed_at is not None and case.closed_at < before]
    files = [opened.workspace.transcripts / f"{case.case_id}.jsonl" for case in closed]
    elsewhere = opened.workspace.shared.names("transcripts") if opened.workspace.shared is not None else ()
    return [file for file in files if file.is_file() or f"transcripts/{file.name}" in elsewhere]
