"""Two challengers that wait, and everything an approval may change, held still to be compared."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from pipeline.record.approvers import confirmed
from pipeline.record.cases import Case, Decision
from pipeline.record.champion import Champion, require_champion
from pipeline.record.mlflow_mirror import champion_version
from pipeline.record.opened_workspace import Opened
from reports.decisions.approval import approve, draft_approval
from reports.decisions.promotion import finish_move, record_move
from reports.decisions.rollback import draft_rollback, roll_back
from tests.conftest import NOON

LATER = NOON + timedelta(hours=2)
DECISION = Decision(reviewer="Ada", reason="The gate passed and the drift is real.", at=LATER)


def approve_case(opened: Opened, case_id: str, decision: Decision = DECISION) -> Champion:
    """What `churnops reports approve` does after the person confirmed."""
    record = draft_approval(opened, case_id, decision)
    return approve(opened, record, confirmed(record)).champion


def roll_back_to(opened: Opened, version: str | None) -> Champion:
    """What `churnops rollback` does after the person confirmed."""
    record = draft_rollback(opened, version, DECISION)
    return roll_back(opened, record, confirmed(record)).champion


@dataclass(frozen=True)
class Waiting:
    """An opened workspace and the ids of the two cases in it whose challengers wait."""

    opened: Opened
    ours: str
    other: str

    @property
    def case(self) -> Case:
        """The case that the tests work on."""
        return self.opened.cases.get(self.ours)

    @property
    def artifact(self) -> Path:
        """The folder of its challenger."""
        assert self.case.challenger is not None
        return self.opened.workspace.models / self.case.challenger.digest

    @property
    def report(self) -> Path:
        """Its report."""
        return self.opened.workspace.reports / f"{self.ours}.md"

    def kinds(self, case_id: str | None = None) -> list[str]:
        """Kinds of the ledger's rows in order, of one case or of all."""
        return [entry.kind for entry in self.opened.ledger.entries(case_id)]


def snapshot(waiting: Waiting) -> dict[str, Any]:
    """What an approval moves: pointer, ledger and its mirror, cases, MLflow's alias."""
    workspace = waiting.opened.workspace
    return {
        "pointer": workspace.champion_pointer.read_bytes(),
        "ledger": waiting.opened.ledger.entries(),
        "mirror": workspace.ledger_mirror.read_bytes(),
        "cases": waiting.opened.cases.all(),
        "alias": champion_version(workspace),
    }


def move(opened: Opened, version: str, digest: str) -> Champion:
    """Another model serves from now on, by whatever way."""
    champion = require_champion(opened.workspace, opened.ledger)
    told = {"version": version, "digest": digest, "after": champion.ledger_hash, "case_id": None, "at": opened.clock(), "record": {}}
    with opened.state.write() as connection:
        record_move(connection, opened.ledger, "deployed", **told)
    opened.ledger.catch_up()
    return finish_move(opened)


def waiting_in(opened: Opened) -> Waiting:
    """The two cases, the older one ours."""
    other, ours = (case.case_id for case in opened.cases.all())
    return Waiting(opened, ours=ours, other=other)
