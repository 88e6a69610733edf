"""A workspace is found from inside it, opened without touching what it cannot use, and works wherever it is moved or copied."""

import os
import shutil
from pathlib import Path

import pytest

from pipeline.errors import SettingsError, WorkspaceError
from pipeline.models.artifact import open_artifact
from pipeline.record.champion import open_champion, require_champion
from pipeline.record.mlflow_mirror import champion_version, log_run, register
from pipeline.record.opened_workspace import Opened, open_workspace
from pipeline.training.gate import judge
from pipeline.workspace.folder import Workspace, find_workspace
from prompts import policy_text


def everything_in(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*") if path.name != "state.db-shm"}


def reopen(opened: Opened) -> Opened:
    return open_workspace(opened.workspace.root, policy_text(), opened.clock)


def add_settings(opened: Opened, text: str) -> None:
    with opened.workspace.settings_file.open("a", encoding="utf-8") as file:
        file.write(text)


def test_it_is_found_from_any_folder_inside_it(fresh: Opened) -> None:
    inside = fresh.workspace.root / "notebooks" / "deep"
    inside.mkdir(parents=True)
    assert find_workspace(inside) == find_workspace(fresh.workspace.root) == fresh.workspace


def test_the_nearest_one_counts(fresh: Opened) -> None:
    inner = fresh.workspace.root / "inner"
    inner.mkdir()
    (inner / "churnops.toml").touch()
    assert find_workspace(inner).root == inner


def test_outside_of_one_the_error_says_how_to_begin(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match=r"No churnops\.toml in") as missing:
        find_workspace(tmp_path)
    assert "churnops init" in missing.value.next_step


def test_asking_for_its_paths_makes_nothing(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    paths = [path for name in vars(Workspace) if not name.startswith("_") and isinstance(path := getattr(workspace, name), Path)]
    assert len(paths) > 5
    assert all(path.is_relative_to(tmp_path) for path in paths)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_holds_settings_alone_is_a_new_workspace(fresh: Opened) -> None:
    assert fresh.workspace.state_db.is_file()
    assert fresh.cases.all() == ()
    assert [entry.kind for entry in fresh.ledger.entries()] == ["trusted"]


def test_a_workspace_that_lost_its_state_is_refused_not_begun_anew(trained: Opened) -> None:
    trained.state.close()
    trained.workspace.state_db.unlink()
    with pytest.raises(WorkspaceError, match="has no state database"):
        reopen(trained)
    assert not trained.workspace.state_db.exists()


@pytest.mark.parametrize("text", ["[policy]\ngate.min_auc = 0.5\n", "[training]\nseed = 1\n[training]\n"])
def test_settings_that_cannot_be_are_refused_before_anything_is_made(fresh: Opened, text: str) -> None:
    fresh.state.close()
    shutil.rmtree(fresh.workspace.home)
    add_settings(fresh, text)
    with pytest.raises(SettingsError):
        reopen(fresh)
    assert not fresh.workspace.home.exists()


def test_the_workspaces_overrides_lie_over_the_shipped_policy(fresh: Opened) -> None:
    add_settings(fresh, "gate.min_roc_auc = 0.7\n")
    policy = reopen(fresh).policy
    assert policy.gate.min_roc_auc == 0.7
    assert [override.name for override in policy.overrides] == ["gate.min_roc_auc"]


def test_a_read_only_workspace_is_refused_before_anything_is_computed(fresh: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    # The tests may run as root, whom no permission stops.
    monkeypatch.setattr(os, "access", lambda path, mode: not (path == fresh.workspace.home and mode == os.W_OK))
    with pytest.raises(WorkspaceError, match="is read-only"):
        reopen(fresh)


def test_a_moved_workspace_still_has_its_champion(trained: Opened, tmp_path: Path) -> None:
    champion = require_champion(trained.workspace, trained.ledger)
    trained.state.close()
    moved = trained.workspace.root.rename(tmp_path / "moved")
    opened = open_workspace(moved, policy_text(), trained.clock)
    assert open_champion(opened)[0] == champion
    assert champion_version(opened.workspace) == champion.version
    opened.state.close()


@pytest.mark.slow
def test_a_copied_workspace_registers_in_itself_and_not_where_it_came_from(trained: Opened, tmp_path: Path) -> None:
    """MLflow remembers where an experiment's files lie as an absolute path."""
    champion, _ = open_champion(trained)
    trained.state.close()
    shutil.copytree(trained.workspace.root, tmp_path / "copy")
    copy = Workspace(tmp_path / "copy")
    before = everything_in(trained.workspace.root)
    artifact = open_artifact(copy, champion.digest)
    gate = judge(artifact.metrics, None, None, trained.policy)
    for _ in range(2):
        run = log_run(copy, manifest=artifact.manifest, metrics=artifact.metrics, comparison=None, gate=gate, case_id=None)
        register(copy, run, artifact)
        assert (copy.home / "mlruns" / run).is_dir()
    assert everything_in(trained.workspace.root) == before
