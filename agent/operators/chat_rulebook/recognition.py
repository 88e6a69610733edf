"""Which question it is: words, names of features and a table of patterns, nothing more. What is not recognised is said, not guessed."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Literal

from agent.operators.chat_rulebook.facts import Facts
from agent.operators.chat_rulebook.proposal import Proposal
from agent.operators.chat_rulebook.vocabulary import Concept, concepts_of, family_meant, is_known, is_quiet
from pipeline.families import USUAL

LONGEST = 1_000  # characters of a question; more is no question
_CLOSE = 0.88  # likeness from which a misspelt name is taken for a feature's
_SHORTEST = 4  # letters of a word that may be a misspelt name
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+|\d+")
NAMED = "named"  # in a pattern: a feature is named
Need = Literal["get_drift_summary", "get_current_model_metrics", "diagnose", "inspect_feature", "compare_models"]


@dataclass(frozen=True)
class Question:
    """What was understood of a question. `intents`: the best reading first, others that fit as well behind it; empty where none fits.
    `features`: named ones in order. `respelt`: words taken for a feature's name. `unclear`: a word that may mean one of several
    features. `unknown`: words that are not in the vocabulary. `family`: the model family it speaks of, else the usual one."""

    text: str
    concepts: frozenset[Concept] = frozenset()
    features: tuple[str, ...] = ()
    respelt: tuple[tuple[str, str], ...] = ()
    unclear: tuple[str, tuple[str, ...]] | None = None
    unknown: tuple[str, ...] = ()
    intents: tuple["Intent", ...] = field(default=())
    family: str = USUAL


Answerer = Callable[[Facts, Question], str | Proposal]


@dataclass(frozen=True)
class Intent:
    """One kind of question. `about`: what is answered; `examples`: how people ask, the first one is shown; `cores`: sets of concepts (and
    `named`, a feature is named), one of which a question must hold; `also`: what else it may be about; `needs`: tools it rests on;
    `answer` writes it, None where the policy's next step is asked for."""

    name: str
    about: str
    examples: tuple[str, ...]
    cores: tuple[frozenset[str], ...]
    also: frozenset[str]
    needs: tuple[Need, ...]
    answer: Answerer | None = field(repr=False)


def recognise(text: str, features: Sequence[str], intents: Sequence["Intent"], carried: tuple[str, ...] = ()) -> Question:
    """The question that `text` is, for a workspace with these features; `carried`: features of the question before, which
    "and by contract?" goes on about."""
    if len(text) > LONGEST:
        return Question(text="")
    plain = _plain(text)
    words = [word.replace("’", "'") for word in _WORD.findall(plain)]
    named, respelt, unclear, left = _features(words, features)
    concepts = frozenset(concept for word in left for concept in concepts_of(word))
    if concepts and concepts <= {"by", "days", "each"} and len(named) < 2 and (not named or "by" in concepts):
        named = tuple(dict.fromkeys((*carried[:1], *named)))
    unknown = tuple(dict.fromkeys(word for word in left if not is_known(word)))
    return Question(plain, concepts, named, respelt, unclear, unknown, _readings(concepts, named, unknown, intents), family_meant(left))


def _plain(text: str) -> str:
    """Lower case, one line, without control characters."""
    folded = unicodedata.normalize("NFKC", text)
    return re.sub(r"\s+", " ", "".join(one if one.isprintable() else " " for one in folded)).casefold().strip()


def _readings(
    concepts: frozenset[Concept], named: tuple[str, ...], unknown: tuple[str, ...], intents: Sequence["Intent"]
) -> tuple["Intent", ...]:
    """The intents that account for most of what was understood, of these the most specific; none where as many words are strange."""
    present: frozenset[str] = concepts | {NAMED} if named else concepts
    weights = {intent.name: _weight(intent, present) for intent in intents}
    best = max(weights.values(), default=(0, 0))
    if best[0] == 0 or len(unknown) >= best[0]:
        return ()
    return tuple(intent for intent in intents if weights[intent.name] == best)


def _weight(intent: "Intent", present: frozenset[str]) -> tuple[int, int]:
    cores = [core for core in intent.cores if core <= present]
    if not cores:
        return 0, 0
    return len(present & (intent.also.union(*cores))), max(len(core) for core in cores)


def _features(
    words: list[str], features: Sequence[str]
) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...], tuple[str, tuple[str, ...]] | None, list[str]]:
    """Features that the words name, however spelt; and the words that are left. A word that means something else too is left as well."""
    by_key = {_key(feature): feature for feature in reversed(features)}
    longest = max((len(_PARTS.findall(feature)) for feature in features), default=0)
    named: list[str] = []
    respelt: list[tuple[str, str]] = []
    unclear: tuple[str, tuple[str, ...]] | None = None
    left: list[str] = []
    at = 0
    while at < len(words):
        length = next((n for n in range(longest, 0, -1) if "".join(words[at : at + n]) in by_key and at + n <= len(words)), 0)
        word = words[at]
        if length and not (length == 1 and is_quiet(word)):
            named.append(by_key["".join(words[at : at + length])])
            left.extend([word] if length == 1 and concepts_of(word) else [])
            at += length
            continue
        at += 1
        meant = () if is_known(word) or len(word) < _SHORTEST else _meant(word, by_key)
        if len(meant) == 1:
            named.append(meant[0])
            respelt.append((word, meant[0]))
        elif meant:
            unclear = (word, meant)
        else:
            left.append(word)
    return tuple(dict.fromkeys(named)), tuple(respelt), unclear, left


def _meant(word: str, by_key: Mapping[str, str]) -> tuple[str, ...]:
    """The features that a strange word may stand for: those it is a part of, else those spelt much like it."""
    holding = tuple(feature for feature in by_key.values() if word in (part.casefold() for part in _PARTS.findall(feature)))
    return holding or tuple(by_key[key] for key in get_close_matches(word, by_key, n=3, cutoff=_CLOSE))


def _key(feature: str) -> str:
    """A feature's name as its words are written one behind the other."""
    return "".join(_WORD.findall(_plain(feature)))
