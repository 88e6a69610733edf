"""Models of a workspace whose hosts share no disk: brought from the object store once, and believed by their digest."""

import re

from pipeline.atomic_files import digest_of_folder, move_whole
from pipeline.errors import IntegrityError
from pipeline.shown_text import plain
from pipeline.workspace.folder import Workspace
from pipeline.workspace.staging import staging_folder


def bring_model(workspace: Workspace, digest: str) -> bool:
    """Whether the model lies in the folder; where hosts share models, one that does not is brought from there first.

    Raises:
        WorkspaceError: the store does not answer.
        IntegrityError: it gave other bytes than the digest names, which are not kept; or that is no digest, and might lead out of the folder.
    """
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise IntegrityError(f"`{plain(digest, 64)}` is not the digest of a model.", "Run `churnops reports verify`.")
    place = workspace.models / digest
    if workspace.shared is None or place.exists():
        return place.is_dir()
    with staging_folder(workspace) as room:
        brought = room / digest
        workspace.shared.get_folder(f"models/{digest}", brought)
        if not brought.is_dir():
            return False
        if digest_of_folder(brought) != digest:
            raise IntegrityError(
                f"The model {digest[:12]} was changed: the object store's bytes differ from those its digest names.",
                "Find out who wrote there, and restore it from a backup.",
            )
        try:
            move_whole(brought, place)
        except OSError:
            if not place.is_dir():  # else another process was first
                raise
    return True
