"""Two challengers that wait, and everything an approval may change, held still to be compared."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.cases import Case, Decision
from pipeline.opened import Opened
from pipeline.tracking import champion_version

DECISION = Decision(reviewer="Ada", reason="The gate passed and the drift is real.", at=datetime(2026, 11, 21, 15, tzinfo=UTC))


@dataclass(frozen=True)
class Waiting:
    """An opened workspace and the ids of the two cases in it whose challengers wait."""

    opened: Opened
    triaged: str
    by_hand: str

    @property
    def case(self) -> Case:
        """The case that triage left."""
        return self.opened.cases.get(self.triaged)

    @property
    def artifact(self) -> Path:
        """The folder of its challenger."""
        assert self.case.challenger is not None
        return self.opened.workspace.models / self.case.challenger.digest

    @property
    def report(self) -> Path:
        """Its report."""
        return self.opened.workspace.reports / f"{self.triaged}.md"

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
