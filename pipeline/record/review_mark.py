"""What makes a workspace a copy for review: it holds a case of another one, to be read and signed. It deploys nothing and loads no model."""

from pathlib import Path

from pydantic import BaseModel, ValidationError

from pipeline.atomic_files import write_atomically
from pipeline.errors import IntegrityError
from pipeline.own_file import read_own
from pipeline.record.case_id import CaseId
from pipeline.workspace.folder import Workspace

_MARK_BYTES = 64 << 10


class ReviewMark(BaseModel, frozen=True, extra="forbid"):
    """The case it was made for, and `head` (`NUMBER:HASH`), the newest row of the ledger it came with."""

    case_id: CaseId
    head: str


def read_review_mark(workspace: Workspace) -> ReviewMark | None:
    """The mark, or None where the workspace is no copy.

    Raises:
        IntegrityError: it cannot be read.
    """
    place: Path = workspace.review_mark
    try:
        return ReviewMark.model_validate_json(read_own(place, _MARK_BYTES))
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise IntegrityError(f"{place} is no mark of a copy for review.", "Import the bundle again.") from error


def mark_for_review(workspace: Workspace, mark: ReviewMark) -> None:
    """Make the workspace a copy for review."""
    write_atomically(workspace.review_mark, mark.model_dump_json().encode() + b"\n")
