"""What a language model wrote of four cases, citing as it does by nature, is believed; with a number, a column or a call changed it is not."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from reports.grounding.facts import Evidence
from reports.grounding.grounding import Grounded, KnownValues, Source, check, ground
from reports.grounding.writing import sentences
from tests.reports.record import policy

NARRATIVES = sorted((Path(__file__).parent / "narratives").glob("*.jsonl"))


@dataclass(frozen=True)
class Narrative:
    """The words, and what the tools had said."""

    text: str
    evidence: tuple[Evidence, ...]
    known: KnownValues

    def checked(self, start: int = 0, end: int = 0, instead: str = "") -> Grounded:
        """The words, with others in that place."""
        return check(self.text[:start] + instead + self.text[end:], self.known)

    def caught(self, start: int, end: int, instead: str) -> bool:
        """Whether a mark more appears once other words stand there."""
        return self.checked(start, end, instead).marked != ()

    def stands(self, number: str, call: int) -> bool:
        """Whether that call says the number, too."""
        return not check(f"{number} (call {call})", self.known).marked


@cache
def narrative(path: Path) -> Narrative:
    """One transcript's."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    reports = [line["arguments"] for line in lines if line["kind"] == "tool_called" and line["name"] == "save_remediation_report"]
    text = f"{reports[0]['summary']}\n\n{reports[0]['reasoning']}"
    said = [line for line in lines if line["kind"] == "tool_returned" and line["name"] != "save_remediation_report"]
    told = tuple(Evidence(line["structured"]["call"], line["name"], line["structured"]) for line in said)
    evidence = (*told, Evidence(None, "policy", policy().model_dump(mode="json")))
    return Narrative(text, evidence, KnownValues(evidence))


def digits(number: str) -> int:
    """How many digits tell the number from others."""
    return len(re.sub(r"\D", "", number).lstrip("0"))


@pytest.mark.parametrize("path", NARRATIVES, ids=lambda path: path.stem)
def test_what_was_written_is_believed(path: Path) -> None:
    told = narrative(path)
    found = ground(told.text, told.evidence)
    assert found.unsourced == ()
    assert len(found.sources) >= 40


@pytest.mark.slow
def test_a_corrupted_number_is_caught_unless_it_is_another_value_of_the_cited_calls() -> None:
    tried, others, caught = 0, 0, 0
    for told in map(narrative, NARRATIVES):
        for source in told.checked().sources:
            if digits(source.number) < 3 or source.number.count("-") > 1:  # no date
                continue
            for place in [at for at in range(source.start, source.end) if told.text[at].isdigit()][1:3]:
                found = told.checked(place, place + 1, str((int(told.text[place]) + 1 + place % 8) % 10))
                tried += 1
                if found.marked:
                    caught += 1
                else:
                    own = next((one for one in found.sources if one.start == source.start), None)
                    others += own is not None and re.search(r" [−+÷] ", own.path) is None
    assert tried >= 200
    assert others / tried <= 0.05
    assert caught / (tried - others) >= 0.95


def columns_swapped(told: Narrative) -> Iterator[bool]:
    """For each sentence that tells a long number of a column it names: whether another column's name in that place is caught, where the call
    does not say the same of it."""
    features = told.known.features
    sources = [one for one in told.checked().sources if digits(one.number) >= 3 and one.number.count("-") < 2 and one.call]
    for sentence in sentences(features.masked(told.text)):
        words = told.text[sentence.start : sentence.end]
        own = [one for one in sources if sentence.start <= one.start < sentence.end]
        named = features.named(words)
        others = sorted(features.names - named)[:4]
        for name, other in ((name, other) for name in sorted(named) for other in others):
            if name in words and any(_said_of(one, name, told) and not _said_of(one, other, told) for one in own):
                yield told.caught(sentence.start, sentence.end, re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", other, words))


def _said_of(number: Source, column: str, told: Narrative) -> bool:
    return not check(f"`{column}` {number.number} (call {number.call})", told.known).marked


def test_a_number_of_one_column_said_of_another_is_caught() -> None:
    found = [caught for path in NARRATIVES for caught in columns_swapped(narrative(path))]
    assert len(found) >= 30
    assert sum(found) / len(found) >= 0.95


def calls_swapped(told: Narrative) -> Iterator[bool]:
    """For each citation behind long numbers: whether another call in its place, that does not say all of them, is caught."""
    for sentence in sentences(told.known.features.masked(told.text)):
        done = sentence.start
        for citation in sentence.citations:
            covered = [one.written for one in sentence.numbers if done <= one.start < citation.start and digits(one.written) >= 3]
            done = citation.end
            for call in {one.call for one in told.evidence if one.call} - {*citation.calls}:
                if not all(told.stands(number, call) for number in covered):
                    yield told.caught(citation.start, citation.end, str(call))


def test_a_number_cited_from_a_call_that_does_not_say_it_is_caught() -> None:
    found = [caught for path in NARRATIVES for caught in calls_swapped(narrative(path))]
    assert len(found) >= 60
    assert sum(found) / len(found) >= 0.95
