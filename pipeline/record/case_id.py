"""Ids of cases: letters, digits, dashes and underscores. They become names of files, so nothing else is an id, wherever it comes from."""

import re
from typing import Annotated

from pydantic import StringConstraints

from pipeline.errors import DataError

_SHAPE = r"^[0-9A-Za-z][0-9A-Za-z_-]{0,63}$"

CaseId = Annotated[str, StringConstraints(pattern=_SHAPE)]


def checked_case_id(given: str) -> str:
    """`given`, if it is an id.

    Raises:
        DataError: it is none.
    """
    if not re.fullmatch(_SHAPE, given) or given.endswith("\n"):
        raise DataError(f"{given[:40]!r} is no id of a case.", "`churnops reports list` shows all of them.")
    return given
