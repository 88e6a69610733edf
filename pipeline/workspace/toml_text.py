"""Reading TOML that others may have written: what would keep the reader busy for hours is refused like any other mistake."""

import re
import tomllib
from typing import Any

_TEXTS_AND_COMMENT = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|#.*")
_MOST_PARTS = 1_000  # of the names in one line: the reader takes the square of them


def parse_toml(text: str) -> dict[str, Any]:
    """What the text says.

    Raises:
        TOMLDecodeError: it is no TOML, nested too deeply, or has a name of too many parts or a number of too many digits.
    """
    for number, line in enumerate(text.splitlines(), start=1):
        if line.count(".") > _MOST_PARTS and _TEXTS_AND_COMMENT.sub("", line).count(".") > _MOST_PARTS:
            raise tomllib.TOMLDecodeError(f"a name of too many parts (at line {number})")
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise tomllib.TOMLDecodeError("it is nested too deeply") from error
    except tomllib.TOMLDecodeError:
        raise
    except ValueError as error:  # of a number of thousands of digits
        raise tomllib.TOMLDecodeError("a number that is none") from error
