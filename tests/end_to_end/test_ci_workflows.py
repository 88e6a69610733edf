"""The workflows that `init --ci github` writes, their steps executed one by one in a sample repository. Only what leaves the machine is stood in
for: pip's install, docker, gh."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.setup.github_workflows import write_workflows
from pipeline.errors import ChurnopsError
from pipeline.record.champion import open_champion
from pipeline.record.opened_workspace import Opened

STOOD_IN = ("docker", "gh", "pip")


@dataclass
class Runner:
    """Executes the `run` steps of a job as GitHub does: bash, a failing line ends the job, expressions filled in from `context`."""

    repository: Path
    context: Mapping[str, str] = field(default_factory=dict)
    seen: Path = field(init=False)

    def __post_init__(self) -> None:
        programs = self.repository.parent / "programs"
        programs.mkdir(exist_ok=True)
        self.seen = programs / "seen"
        for name in STOOD_IN:
            (programs / name).write_text(f'#!/bin/sh\necho "{name} $*" >> {self.seen}\n')
            (programs / name).chmod(0o755)

    def _filled(self, values: Mapping[str, Any]) -> dict[str, str]:
        return {name: re.sub(r"\$\{\{ *(.*?) *\}\}", lambda found: self.context[found[1]], str(value)) for name, value in values.items()}

    def job(self, file: str, name: str) -> list[tuple[str, int]]:
        """The name and exit code of each step, up to the first that failed."""
        job = yaml.safe_load((self.repository / ".github" / "workflows" / file).read_text())["jobs"][name]
        machine = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "CHURNOPS_"))}
        path = os.pathsep.join([str(self.seen.parent), str(Path(sys.executable).parent), os.environ["PATH"]])
        done: list[tuple[str, int]] = []
        for step in job["steps"]:
            if "run" not in step or (done and done[-1][1]):
                continue
            assert "${{" not in step["run"], "an expression in a script is how a title becomes a command"
            environment = {**machine, "PATH": path, **self._filled(job.get("env", {})), **self._filled(step.get("env", {}))}
            ran = subprocess.run(["bash", "-e", "-c", step["run"]], cwd=self.repository, env=environment, check=False, timeout=600)
            done.append((step["name"], ran.returncode))
        return done


def test_nothing_is_written_over(tmp_path: Path) -> None:
    first, _ = write_workflows(tmp_path)
    first.with_name("churn-monitor.yml").unlink()
    first.write_text("ours")
    with pytest.raises(ChurnopsError, match="is there already"):
        write_workflows(tmp_path)
    assert [path.name for path in first.parent.iterdir()] == [first.name] and first.read_text() == "ours"


@pytest.mark.soak  # families are searched
def test_a_proposed_change_is_trained_compared_and_kept(fresh: Opened, tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    repository.mkdir()
    for path in (fresh.workspace.settings_file, fresh.reference_file):  # what is under version control
        shutil.copy(path, repository)
    write_workflows(repository)
    runner = Runner(
        repository,
        {"github.token": "t", "github.event.pull_request.number": "7", "github.sha": "c0ffee", "github.repository": "team/churn"},
    )
    assert {code for _, code in runner.job("churn-model.yml", "evaluate")} == {0}
    told = (repository / "comparison.md").read_text()
    assert told.startswith("```\n") and "logistic" in told
    assert (repository / "evaluated.tgz").stat().st_size > 10_000
    assert {code for _, code in runner.job("churn-model.yml", "build")} == {0}
    seen = runner.seen.read_text()
    assert "gh pr comment 7 --body-file comparison.md" in seen and "docker push ghcr.io/team/churn:c0ffee" in seen


@pytest.mark.slow
def test_only_the_approved_model_is_rolled_out_and_the_nightly_check_deploys_nothing(trained: Opened, tmp_path: Path) -> None:
    root, digest = trained.workspace.root, open_champion(trained)[0].digest
    write_workflows(root)
    context = {
        "vars.CHURNOPS_WORKSPACE": str(root),
        "vars.CHURNOPS_ROLL_OUT": 'docker run "$IMAGE"',
        "secrets.CHURNOPS_DATABASE_URL": "",
        "github.repository": "team/churn",
        "inputs.commit": "c0ffee",
    }
    refused = Runner(root, {**context, "inputs.digest": "0" * 64})
    assert [code for _, code in refused.job("churn-model.yml", "deploy")] == [1]
    assert not refused.seen.exists()
    allowed = Runner(root, {**context, "inputs.digest": digest})
    assert [code for _, code in allowed.job("churn-model.yml", "deploy")] == [0, 0]
    assert allowed.seen.read_text() == "docker run ghcr.io/team/churn:c0ffee\n"
    # Nothing is logged yet: a check that failed fails its job.
    assert [code for _, code in allowed.job("churn-monitor.yml", "monitor")] == [1]
    assert open_champion(trained)[0].digest == digest
