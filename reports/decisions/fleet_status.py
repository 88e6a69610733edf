"""Several workspaces, the worst first: for whoever is on call for all of them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from pipeline.errors import ChurnopsError
from pipeline.record.opened_workspace import Opened
from pipeline.state.schema_look import require_this_schema
from pipeline.workspace.folder import SETTINGS_FILE, find_workspace
from pipeline.workspace.settings import read_settings
from reports.decisions.workspace_status import WorkspaceStatus, workspace_status

Standing = Literal["unreadable", "not well", "unknown", "well"]
_WORST_FIRST: tuple[Standing, ...] = ("unreadable", "not well", "unknown", "well")


class FleetMember(BaseModel, frozen=True):
    """One workspace of a fleet. `status` is None where it cannot be read, and `problem` says why then."""

    workspace: str
    standing: Standing
    status: WorkspaceStatus | None
    problem: str | None


def fleet_status(folders: Sequence[Path], opened: Callable[[Path], Opened]) -> tuple[FleetMember, ...]:
    """How each workspace stands: the worst first, and of those that stand alike, those first in which something waits. `folders` are
    workspaces or hold some. Nobody is noted to have looked, and no database is made or brought up to date."""
    members = [_member(place, opened) for place in dict.fromkeys(place for folder in folders for place in _workspaces(folder))]
    return tuple(sorted(members, key=lambda one: (_WORST_FIRST.index(one.standing), not _asks(one), one.workspace)))


def _workspaces(folder: Path) -> list[Path]:
    below = sorted(file.parent.resolve() for file in folder.glob(f"*/{SETTINGS_FILE}"))
    if (folder / SETTINGS_FILE).is_file() or not below:
        return [folder.resolve()]
    return below


def _member(place: Path, opened: Callable[[Path], Opened]) -> FleetMember:
    try:
        workspace = find_workspace(place)
        # Whoever lists a folder may not know whose the workspaces in it are: none is made, and none brought up to date.
        require_this_schema(read_settings(workspace.settings_file).database_url or workspace.state_db)
        here = opened(workspace.root)
    except (ChurnopsError, OSError) as error:
        return FleetMember(workspace=str(place), standing="unreadable", status=None, problem=str(error))
    try:
        found = workspace_status(here, since=here.clock())
    except (ChurnopsError, OSError) as error:
        return FleetMember(workspace=str(here.workspace.root), standing="unreadable", status=None, problem=str(error))
    finally:
        here.state.close()
    standing: Standing = "unknown" if found.well is None else "well" if found.well else "not well"
    return FleetMember(workspace=str(here.workspace.root), standing=standing, status=found, problem=None)


def _asks(member: FleetMember) -> bool:
    return member.status is not None and bool(member.status.waiting or member.status.open_cases)
