"""How an answer is written: plain Markdown in which nothing from data is markup, and every number says which call it is from."""

import re

from pipeline.diagnosis.diagnosis import RunnerUp
from pipeline.shown_text import plain
from pipeline.words import cause_name
from reports.markdown_cells import cell, cell_code
from tools.evidence_pack import EvidencePack
from tools.results import Result

_CODE = re.compile(r"(`[\w .()-]{1,80}`)")


def named(feature: str) -> str:
    """A column's name as code."""
    return "`" + plain(feature).replace("`", "'") + "`"


def code(text: str) -> str:
    """A path or a command of ours as code."""
    return f"`{cell_code(text)}`"


def said(text: str) -> str:
    """A sentence of a tool: names in backticks stay code, all else is plain text."""
    return "".join(part if _CODE.fullmatch(part) else _inline(part) for part in _CODE.split(text))


def _inline(text: str) -> str:
    # As `cell`, with the blanks around the text kept.
    inner = text.strip()
    if not inner:
        return " " if text else ""
    return f"{' ' if text[0].isspace() else ''}{cell(inner)}{' ' if text[-1].isspace() else ''}"


def words(name: str) -> str:
    """An estimator or a mode as people say it."""
    return name.replace("_", " ")


def cause_of(found: EvidencePack | RunnerUp) -> str:
    """The cause as people say it."""
    return cause_name(found.cause)


def source(*results: Result | None) -> str:
    """Where the numbers of a sentence are from, for its end."""
    calls = [str(result.call) for result in results if result is not None and result.call]
    return f" (call{'s' if len(calls) > 1 else ''} {', '.join(calls)})" if calls else ""
