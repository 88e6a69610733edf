"""Numbers in an operator's words, tied to the evidence: a number that no tool result bears out is marked, not believed.

An operator cites as it does by nature, "(call 4)", "(calls 3 and 4)". A citation covers the numbers before it in its sentence, back to the
citation before; where there are none, those after it. They are looked up among all values of the cited calls, in any usual writing; others
over the whole case. A value that its result gives for another feature or measure than those that the sentence names is something else.
"""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from pipeline.record.cases import Call, Case, Training
from pipeline.workspace.policy import Policy
from reports.grounding.facts import MEASURES, Evidence, Fact, Features, facts
from reports.grounding.writing import Citation, Sentence, WrittenNumber, sentences

MARK = "[no source]"

_NEAREST = 5  # numbers of the sentence, on either side, that a computed one may come of: among many pairs some always fit
_SAID_BEFORE = re.compile(r"\b(?:the|this|that|its|whose|same) (?:column|feature|variable)\b", re.IGNORECASE)
_OF_POLICY = re.compile(
    r"\b(?:policy|rule|limit|floor|minimum|maximum|threshold|bounds?|band|allow(?:s|ed)|cooldown|at (?:least|most))\b|[a-z]\.[a-z]",
    re.IGNORECASE,
)
_DIFFERS = re.compile(
    r"\b(?:diff\w*|fell|falls?|rose|rises?|drop\w*|gain\w*|lost|loses|more|less|fewer|higher|lower|better|worse|up|down|by|points?|pp|ahead|behind"
    r"|apart|above|below|change\w*|margin|remain\w*|left|rest|gap|grew|shrank|increas\w*|decreas\w*)\b",
    re.IGNORECASE,
)
_SUMS = re.compile(r"\b(?:together|total|sum|in all|combined|plus)\b", re.IGNORECASE)
_DIVIDES = re.compile(r"\s?(?:x\b|times|fold|-fold)|\s?as (?:many|much|high)", re.IGNORECASE)
_DAYS = re.compile(r"\s?-?days?\b", re.IGNORECASE)


@dataclass(frozen=True)
class Source:
    """Where a number of a text comes from: `number` as written from `start` to `end`, and the `value` under `path` in the result of the
    tool call number `call`; where `call` is None, in the case's record or the policy, which `name` says (else it names the tool). Of a
    computed number `path` is the sum that was done."""

    number: str
    start: int
    end: int
    call: int | None
    name: str
    path: str
    value: float


@dataclass(frozen=True)
class Marked:
    """A number, or a citation, without a source, and why."""

    number: str
    start: int
    end: int
    why: str


@dataclass(frozen=True)
class Grounded:
    """A text checked. `text` has a mark behind every number without a source, which are `marked`."""

    text: str
    sources: tuple[Source, ...]
    marked: tuple[Marked, ...]

    @property
    def unsourced(self) -> tuple[str, ...]:
        """The numbers without a source, as written."""
        return tuple(one.number for one in self.marked)

    @property
    def unsourced_at(self) -> tuple[tuple[int, int], ...]:
        """Where they stand in the text as it was given."""
        return tuple((one.start, one.end) for one in self.marked)


def evidence_of(case: Case, calls: Iterable[Call], trainings: Iterable[Training], policy: Policy) -> tuple[Evidence, ...]:
    """What is known in a case: what its tool calls returned, then its record and the policy."""
    # What no operator is shown bears out nothing that one says.
    record = case.model_dump(mode="json", exclude={"diagnosis": {"expected", "repairs", "hypotheses"}})
    record |= {"trainings": [done.model_dump(mode="json") for done in trainings]}
    return (
        *(Evidence(call.number, call.tool, call.result) for call in calls),
        Evidence(None, "case", record),
        Evidence(None, "policy", policy.model_dump(mode="json")),
    )


def ground(text: str, evidence: Iterable[Evidence]) -> Grounded:
    """Tie every number and date of `text` to a value of `evidence`, rounded as written at most, or to two values that stand in the same
    sentence and differ by it, sum or divide to it, or lie so many days apart."""
    return check(text, KnownValues(tuple(evidence)))


def check(text: str, known: "KnownValues") -> Grounded:
    """As `ground`, for who checks many texts against the same evidence."""
    sources: list[Source] = []
    marked: list[Marked] = []
    masked = known.features.masked(text)
    earlier: frozenset[str] = frozenset()
    for sentence in sentences(masked):
        words = text[sentence.start : sentence.end]
        named = known.features.named(words)
        meant = named | (earlier if named and _SAID_BEFORE.search(words) else frozenset()) | known.beside(named, sentence)
        borne_out, others = _check(_Said(sentence, masked[sentence.start : sentence.end], meant), known)
        sources += borne_out
        marked += others
        earlier |= named
    sources.sort(key=lambda one: one.start)
    marked.sort(key=lambda one: one.start)
    return Grounded(_with_marks(text, marked), tuple(sources), tuple(marked))


class _Said:
    """A sentence, its words and what it names."""

    def __init__(self, sentence: Sentence, words: str, features: frozenset[str]) -> None:
        self.sentence = sentence
        self.words = words
        self.features = features
        self.measures = frozenset(name for name, pattern in MEASURES.items() if pattern.search(words))

    def fits(self, fact: Fact) -> bool:
        """Whether nothing speaks against the fact being meant."""
        of_another = self.features and fact.features and not fact.features & self.features
        return not of_another and not (self.measures and fact.measure and fact.measure not in self.measures)

    def likeliest(self, number: WrittenNumber, meant: Sequence[Fact]) -> Fact:
        """Of several facts that the number may be."""
        size = number.value * (100 if number.unit else 1)

        def unlikeness(fact: Fact) -> tuple[bool, bool, bool, bool, int]:
            inexact = abs(fact.value) not in {number.value, size}
            return fact.call is None, not fact.features & self.features, fact.measure not in self.measures, inexact, len(fact.path)

        return min(meant, key=unlikeness)

    def cited(self) -> Iterator[tuple[Citation, list[WrittenNumber]]]:
        """Each citation with the numbers it covers, those before it or else those that follow."""
        ends = [self.sentence.start, *(one.end for one in self.sentence.citations)]
        nexts = [*(one.start for one in self.sentence.citations[1:]), self.sentence.end]
        for citation, done, ahead in zip(self.sentence.citations, ends, nexts, strict=False):
            covered = [number for number in self.sentence.numbers if done <= number.start < citation.start]
            yield citation, covered or [number for number in self.sentence.numbers if citation.end <= number.start < ahead]


class KnownValues:
    """All values of some evidence, found by size."""

    def __init__(self, evidence: tuple[Evidence, ...]) -> None:
        self.features = Features(evidence)
        self.calls = {one.call: one.result for one in evidence if one.call is not None}
        everything = tuple(facts(evidence, self.features))
        self._numbers = sorted((fact for fact in everything if not fact.is_day), key=lambda fact: abs(fact.value))
        self._sizes = [abs(fact.value) for fact in self._numbers]
        self._days = [fact for fact in everything if fact.is_day]

    def beside(self, named: frozenset[str], sentence: Sentence) -> frozenset[str]:
        """The columns that the cited calls looked at, where one of them is named and no other: the citation names the rest."""
        views = [self.calls.get(call, {}).get("view") for citation in sentence.citations for call in citation.calls]
        about = frozenset(str(view["feature"]) for view in views if isinstance(view, Mapping) and "feature" in view)
        return about if named and named <= about else frozenset()

    def equal(self, number: WrittenNumber) -> list[Fact]:
        """The facts that the number may be a writing of, whatever they are of."""
        if number.is_day:
            same = [fact for fact in self._days if fact.value == number.value]
            return [fact for fact in same if number.year is None or fact.year in (None, number.year)]
        found = [fact for fact in self._between(number.value, number.half) if _written_so(number, fact)]
        if number.unit:  # a percentage that a result holds as one
            points = "point" in number.unit.lower()
            held = self._between(number.value * 100, number.half * 100)
            found += [fact for fact in held if not fact.whole and not fact.percent and (points or abs(fact.value) > 1)]
        return [fact for fact in found if not number.sign or not fact.value or (fact.value < 0) == (number.sign != "+")]

    def _between(self, value: float, half: float) -> list[Fact]:
        return self._numbers[bisect_left(self._sizes, value - half) : bisect_left(self._sizes, (value + half) * (1 + 1e-12))]


def _written_so(number: WrittenNumber, fact: Fact) -> bool:
    """A percentage is no count, and a count is exact."""
    if number.unit:
        return not fact.whole or fact.percent or abs(fact.value) <= 1
    if fact.whole and number.whole and not fact.percent:
        return abs(fact.value) == number.value
    return not (fact.percent and number.whole)


def _check(said: _Said, known: KnownValues) -> tuple[list[Source], list[Marked]]:
    cited: dict[WrittenNumber, set[int]] = defaultdict(set)
    wrong: dict[Citation, set[str]] = defaultdict(set)
    for citation, numbers in said.cited():
        for number in numbers:
            cited[number] |= {*citation.calls}
        wrong[citation] = {f"there is no call {call}" for call in citation.calls if call not in known.calls}
    found: dict[WrittenNumber, Fact] = {}
    left: dict[WrittenNumber, list[Fact]] = {}
    for number in said.sentence.numbers:
        equal = known.equal(number)
        within = [fact for fact in equal if _within(fact, cited.get(number), said)]
        if meant := [fact for fact in within if said.fits(fact)]:
            found[number] = said.likeliest(number, meant)
        else:
            left[number] = within or equal
    sources = [_source(number, fact) for number, fact in found.items()]
    marked = []
    for number, equal in left.items():
        elsewhere = [fact for fact in equal if said.fits(fact)]
        if computed := _computed(number, said, found):
            sources.append(computed)
        elif elsewhere:
            fact = said.likeliest(number, elsewhere)
            sources.append(_source(number, fact))
            for citation, numbers in said.cited():
                # "Call 4 shows this, so I checked that": of what follows a citation, not all has to be of it.
                apart = number.start > citation.start and (len(numbers) == 1 or any(one in found for one in numbers))
                if number in numbers and not number.is_word and not apart:
                    wrong[citation].add(f"{number.written} is not in it but in {_where(fact)}")
        else:
            marked.append(Marked(number.written, number.start, number.end, _why(equal)))
    for citation, whys in wrong.items():
        if whys:
            named = ", ".join(str(call) for call in citation.calls)
            marked.append(Marked(named, citation.start, citation.end, "; ".join(sorted(whys))))
    return sources, marked


def _within(fact: Fact, cited: set[int] | None, said: _Said) -> bool:
    if not cited:
        return True
    return fact.call in cited or (fact.name == "policy" and fact.call is None and _OF_POLICY.search(said.words) is not None)


def _computed(number: WrittenNumber, said: _Said, found: Mapping[WrittenNumber, Fact]) -> Source | None:
    """The number as what two others of its sentence come to, where the words speak of that."""
    others = [other for other in found if not other.is_word]
    place = sum(other.start < number.start for other in others)
    after = said.words[number.end - said.sentence.start :]
    for one, other in combinations(others[max(0, place - _NEAREST) : place + _NEAREST], 2):
        a, b = found[one], found[other]
        for sign, value in _results((one, a), (other, b), number, said, after):
            if abs(abs(value) - number.value) <= number.half:
                return Source(number.written, number.start, number.end, a.call, a.name, f"{a.path} {sign} {b.path}", value)
    return None


def _results(
    one: tuple[WrittenNumber, Fact], other: tuple[WrittenNumber, Fact], number: WrittenNumber, said: _Said, after: str
) -> Iterator[tuple[str, float]]:
    if one[0].is_day or other[0].is_day:
        if one[0].day and other[0].day and _DAYS.match(after):
            apart = abs((one[0].day - other[0].day).days)
            yield from (("to", apart), ("to", apart + 1))  # the last day counted or not
        return
    differs = _DIFFERS.search(said.words)
    # Of the values as they are, or as they were written: who computes by hand has only those.
    for a, b in ((one[1].value, other[1].value), (one[0].signed, other[0].signed)):
        if number.sign or differs:
            yield "−", a - b
        if _SUMS.search(said.words):
            yield "+", a + b
        if a and b and (_DIVIDES.match(after) or number.unit):
            yield from (("÷", a / b), ("÷", b / a))
        if a and number.unit and differs:
            yield "relative to", b / a - 1


def _source(number: WrittenNumber, fact: Fact) -> Source:
    return Source(number.written, number.start, number.end, fact.call, fact.name, fact.path, fact.value)


def _where(fact: Fact) -> str:
    return fact.name if fact.call is None else f"call {fact.call}"


def _why(equal: Sequence[Fact]) -> str:
    if not equal:
        return "in no result"
    return f"{_where(equal[0])} has it as {', '.join(sorted(equal[0].features)) or equal[0].measure}"


def _with_marks(text: str, marked: Sequence[Marked]) -> str:
    pieces, done = [], 0
    for one in marked:
        pieces += [text[done : one.end], f" {MARK}"]
        done = one.end
    return "".join((*pieces, text[done:]))
