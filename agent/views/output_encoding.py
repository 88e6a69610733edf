"""Streams whose encoding lacks characters: what it cannot write is replaced, so that no command ends in the middle of a sentence."""

import codecs
import io
import sys
from contextlib import suppress

_HANDLER = "churnops.lookalikes"
_LOOKALIKES = {
    **dict.fromkeys("“”„‘’", "'"),
    **dict.fromkeys("–—−─━", "-"),
    **dict.fromkeys("•·✓✔●○", "*"),
    "⚠": "!",
    **dict.fromkeys("×✗✘", "x"),
    **dict(zip("▁▂▃▄▅▆▇█", "_.-=+*%#", strict=True)),
    "░": ".",
    "…": "...",
    "±": "+/-",
    "²": "^2",
    "≤": "<=",
    "≥": ">=",
    "→": "->",
    "←": "<-",
    "€": "EUR",
}


def never_fail_on_characters() -> None:
    """Let stdin, stdout and stderr replace what their encoding lacks: typography by ASCII that looks like it, other letters by their
    escape (`\\xe4`), which still tells two names apart, other signs by `?`."""
    codecs.register_error(_HANDLER, _lookalikes)
    for stream, errors in ((sys.stdin, "replace"), (sys.stdout, _HANDLER), (sys.stderr, _HANDLER)):
        if isinstance(stream, io.TextIOWrapper):
            with suppress(io.UnsupportedOperation):  # of input that somebody has begun to read it is too late
                stream.reconfigure(errors=errors)


def _lookalikes(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_lookalike, error.object[error.start : error.end])), error.end


def _lookalike(character: str) -> str:
    if character in _LOOKALIKES:
        return _LOOKALIKES[character]
    return character.encode("ascii", "backslashreplace").decode() if character.isalnum() else "?"
