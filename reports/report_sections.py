"""The parts of a written report: its front matter names them in order, so that nobody has to know them by their headings."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, cast

SectionName = Literal[
    "happened",
    "decision",
    "unknown",
    "opinions",
    "ruling",
    "dates",
    "diagnosis",
    "drift",
    "models",
    "rules",
    "calls",
    "reasoning",
]
TITLES: Mapping[SectionName, str] = MappingProxyType(
    {
        "happened": "What happened",
        "decision": "What a human must decide",
        "unknown": "What is not known",
        "opinions": "Two opinions",
        "ruling": "What a person ruled",
        "dates": "Which rows this speaks of",
        "diagnosis": "Evidence",
        "drift": "Drift",
        "models": "Models",
        "rules": "Policy rules applied",
        "calls": "Tool calls",
        "reasoning": "The operator's reasoning",
    }
)
_FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
_NAMED = re.compile(r"^sections: \[([a-z, ]*)\]$", re.MULTILINE)
_STARTS = re.compile(r"^(?=## )", re.MULTILINE)


@dataclass(frozen=True)
class Section:
    """One part of a report, as Markdown that begins with its heading."""

    name: SectionName
    text: str


def body(report: str) -> str:
    """The report without its front matter."""
    return _FRONT_MATTER.sub("", report, count=1)


def sections(report: str) -> tuple[str, tuple[Section, ...]]:
    """What stands before the first section, and the sections. A report of an earlier version names none, one that was changed perhaps not all
    it has: then everything stands before the first."""
    head, *texts = _STARTS.split(body(report))
    front = _FRONT_MATTER.match(report)
    named = _NAMED.search(front[1]) if front else None
    names = named[1].split(", ") if named else []
    if len(names) != len(texts) or not set(names) <= set(TITLES):
        return body(report), ()
    return head, tuple(Section(cast(SectionName, name), text) for name, text in zip(names, texts, strict=True))
