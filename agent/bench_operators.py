"""Operators as the benchmark asks them: the diagnosis in process, or a full case over the same loop, tools and files as any other."""

import shutil
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pipeline.diagnosis.finding import Family
from pipeline.errors import ChurnopsError
from pipeline.workspace.policy import Policy
from pipeline.workspace.value_settings import ValueSettings

if TYPE_CHECKING:
    from agent.case.triage import Outcome
    from agent.conversation.messages import Operator
    from pipeline.benchmark.instance import Answer
    from pipeline.benchmark.world import Exhibit
    from pipeline.models.artifact import Artifact
    from pipeline.record.opened_workspace import Opened
    from pipeline.workspace.folder import Workspace

_CURRENT, _OUTCOMES, _REFERENCE = "current.csv", "outcomes.csv", "reference.csv"


@dataclass(frozen=True)
class Diagnosing:
    """The deterministic diagnosis, without the families of findings in `without`."""

    policy: Policy
    value: ValueSettings
    without: Collection[Family] = ()

    def __call__(self, exhibit: "Exhibit") -> "Answer":
        """What the diagnosis says of the exhibit."""
        from pipeline.benchmark.instance import Answer
        from pipeline.diagnosis.diagnose import diagnose
        from pipeline.diagnosis.observed import observe
        from pipeline.windows.baseline import baseline_of

        found = diagnose(
            observe(exhibit.champion, baseline_of(exhibit.champion), exhibit.window()), self.policy, self.without, value=self.value
        )
        return Answer.of(found)


@dataclass(frozen=True)
class FullCase:
    """A whole triage on files in a workspace of its own, where the champion serves. `templates` is a folder to prepare workspaces in."""

    operator: Literal["rulebook", "claude"]
    policy_text: str
    templates: Path

    def __call__(self, exhibit: "Exhibit") -> "Answer":
        """What the operator's report says of the exhibit.

        Raises:
            ChurnopsError: the case did not come to a decision.
        """
        from pipeline.benchmark.instance import Answer

        with tempfile.TemporaryDirectory() as place:
            root = Path(place) / "workspace"
            shutil.copytree(_workspace_of(exhibit.champion, self.templates, self.policy_text), root)
            done = self._triage(exhibit, root)
        if done.action is None:
            raise ChurnopsError(f"The case ended without a decision ({done.stopped}).", done.failure or "See the operator's settings.")
        found = done.diagnosis
        mode = done.mode if done.mode in ("combined", "recent", "recalibrate") else None
        return Answer.model_validate(
            {
                "cause": found.cause if found else "unsure",
                "column": found.column if found else None,
                "action": done.action,
                "mode": mode,
                "rule": found.rule if found else None,
                "confidence": found.confidence if found else None,
            }
        )

    def _triage(self, exhibit: "Exhibit", root: Path) -> "Outcome":
        import anyio

        from agent.case.triage import triage
        from pipeline.benchmark.world import DAYS, START
        from pipeline.intake.windows import file_window
        from pipeline.record.opened_workspace import open_workspace

        current, outcomes = _write(exhibit, root)
        now = START + timedelta(days=2 * DAYS)
        opened = open_workspace(root, self.policy_text, lambda: now)
        try:
            return anyio.run(
                triage,
                opened,
                lambda champion, baseline: file_window(opened, baseline, current, outcomes),
                self._operator(opened),
                None,
                lambda event: None,
            )
        finally:
            opened.state.close()

    def _operator(self, opened: "Opened") -> "Operator":
        if self.operator == "rulebook":
            from agent.operators.rulebook import Rulebook

            return Rulebook(opened.policy)
        from agent.case.briefing import system_prompt
        from agent.operators.claude import Claude

        return Claude(opened.settings.operator, system_prompt(opened.policy))


def _write(exhibit: "Exhibit", root: Path) -> tuple[Path, Path | None]:
    """The exhibit as the files a team would bring; no file of outcomes where none is known."""
    columns, known = exhibit.columns, exhibit.outcomes
    exhibit.rows.to_csv(root / _CURRENT, index=False)
    if known.empty:
        return root / _CURRENT, None
    words = {1: columns.positive, 0: f"not {columns.positive}"}
    named = known.rename(columns={str(columns.time): "predicted_at"})
    named.assign(**{columns.target: named[columns.target].map(words)}).to_csv(root / _OUTCOMES, index=False)
    return root / _CURRENT, root / _OUTCOMES


def _workspace_of(champion: "Artifact", templates: Path, policy_text: str) -> Path:
    """A workspace in which the champion serves; made once."""
    from pipeline.workspace.folder import Workspace

    made = templates / f"workspace-{champion.digest}"
    if made.exists():
        return made
    with tempfile.TemporaryDirectory(dir=templates) as place:
        root = Path(place) / "workspace"
        root.mkdir()
        _furnish(Workspace(root), champion, policy_text)
        try:
            root.rename(made)
        except OSError:  # another process was quicker
            if not made.exists():
                raise
    return made


def _furnish(workspace: "Workspace", champion: "Artifact", policy_text: str) -> None:
    from pipeline.atomic_files import digest_of_file
    from pipeline.measures.measure import GateResult
    from pipeline.record import mlflow_mirror
    from pipeline.record.opened_workspace import open_workspace
    from pipeline.workspace.data_settings import DataSettings
    from pipeline.workspace.settings_file import render_settings
    from reports.decisions.promotion import finish_move, mirror_champion, record_move

    manifest, table = champion.manifest, workspace.root / _REFERENCE
    champion.reference().to_csv(table, index=False)
    data = DataSettings(file=_REFERENCE, sha256=digest_of_file(table), **manifest.columns.model_dump(exclude_none=True))
    # The floor is a matter of the table, and here no table's fault: a champion below it would never get a successor.
    floor = max(0.5, round(champion.metrics.roc_auc.value - 0.1, 2))
    workspace.settings_file.write_text(f"{render_settings(data)}gate.min_roc_auc = {floor}\n", encoding="utf-8")
    opened = open_workspace(workspace.root, policy_text, lambda: manifest.trained_at)
    shutil.copytree(champion.path, workspace.models / champion.digest)
    passed = GateResult(passed=True, checks=())
    run = mlflow_mirror.log_run(workspace, manifest=manifest, metrics=champion.metrics, comparison=None, gate=passed, case_id=None)
    version = mlflow_mirror.register(workspace, run, champion)
    with opened.state.write() as connection:
        record_move(
            connection, opened.ledger, "deployed", version=version, digest=champion.digest, after=None, case_id=None,
            at=manifest.trained_at, record={"benchmark": True},
        )  # fmt: skip
    opened.ledger.catch_up()
    mirror_champion(opened, finish_move(opened))
    opened.state.close()
