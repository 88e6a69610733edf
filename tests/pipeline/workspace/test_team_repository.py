"""The commit of the team's repository is recorded, whether anything had changed since, and that git is not there."""

import shutil
import subprocess
from pathlib import Path

import pytest

from pipeline.workspace.team_repository import TeamRepository, team_repository

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=A Person", "-c", "user.email=person@example.org")
    return subprocess.run(["git", "-C", str(folder), *who, *words], capture_output=True, text=True, check=True).stdout.strip()


def test_the_commit_and_whether_anything_had_changed_since(tmp_path: Path) -> None:
    assert team_repository(tmp_path) == TeamRepository(missing="no_repository")
    git(tmp_path, "init", "-q")
    assert team_repository(tmp_path).missing == "no_commit"
    workspace = tmp_path / "churn"
    (workspace / ".churnops").mkdir(parents=True)
    (workspace / ".churnops" / "champion").write_text("1")
    (workspace / "prepare.py").write_text("print(1)\n")
    git(tmp_path, "add", "-A", "-f")
    git(tmp_path, "commit", "-q", "-m", "first")
    git(tmp_path, "remote", "add", "origin", "https://someone:secret@git.example.org/team/churn.git")
    clean = team_repository(workspace)
    assert clean == TeamRepository(commit=git(tmp_path, "rev-parse", "HEAD"), dirty=False, remote="https://git.example.org/team/churn.git")
    (workspace / ".churnops" / "champion").write_text("2")
    assert not team_repository(workspace).dirty  # ours
    (workspace / "prepare.py").write_text("print(2)\n")
    found = team_repository(workspace)
    assert found.dirty
    assert found.said == f"commit {found.commit[:12]} of https://git.example.org/team/churn.git, with changes that were not committed"  # type: ignore[index]


def test_no_program_that_the_repository_names_is_started(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "a").write_text("a")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "first")
    started = tmp_path / "started"
    program = tmp_path / "monitor"
    program.write_text(f"#!/bin/sh\ntouch {started}\n")
    program.chmod(0o755)
    git(tmp_path, "config", "core.fsmonitor", str(program))
    assert team_repository(tmp_path).commit is not None
    assert not started.exists()


def test_what_git_refuses_is_no_missing_repository_and_no_part_of_a_password_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "a").write_text("a")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "first")
    git(tmp_path, "remote", "add", "origin", "git+https://bot:p@ss@git.example.org/team/churn.git")
    assert team_repository(tmp_path).remote == "git+https://git.example.org/team/churn.git"
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "of a hook"))
    assert team_repository(tmp_path).commit is not None
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    assert team_repository(tmp_path).missing == "no_git"


def test_where_git_is_not_installed_that_is_on_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert team_repository(tmp_path).missing == "no_git"
    assert "git did not answer" in team_repository(tmp_path).said
