"""The team's own repository around a workspace: which commit a model was trained at, and whether files had changed since."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Literal

from pipeline.stored_record import StoredRecord

_PATIENCE_SECONDS = 5.0  # a status of a large repository on a slow disk; training waits for it once
# A repository's own settings may name programs that `status` starts; whoever trains does not mean to run them.
_QUIET = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")


class TeamRepository(StoredRecord):
    """What git said of the workspace's folder. `commit`: in hex; `dirty`: whether files that git knows had changed since, beyond `.churnops`;
    `remote`: where `origin` lies, without credentials. `missing` says why there is nothing: git is not installed (or did not answer), the folder is
    in no repository, or nothing was committed yet."""

    commit: str | None = None
    dirty: bool | None = None
    remote: str | None = None
    missing: Literal["no_git", "no_repository", "no_commit"] | None = None

    @property
    def said(self) -> str:
        """For people, as a sentence without its end."""
        if self.commit is None:
            return {
                "no_git": "which commit of your repository is not known: git did not answer",
                "no_commit": "your repository had no commit",
            }.get(self.missing or "", "the workspace lay in no git repository")
        changed = ", with changes that were not committed" if self.dirty else ""
        return f"commit {self.commit[:12]}{f' of {self.remote}' if self.remote else ''}{changed}"


def team_repository(root: Path) -> TeamRepository:
    """What git says of the folder `root` now; never fails."""
    if shutil.which("git") is None:
        return TeamRepository(missing="no_git")
    told = _git(root, "status", "--porcelain=v2", "--branch", "--untracked-files=no", "--", ".", ":(top,exclude,glob)**/.churnops/**")
    if told is None:
        return TeamRepository(missing="no_git")
    if told.returncode != 0:  # git may also refuse: a folder of another owner, a damaged repository
        return TeamRepository(missing="no_repository" if "not a git repository" in told.stderr else "no_git")
    lines = told.stdout.splitlines()
    commit = next((line.split()[-1] for line in lines if line.startswith("# branch.oid ")), "")
    if not re.fullmatch(r"[0-9a-f]{40,64}", commit):
        return TeamRepository(missing="no_commit")
    dirty = any(not line.startswith("#") for line in lines)
    return TeamRepository(commit=commit, dirty=dirty, remote=_remote(root))


def _remote(root: Path) -> str | None:
    told = _git(root, "remote", "get-url", "origin")
    if told is None or told.returncode != 0:
        return None
    url = told.stdout.strip()
    return re.sub(r"^([\w+.-]+://)[^/]*@", r"\1", url)[:200] or None


def _git(root: Path, *words: str) -> "subprocess.CompletedProcess[str] | None":
    inherited = {name: value for name, value in os.environ.items() if name not in {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"}}
    quiet = {**inherited, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        return subprocess.run(
            ["git", "-C", os.fspath(root), *_QUIET, *words],
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=_PATIENCE_SECONDS,
            env=quiet,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
