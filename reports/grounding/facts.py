"""The values of the tools' results: each number and date with where it stands, and which feature and measure it is of."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from reports.grounding.writing import sentences

MEASURES: Mapping[str, re.Pattern[str]] = {
    name: re.compile(rf"(?<![\w-])(?:{words})(?!\w)", re.IGNORECASE)
    for name, words in {
        "roc_auc": r"roc|(?:roc[-_ ])?auc",
        "pr_auc": r"pr[-_ ]auc|average precision",
        "accuracy": "accuracy",
        "f1": "f1",
        "precision": "precision",
        "recall": "recall",
        "log_loss": r"log[-_ ]loss",
        "brier": "brier",
        "calibration_error": r"calibration[-_ ]error",
    }.items()
}
_OF_THE_CALL = ("call", "case_id")  # keys that say which answer this is, and nothing else
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_NAMING = ("feature", "column", "by")  # keys under which a result names the column it speaks of


@dataclass(frozen=True)
class Evidence:
    """One result that numbers may come from. `call` is the tool call's number in the case; None is the case's own record and the policy."""

    call: int | None
    name: str
    result: Mapping[str, Any]


@dataclass(frozen=True)
class Fact:
    """One value of a result. A `percent` is kept as a share; a day's value is MMDD. `features` and `measure` say what it is of, where the
    result says so."""

    call: int | None
    name: str
    path: str
    value: float
    whole: bool
    percent: bool = False
    is_day: bool = False
    year: int | None = None
    features: frozenset[str] = frozenset()
    measure: str | None = None


class Features:
    """The names of the columns that results speak of, as a text holds them: as they are, or with another first letter where they are long."""

    def __init__(self, evidence: Iterable[Evidence]) -> None:
        self.names = frozenset(name for source in evidence for name in _names(source.result, ""))
        written = {way: name for name in self.names if len(name) > 4 for way in (name[0].upper() + name[1:], name[0].lower() + name[1:])}
        self._written = written | {name: name for name in self.names if re.search(r"[^\W\d]", name)}
        ways = "|".join(re.escape(way) for way in sorted(self._written, key=len, reverse=True))
        self._pattern = re.compile(rf"(?<!\w)(?:{ways})(?!\w)") if ways else None

    def named(self, text: str) -> frozenset[str]:
        """Those that `text` names."""
        return frozenset(self._written[way] for way in self._pattern.findall(text)) if self._pattern else frozenset()

    def masked(self, text: str) -> str:
        """`text` with letters in place of their names: no digit, stop or number word of a name is the text's own."""
        return self._pattern.sub(lambda match: "x" * len(match[0]), text) if self._pattern else text


def _names(value: Any, key: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        keys = (*_NAMING, "name") if key == "features" else _NAMING
        yield from (value[one] for one in keys if isinstance(value.get(one), str) and value[one].strip())
        for below, part in value.items():
            yield from _names(part, str(below))
    elif isinstance(value, Iterable) and not isinstance(value, str):
        for part in value:
            yield from _names(part, key)


def facts(evidence: Iterable[Evidence], features: Features) -> Iterator[Fact]:
    """Every number and date of `evidence` in order, the lengths of its lists and how many of their items are alike among them."""
    for source in evidence:
        yield from _walk(source.result, Fact(source.call, source.name, "", 0.0, False), features)


def _walk(value: Any, at: Fact, features: Features) -> Iterator[Fact]:
    if isinstance(value, str):
        yield from _said(value, at, features)
    elif isinstance(value, Mapping):
        named = {value[key] for key in ("feature", "column", "name") if isinstance(value.get(key), str)} & features.names
        for key, part in value.items():
            if not at.path and key in _OF_THE_CALL:
                continue
            path = f"{at.path}.{key}" if at.path else str(key)
            if _DAY.fullmatch(str(key)):  # a count by day has its days as keys
                yield from _said(str(key), replace(at, path=path), features)
            measure = key if key in MEASURES else at.measure
            # As `inspect_feature` answered before `query` did; such answers are on record.
            cut_by = {value["by"]} & features.names if key == "by_segment" and isinstance(value.get("by"), str) else set()
            yield from _walk(part, replace(at, path=path, features=at.features | named | cut_by, measure=measure), features)
    elif isinstance(value, Iterable):
        parts = list(value)
        yield replace(at, path=f"{at.path}.length()", value=float(len(parts)), whole=True)
        yield from _alike(parts, at)
        for index, part in enumerate(parts):
            yield from _walk(part, replace(at, path=f"{at.path}[{index}]"), features)
    elif isinstance(value, int | float) and not isinstance(value, bool) and value == value:  # a measure that could not be taken is no fact
        yield replace(at, value=float(value), whole=isinstance(value, int))


def _alike(parts: list[Any], at: Fact) -> Iterator[Fact]:
    told = Counter(
        (str(key), part)
        for one in parts
        if isinstance(one, Mapping)
        for key, part in one.items()
        if isinstance(part, bool) or (isinstance(part, str) and len(part) < 40)
    )
    for (key, part), count in told.items():
        if count > 1 or isinstance(part, bool):
            yield replace(at, path=f"{at.path}[{key}={part}].length()", value=float(count), whole=True)


def _said(text: str, at: Fact, features: Features) -> Iterator[Fact]:
    about = replace(at, features=at.features | features.named(text))
    for sentence in sentences(features.masked(text) if text not in features.names else text):
        for number in sentence.numbers:
            percent = bool(number.unit)
            yield replace(about, value=number.signed, whole=number.whole, percent=percent, is_day=number.is_day, year=number.year)
