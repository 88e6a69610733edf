"""Which question it is: the published phrasings it is like in its letters. What is like none of them is declined, never guessed."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

from agent.operators.chat_rulebook.published_questions import COLUMN, OUTSIDE, TOPICS, Kind, Topic

LONGEST = 300  # characters of a question; more is no question
# Both chosen on the published phrasings, each judged by those it was not fitted on.
LIKE = 0.30  # likeness to one phrasing, 0-1, from which a question is answered
AHEAD = 0.35  # by how much the classifier must prefer one kind to the next, in its margins
_OF_A_FEATURE: frozenset[Kind] = frozenset({"column", "onset", "case", ""})  # kinds of questions that name one
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")


@dataclass(frozen=True)
class Question:
    """What was understood of a question. `topic`: None where it is declined; `nearest`: topics by likeness, for an offer; `features`: those named,
    in order."""

    text: str
    topic: Topic | None
    nearest: tuple[Topic, ...]
    features: tuple[str, ...] = ()


def recognise(text: str, features: Sequence[str]) -> Question:
    """The question that `text` is, for a workspace with these features."""
    plain = _plain(text[: LONGEST + 1])
    if len(text) > LONGEST or not _WORD.search(plain):
        return Question("", None, TOPICS[:3])
    masked, named = _masked(plain, features)
    topic, nearest = likeness(masked, _fitted(), about_a_feature=bool(named))
    # What is asked of two features at once, no answer about one of them says.
    together = topic is not None and topic.name == "column" and len(named) > 1
    return Question(plain, None if together else topic, nearest, named)


def likeness(masked: str, fitted: tuple[list[Topic], Any, Any, Any], *, about_a_feature: bool) -> tuple[Topic | None, tuple[Topic, ...]]:
    """The topic of a question, None where it is not sure; and the three nearest. Pieces that no phrasing has count against it."""
    topics, vectorizer, phrasings, classifier = fitted
    grams, asked = pieces(masked), vectorizer.transform([masked])
    known = sum(gram in vectorizer.vocabulary_ for gram in grams) / max(1, len(grams))
    fits = {topic.kind: topic.kind in _OF_A_FEATURE if about_a_feature else topic.kind != "column" for topic in topics}
    best = dict.fromkeys(topics, 0.0)
    for topic, like in zip(topics, (known * (phrasings @ asked.T).toarray()[:, 0]).tolist(), strict=True):
        best[topic] = max(best[topic], like if fits[topic.kind] else 0.0)
    order = sorted(best, key=lambda topic: -best[topic])
    margins = dict(zip(classifier.classes_, classifier.decision_function(asked)[0].tolist(), strict=True))
    kinds = sorted((kind for kind, fit in fits.items() if fit), key=lambda kind: -margins[kind])
    sure = order[0].kind == kinds[0] != "" and best[order[0]] >= LIKE and margins[kinds[0]] - margins[kinds[1]] >= AHEAD
    return order[0] if sure else None, tuple(topic for topic in order if topic is not OUTSIDE)[:3]


def fit(told: Sequence[tuple[Topic, str]]) -> tuple[list[Topic], Any, Any, Any]:
    """Of phrasings: their topics, the weights of pieces by how rare they are, the phrasings so weighed, and a linear classifier of their kinds."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    vectorizer = TfidfVectorizer(analyzer=pieces, sublinear_tf=True)
    weighed = vectorizer.fit_transform(_plain(phrasing) for _, phrasing in told)
    return [topic for topic, _ in told], vectorizer, weighed, LinearSVC(random_state=0).fit(weighed, [topic.kind for topic, _ in told])


@cache
def _fitted() -> tuple[list[Topic], Any, Any, Any]:
    return fit([(topic, phrasing) for topic in (*TOPICS, OUTSIDE) for phrasing in topic.phrasings])


def pieces(text: str) -> list[str]:
    """Three to five letters of each word, with its ends, the words, and each two that stand together."""
    words = [f" {word} " for word in _WORD.findall(text)]
    letters = [word[at : at + size] for word in words for size in (3, 4, 5) for at in range(max(1, len(word) - size + 1))]
    return [*letters, *words, *(one + other for one, other in pairwise(words))]


def _plain(text: str) -> str:
    """Lower case, one line, without control characters."""
    folded = unicodedata.normalize("NFKC", text).replace("’", "'")
    return re.sub(r"\s+", " ", "".join(one if one.isprintable() else " " for one in folded)).casefold().strip()


def _masked(plain: str, features: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The question with one name in place of every feature's, and the features it names, however spelt; a word of a phrasing is that word."""
    ordinary = {word for topic in (*TOPICS, OUTSIDE) for one in topic.phrasings for word in _WORD.findall(one.casefold())} - {COLUMN}
    keys = {"".join(_WORD.findall(_plain(feature))): feature for feature in reversed(features)}
    words, masked, named = _WORD.findall(plain), list[str](), list[str]()
    while words:
        length = next(
            (n for n in range(min(4, len(words)), 0, -1) if "".join(words[:n]) in keys and (n > 1 or words[0] not in ordinary)), 0
        )
        named += [keys["".join(words[:length])]] if length else []
        masked.append(COLUMN if length else words[0])
        words = words[length or 1 :]
    return " ".join(masked), tuple(dict.fromkeys(named))
