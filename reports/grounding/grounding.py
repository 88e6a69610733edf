"""Numbers in an operator's words, tied to the evidence: a number that no tool result bears out is marked, not believed.

A number alone proves nothing, among a thousand values some are always near. So the words come first: what a sentence speaks of chooses
the values that a number may mean, whatever they are; only then is it compared with them. Words that a result said itself are a quotation,
and the number at that place is the only one that is right.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod

from pipeline.record.cases import Call, Case, Training
from pipeline.workspace.policy import Policy
from reports.grounding.facts import Evidence, Fact, facts
from reports.grounding.sentences import NUMBER, SKIPPED, Sentence, WrittenNumber, sentences, stems
from reports.grounding.vocabulary import PERCENT

MARK = "[no source]"

_QUOTED = 4  # words around a number that agree with a result's own: from here it is a quotation, and another number in it is wrong
_ECHOED = 2  # from here the words point to that place, but other values may be meant as well
_APART = 3.0  # words between a word and its number that halve what it says about it
_PART = 3  # words that a comma, a bracket or an "and" between them counts for
_BEFORE = 12  # words that lie between a number and the sentence before its own
_UNCOUNTED = frozenset({NUMBER, SKIPPED, "of", "the", "a", "an", "in", "on", "is", "was", "are", "its", "it", "at", "only"})


@dataclass(frozen=True)
class Source:
    """Where a number of a text comes from: `number` as written from `start` to `end`, and the `value` under `path` in the result of the
    tool call number `call`; where `call` is None, in the case's record or the policy, which `name` says (else it names the tool)."""

    number: str
    start: int
    end: int
    call: int | None
    name: str
    path: str
    value: float


@dataclass(frozen=True)
class Grounded:
    """A text checked. `text` has a mark behind every number without a source, `unsourced` holds those, `unsourced_at` where they stand in
    the text as it was given."""

    text: str
    sources: tuple[Source, ...]
    unsourced: tuple[str, ...]
    unsourced_at: tuple[tuple[int, int], ...]

    def places(self) -> tuple[tuple[str, str, int | None, str, float], ...]:
        """Every number once with where it stands: as written, name, call, path, value."""
        return tuple(dict.fromkeys((one.number, one.name, one.call, one.path, one.value) for one in self.sources))


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
    """Tie every number of `text` to a value of `evidence` that its sentence speaks of, rounded as written at most.

    A number said in percent means a share or a percentage; a sign that is written must be the value's. A call that is cited, as in (call
    2), must be one, and bear out a number of its sentence where the sentence has numbers.
    """
    known = _Known(tuple(evidence))
    sources: list[Source] = []
    unsourced: list[WrittenNumber] = []
    before: Sentence | None = None
    for sentence in sentences(text):
        spoken = _Spoken(sentence, before)
        cited: list[WrittenNumber] = []
        borne_out: list[Fact] = []
        for number in sentence.numbers:
            if spoken.cites(number):
                cited.append(number)
                continue
            found = known.meant(number, spoken)
            if not found:
                unsourced.append(number)
                continue
            borne_out += found
            first = found[0]
            sources.append(Source(number.written, number.start, number.end, first.call, first.name, first.path, first.value))
        for number in cited:
            speaks = not borne_out or any(fact.call == number.value for fact in borne_out)
            if number.value not in known.calls or not speaks:
                unsourced.append(number)
        before = sentence
    unsourced.sort(key=lambda number: number.start)
    return Grounded(
        _marked(text, unsourced),
        tuple(sources),
        tuple(number.written for number in unsourced),
        tuple((number.start, number.end) for number in unsourced),
    )


def _marked(text: str, unsourced: Sequence[WrittenNumber]) -> str:
    pieces, done = [], 0
    for number in unsourced:
        pieces += [text[done : number.end], f" {MARK}"]
        done = number.end
    return "".join((*pieces, text[done:]))


class _Spoken:
    """One sentence, and the one before it, as words at places."""

    def __init__(self, sentence: Sentence, before: Sentence | None) -> None:
        self.sentence = sentence
        self._places: dict[str, list[int]] = defaultdict(list)
        self._steps = [0]
        for place, token in enumerate(sentence.tokens):
            for stem in stems(token):
                self._places[stem].append(place)
            self._steps.append(self._steps[-1] + (token not in _UNCOUNTED))
        self._earlier = frozenset(stem for token in (before.tokens if before else ()) for stem in stems(token))
        self.said = frozenset(self._places) | self._earlier
        if any(number.percent for number in sentence.numbers):
            self.said |= {PERCENT}

    def cites(self, number: WrittenNumber) -> bool:
        """Whether the number is that of a tool call."""
        return number.whole and number.place > 0 and self.sentence.tokens[number.place - 1] in {"call", "calls"}

    def nearness(self, words: frozenset[str], number: WrittenNumber) -> float:
        """How near the nearest of `words` stands: 1 beside the number, 0 where none is said."""
        if number.percent and PERCENT in words:
            return 1.0
        places = [place for word in words for place in self._places.get(word, ())]
        if places:
            return 1 / (1 + min(self._apart(place, number.place) for place in places) / _APART)
        return 1 / (1 + _BEFORE / _APART) if words & self._earlier else 0.0

    def is_part_of_a_total(self, number: WrittenNumber) -> bool:
        """Whether it is the first number of "3 of 19" or "3 out of 19"."""
        rest = [token for token in self.sentence.tokens[number.place + 1 : number.place + 5] if token not in {"out", "the", "all"}]
        return rest[:2] == ["of", NUMBER]

    def is_a_total(self, number: WrittenNumber) -> bool:
        """Whether it is the second number of "3 of 19"."""
        return self.sentence.tokens[max(0, number.place - 2) : number.place] == (NUMBER, "of")

    def _apart(self, place: int, number: int) -> int:
        low, high = sorted((place, number))
        crossed = abs(self.sentence.parts[place] - self.sentence.parts[number])
        return self._steps[high] - self._steps[low + 1] + _PART * crossed


class _Known:
    """All facts, found by the words that must be said for them."""

    def __init__(self, evidence: tuple[Evidence, ...]) -> None:
        self.calls = frozenset(source.call for source in evidence if source.call is not None)
        self._facts = tuple(facts(evidence))
        self._quoted: dict[tuple[str, str], list[Fact]] = defaultdict(list)
        for fact in self._facts:
            if fact.quoted is not None:
                before, after = _neighbours(fact.quoted, fact.place)
                self._quoted["before", before].append(fact)
                self._quoted["after", after].append(fact)
        self._fitting: tuple[_Spoken, list[Fact]] | None = None

    def meant(self, number: WrittenNumber, spoken: _Spoken) -> list[Fact]:
        """The facts that the number's words may mean and its value is, the likeliest first."""
        echoed, agreeing = self._echoed(number, spoken.sentence)
        right = [fact for fact in echoed if _equals(number, fact)]
        if agreeing >= _QUOTED or right:
            return right
        return self._spoken_of(number, spoken)

    def _spoken_of(self, number: WrittenNumber, spoken: _Spoken) -> list[Fact]:
        fitting = [fact for fact in self._fit(spoken) if _same_kind(number, fact)]
        if spoken.is_part_of_a_total(number):
            fitting = [fact for fact in fitting if not fact.total]
        if not any(_equals(number, fact) for fact in fitting):
            return []
        told: dict[tuple[tuple[frozenset[str], ...], frozenset[str], bool], float] = {}
        weights = []
        counts_all = spoken.is_a_total(number)
        for fact in fitting:
            key = (fact.groups, fact.near, fact.total)
            if key not in told:
                nearness = prod(spoken.nearness(group, number) for group in fact.groups) ** (1 / len(fact.groups))
                told[key] = nearness * (1 + spoken.nearness(fact.near, number) / 4) * (2 if fact.total and counts_all else 1)
            weights.append(told[key])
        # Many figures leave little to chance, so the words need only fit; few figures are believed of what they say most clearly.
        least = max(weights) * (0.0 if number.figures >= 4 else 0.7 if number.figures == 3 else 0.85)
        found = [(weight, fact) for weight, fact in zip(weights, fitting, strict=True) if weight >= least and _equals(number, fact)]
        return [fact for _, fact in sorted(found, key=lambda pair: -pair[0])]

    def _fit(self, spoken: _Spoken) -> list[Fact]:
        if self._fitting is None or self._fitting[0] is not spoken:
            said = spoken.said
            fits = {fact.groups: all(group & said for group in fact.groups) and bool(fact.groups) for fact in self._facts}
            self._fitting = (spoken, [fact for fact in self._facts if fits[fact.groups]])
        return self._fitting[1]

    def _echoed(self, number: WrittenNumber, sentence: Sentence) -> tuple[list[Fact], int]:
        """The facts in whose own sentence the words around the number agree furthest, and how many words that is."""
        before, after = _neighbours(sentence, number.place)
        most, found = 0, list[Fact]()
        for fact in {id(fact): fact for fact in (*self._quoted["before", before], *self._quoted["after", after])}.values():
            assert fact.quoted is not None  # only such are kept here
            agree = _agreement(sentence, number.place, fact.quoted, fact.place)
            if agree > most:
                most, found = agree, []
            if agree == most and agree >= _ECHOED:
                found.append(fact)
        return found, most


def _neighbours(sentence: Sentence, place: int) -> tuple[str, str]:
    before = sentence.tokens[place - 1] if place else ""
    after = sentence.tokens[place + 1] if place + 1 < len(sentence.tokens) else ""
    return before, after


def _agreement(one: Sentence, at: int, other: Sentence, there: int) -> int:
    """How many words that say something are the same around the two places."""
    ahead = zip(one.tokens[at + 1 :], other.tokens[there + 1 :], strict=False)
    behind = zip(reversed(one.tokens[:at]), reversed(other.tokens[:there]), strict=False)
    count = 0
    for pairs in (ahead, behind):
        for ours, theirs in pairs:
            if ours != theirs:
                break
            count += ours not in _UNCOUNTED
    return count


def _same_kind(number: WrittenNumber, fact: Fact) -> bool:
    """A count is written as one, a percentage is no count, and what is written with decimals was measured."""
    if number.percent:
        return fact.percent or not fact.whole
    if fact.percent:
        return False
    return not fact.whole if not number.whole else fact.whole or abs(fact.value) >= 1


def _equals(number: WrittenNumber, fact: Fact) -> bool:
    if fact.percent and not number.percent:
        return False
    if number.sign and fact.value != 0 and (fact.value < 0) != (number.sign != "+"):
        return False
    scale = 100.0 if number.percent and not fact.percent else 1.0
    exact = fact.whole and number.whole and scale == 1.0
    return abs(abs(fact.value) * scale - number.value) <= (0 if exact else number.half_a_digit)
