"""The questions that the rulebook answers, as people put them: a question is recognised by its likeness to these."""

from dataclasses import dataclass
from importlib.resources import files
from typing import Literal, get_args

Kind = Literal["case", "history", "column", "drift", "health", "churn", "onset", "predictions", "outcomes", "compare", "report", "help", ""]
COLUMN = "tenure"  # in a phrasing it stands for any feature


@dataclass(frozen=True)
class Topic:
    """What a question is about. `kind`: which answer it has, none where it is declined; topics of one kind lead it with another line. `about`: what
    is answered, for people; `needs`: the tools that the answer rests on, in order; `phrasings`: how people ask, the first one is shown."""

    name: str
    kind: Kind
    about: str
    needs: tuple[str, ...]
    phrasings: tuple[str, ...]


def _topics() -> tuple[Topic, ...]:
    told = files(__package__).joinpath("published_questions.tsv").read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in told if not line.startswith("#"))
    kinds = {kind: kind for kind in get_args(Kind)}
    return tuple(
        Topic(name, kinds[kind], about, tuple(needs.split()), tuple(phrasings.split(" | "))) for name, kind, about, needs, phrasings in rows
    )


*_published, OUTSIDE = _topics()
TOPICS = tuple(_published)
