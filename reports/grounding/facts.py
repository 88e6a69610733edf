"""The numbers of the tools' results: each with where it stands, and with the words that a sentence about it must hold."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reports.grounding.sentences import NUMBER, SKIPPED, Sentence, WrittenNumber, sentences, singular, words
from reports.grounding.vocabulary import Groups, groups_of, nearby, of_policy

_NAMES = ("column", "feature", "name", "label", "rule")  # of the parts of a list: the first that is there tells which part it is
_BESIDE = 3  # words to either side of a number in a string that say what it is
_EMPTY = frozenset(
    {"the", "a", "an", "of", "in", "on", "is", "was", "are", "were", "it", "its", "and", "or", "at", "by", "for", "with", "as"}
)


@dataclass(frozen=True)
class Evidence:
    """One result that numbers may come from. `call` is the tool call's number in the case; None is the case's own record and the policy."""

    call: int | None
    name: str
    result: Mapping[str, Any]


@dataclass(frozen=True)
class Fact:
    """One number of a result. `groups`: of each, a word must be said; `near` speaks for it where said; `quoted` is the sentence it stands in,
    where it stands in one. `total` is what parts are parts of."""

    call: int | None
    name: str
    path: str
    value: float
    percent: bool
    whole: bool
    groups: Groups
    near: frozenset[str]
    total: bool = False
    quoted: Sentence | None = None
    place: int = 0


@dataclass(frozen=True)
class _At:
    """Where the walk through a result stands."""

    source: Evidence
    path: str
    key: str
    unit: str | None
    groups: Groups
    near: frozenset[str]

    def below(self, key: str, path: str, groups: Groups = (), unit: str | None = None) -> "_At":
        return _At(self.source, path, key, unit, (*self.groups, *groups), self.near | nearby(key) | frozenset(words(key)))


def facts(evidence: Iterable[Evidence]) -> Iterator[Fact]:
    """Every number of `evidence`, in order."""
    for source in evidence:
        start = _At(source, "", "", None, (), nearby(source.name))
        yield from _walk(source.result, start)


def _walk(value: Any, at: _At) -> Iterator[Fact]:
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, int | float):
        if value == value:  # a measure that could not be taken is no fact
            yield _fact(at, float(value), whole=isinstance(value, int))
    elif isinstance(value, str):
        yield from _said(value, at)
    elif isinstance(value, Mapping):
        name = _identity(value) if at.path.endswith("]") or at.key == "view" else ()
        for key, part in value.items():
            key = str(key)
            path = f"{at.path}.{key}" if at.path else key
            unit = str(value["unit"]) if key == "strength" and "unit" in value else None
            # A measure is named by its own key; what stands below it is called value, n, low and high.
            inner = _named(at) if key in {"value", "low", "high"} or (key == "n" and "value" in value) else ()
            yield from _walk(part, at.below(key, path, (*name, *inner), unit))
    elif isinstance(value, Iterable):
        parts = list(value)
        yield _fact(at, float(len(parts)), whole=True, path=f"{at.path}.length()", total=True)
        for index, part in enumerate(parts):
            yield from _walk(part, _At(at.source, f"{at.path}[{index}]", at.key, None, at.groups, at.near))


def _fact(at: _At, value: float, *, whole: bool, path: str | None = None, total: bool = False) -> Fact:
    groups = (*at.groups, *_named(at))
    if at.source.name == "policy":
        groups = (*groups, of_policy(at.key))
    total = total or at.key.endswith("_total")
    near = at.near.difference(*groups)  # what must be said anyway sets no value apart
    return Fact(at.source.call, at.source.name, path or at.path, value, False, whole, groups, near, total)


def _named(at: _At) -> Groups:
    return groups_of(at.key, words(at.key), at.unit)


def _identity(part: Mapping[str, Any]) -> Groups:
    name = next((part[key] for key in _NAMES if isinstance(part.get(key), str)), None)
    if name is None:
        return ()
    if "column" in part and part["column"] is None:
        return (frozenset(words(name)),)  # a finding about the window as a whole is told by any word of its name
    said = tuple(token for sentence in sentences(name) for token in sentence.tokens if token != NUMBER)
    return tuple(frozenset({singular(token)}) for token in said) or (frozenset({SKIPPED, "range", "bin", "between", "day"}),)


def _said(text: str, at: _At) -> Iterator[Fact]:
    found = sentences(text)
    if len(found) == 1 and found[0].tokens == (NUMBER,):  # a number kept as text: a version
        (number,) = found[0].numbers
        yield _fact(at, number.value, whole=number.whole)
        return
    for sentence in found:
        for number in sentence.numbers:
            value = -number.value if number.sign in {"-", "−"} else number.value
            beside = _beside(sentence, number)
            groups = (*at.groups, beside) if beside else at.groups
            yield Fact(
                at.source.call, at.source.name, at.path, value, number.percent, number.whole, groups, at.near, False, sentence, number.place
            )


def _beside(sentence: Sentence, number: WrittenNumber) -> frozenset[str]:
    around = sentence.tokens[max(0, number.place - _BESIDE) : number.place + 1 + _BESIDE]
    return frozenset(stem for token in around if token not in {NUMBER, SKIPPED} for stem in words(token)) - _EMPTY
