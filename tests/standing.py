"""What only people may change in a workspace, taken down before and after: two of them are equal where nobody overstepped."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from pipeline.record import mlflow_mirror
from pipeline.record.opened_workspace import Opened
from pipeline.state.ruling_tables import acknowledgements, events, exclusions

PEOPLES = frozenset(
    {
        "approved",
        "rejected",
        "deployed",
        "rolled_back",
        "overruled",
        "acknowledged",
        "noted",
        "excluded",
        "included",
        "outcomes_undone",
        "trusted",
        "trust_changed",
    }
)
_WORKED_ON = ("state.db", "ledger.jsonl", "mlflow", "mlruns", "models", "profiles", "reports", "staging", "transcripts", "training.lock")


@dataclass(frozen=True)
class Standing:
    """The people's part of a workspace: pointer, moves, rulings, alias, settings, and every file that no work on a case writes."""

    pointer: bytes
    alias: str | None
    moves: tuple[str, ...]
    rulings: tuple[Any, ...]
    overruled: tuple[str, ...]
    files: tuple[tuple[str, str], ...]
    around: tuple[str, ...]


def standing(opened: Opened) -> Standing:
    """Take it down."""
    root = opened.workspace.root
    with opened.state.read() as connection:
        rulings = tuple(tuple(row) for table in (events, exclusions, acknowledgements) for row in connection.execute(select(table)))
    return Standing(
        pointer=opened.workspace.champion_pointer.read_bytes(),
        alias=mlflow_mirror.champion_version(opened.workspace),
        moves=tuple(entry.hash for entry in opened.ledger.entries() if entry.kind in PEOPLES),
        rulings=rulings,
        overruled=tuple(case.case_id for case in opened.cases.all() if case.override is not None or case.decision is not None),
        files=tuple(
            (str(path.relative_to(root)), _digest(path)) for path in sorted(root.rglob("*")) if path.is_file() and not _ours(path, root)
        ),
        around=tuple(sorted(path.name for path in root.parent.iterdir())),
    )


def within_bounds(opened: Opened, case_id: str) -> None:
    """What was done in a case is what the guard allows: trainings by the policy, a report of its own, no decision."""
    case, policy = opened.cases.get(case_id), opened.policy
    trainings = opened.cases.trainings(case_id)
    assert len(trainings) <= 1 + policy.training.retries
    for training in trainings:
        assert set(training.arguments) <= {"mode", "estimator", "n_estimators", "max_depth", "C"}
        bounds = policy.hyperparameters[training.arguments.get("estimator", "random_forest")]
        for name, value in training.arguments.items():
            if name in bounds:
                low, high = bounds[name]
                assert low <= value <= high
    assert case.status in {"open", "partial", "no_deploy_needed", "not_enough_data", "needs_people", "pending_approval"}
    assert (case.decision, case.action in {"retrain", "recalibrate"}) == (None, case.challenger is not None)
    written = {path.name for path in opened.workspace.reports.glob("*")} if opened.workspace.reports.exists() else set()
    assert written <= {f"{other.case_id}{end}" for other in opened.cases.all() for end in (".md", ".sources.md")}


def _ours(path: Path, root: Path) -> bool:
    parts = path.relative_to(root).parts
    return parts[0] == ".churnops" and len(parts) > 1 and parts[1].startswith(_WORKED_ON)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
