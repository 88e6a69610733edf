"""Who may read and write a workspace's files besides their owner, as `[workspace] mode` says."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from pydantic import Field

from pipeline.workspace.folder import Workspace
from pipeline.workspace.section import Section

_FOLDERS: Mapping[str, int] = MappingProxyType({"private": 0o700, "group": 0o2770})  # new files below take the folder's group
_OWN = ("chat", "page", "mcp_tokens.json", "mcp_tokens.lock")  # of one person each, whoever else works here


class WorkspaceSettings(Section):
    """Who may read and write the workspace's files."""

    mode: Literal["umask", "private", "group"] = Field(
        "umask",
        description="private: their owner alone; group: several approvers or a serving user, who share the group of .churnops; umask: as your shell",
    )


def settle_access(workspace: Workspace, mode: str) -> None:
    """Give `.churnops`, made when absent, and what lies in it the rights of `mode`; nothing to do where the folder has them already."""
    wanted, home = _FOLDERS.get(mode), workspace.home
    if not home.exists():
        home.mkdir(parents=True)
    elif wanted is None or home.stat().st_uid != os.geteuid() or stat.S_IMODE(home.stat().st_mode) == wanted:
        return
    if wanted is None:
        return
    for folder, folders, files in os.walk(home):
        shared = Path(folder) != home and mode == "group"
        folders[:] = [name for name in folders if shared or mode == "private" or name not in _OWN]
        for name in files:
            if mode == "private" or shared or name not in _OWN:
                _chmod(Path(folder, name), wanted & 0o660)
        for name in folders:
            _chmod(Path(folder, name), wanted)
    _chmod(workspace.settings_file, wanted & 0o660)
    home.chmod(wanted)  # the last: a settling that was cut off is done again


def _chmod(place: Path, mode: int) -> None:
    if not place.is_symlink() and place.stat().st_uid == os.geteuid():
        place.chmod(mode)
