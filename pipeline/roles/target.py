"""What the target says: which value means that a customer churned, which that one stayed, and which rows say neither."""

import difflib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pipeline.errors import DataError
from pipeline.tables.cell_values import categories_in
from pipeline.tables.reading import RawTable
from pipeline.words import counted

_MOST_VALUES = 20  # more are no answer to yes or no
_CHURN = frozenset(
    {"attrited", "attrited customer", "canceled", "cancelled", "churn", "churned", "churner", "exited", "gone", "inactive", "left", "lost"}
    | {"quit", "terminated"}
)
_STAYED = frozenset({"active", "current", "existing", "existing customer", "retained", "stayed"})
_YES = (
    _CHURN
    | frozenset({"1", "t", "true", "y", "yes"})
    # Yes in the languages of the tables people bring.
    | frozenset({"ja", "oui", "si", "sí", "sì", "sim", "evet", "tak", "ano", "áno", "igen", "kyllä", "da", "да", "так", "ναι", "כן", "نعم"})
    | frozenset({"हाँ", "हां", "是", "はい", "예", "네", "ya", "có", "jah", "taip", "jā", "ใช่"})
)
_NO = (
    _STAYED
    | {"0", "f", "false", "n", "no"}
    | frozenset(
        {
            "hayır",
            "hayir",
            "nein",
            "nej",
            "nee",
            "nei",
            "nie",
            "ne",
            "nem",
            "não",
            "nao",
            "non",
            "ei",
            "нет",
            "ні",
            "όχι",
            "לא",
            "لا",
            "नहीं",
        }
        | {"否", "不", "いいえ", "아니요", "아니오", "tidak", "không"}
    )
)
_STAYING = frozenset({"active", "alive", "loyal", "renewed", "retained", "retention", "stay", "stayed", "stays"})


@dataclass(frozen=True)
class Value:
    """A value of the target and its rows."""

    text: str
    rows: int


@dataclass(frozen=True)
class Target:
    """`positive`: the value that means churn; `negative`: those that mean staying. `doubtful`: all values, where nothing but their rarity
    speaks for the choice; empty where it is sure. `unknown`: rows without a value; `dropped`: rows with one that is left out."""

    positive: str
    negative: tuple[str, ...]
    doubtful: tuple[Value, ...]
    unknown: int
    dropped: int


def open_values(raw: RawTable, name: str, positive: str = "", drop: Collection[str] = ()) -> tuple[Value, ...]:
    """The values of a target of which nothing tells for sure which means churn; empty where it is told. Arguments and errors as `read_target`,
    but that several values are an answer too."""
    found = _counted_values(raw, name)
    _require_known([*drop, *([positive] if positive else [])], found, name)
    kept = [value for value in found if value.text not in drop]
    if positive or not 2 <= len(kept) <= _MOST_VALUES or _by_word(kept, name):
        return ()
    return tuple(kept)


def read_target(raw: RawTable, name: str, positive: str = "", drop: Collection[str] = ()) -> Target:
    """Read a target of two values, or of several where `positive` says which means churn; rows with a value in `drop` are left out.

    Which of two values means churn is told by the words of the common languages, turned round where the column's name says that the customer
    stayed; else the rarer value is taken, and that is doubtful.

    Raises:
        DataError: no such column or value, one value only, more than two without `positive`, or too many to be an answer.
    """
    found = _counted_values(raw, name)
    _require_known([*drop, *([positive] if positive else [])], found, name)
    kept = [value for value in found if value.text not in drop]
    _require_answers(kept, name, positive)
    sure = positive or _by_word(kept, name)
    chosen = sure or kept[1].text
    return Target(
        positive=chosen,
        negative=tuple(value.text for value in kept if value.text != chosen),
        doubtful=() if sure else tuple(kept),
        unknown=len(raw.frame) - sum(value.rows for value in found),
        dropped=sum(value.rows for value in found if value.text in drop),
    )


def _counted_values(raw: RawTable, target: str) -> list[Value]:
    """The values of a target, the commonest first."""
    if target in raw.frame:
        cells = categories_in(raw.frame[target], None, raw.decimal).value_counts()
        return [Value(str(text), int(rows)) for text, rows in cells.items()]
    by_lower = {name.lower(): name for name in raw.frame.columns}
    close = [f"`{by_lower[name]}`" for name in difflib.get_close_matches(target.lower(), by_lower, cutoff=0.5)]
    hint = f"Did you mean {' or '.join(close)}?" if close else f"Its columns are {', '.join(f'`{name}`' for name in raw.frame.columns)}."
    raise DataError(f"{raw.path.name} has no column `{target}`.", hint)


def _require_known(texts: Collection[str], found: Sequence[Value], target: str) -> None:
    known = [value.text for value in found]
    for text in texts:
        if text not in known:
            raise DataError(
                f"No value of `{target}` is `{text}`.", f"Its values are {' and '.join(f'`{one}`' for one in known[:_MOST_VALUES])}."
            )


def _require_answers(kept: Sequence[Value], target: str, positive: str) -> None:
    if len(kept) == 2 or (positive and 2 < len(kept) <= _MOST_VALUES and positive in [value.text for value in kept]):
        return
    if len(kept) < 2:
        raise DataError(f"The target `{target}` holds one value only; churn is a yes or a no.", "Name a column with both outcomes.")
    if len(kept) > _MOST_VALUES:
        raise DataError(
            f"The target `{target}` holds {len(kept):,} different values; churn is a yes or a no.", "Name a column with the outcome."
        )
    told = ", ".join(f"`{value.text}` ({counted(value.rows, 'row')})" for value in kept)
    raise DataError(
        f"The target `{target}` holds {len(kept)} different values: {told}.",
        "Say which means churned with --positive; the others count as stayed, and --drop-target VALUE leaves the rows of one out.",
    )


def _by_word(kept: Sequence[Value], target: str) -> str:
    """The value that words tell to mean churn; empty where they do not."""
    texts = [value.text for value in kept]
    yes, no = ([text for text in texts if text.casefold().strip(" .!") in words] for words in (_YES, _NO))
    if len(texts) != 2:
        return ""
    told = yes[0] if len(yes) == 1 else next((text for text in texts if text not in no), "") if len(no) == 1 else ""
    if not told or _STAYING.isdisjoint(word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", target)):
        return told
    # "stayed: yes" is a customer who did not churn; words like "churned" mean what they say in any column.
    spoken = {text.casefold().strip(" .!") for text in texts}
    return told if spoken & (_CHURN | _STAYED) else next(text for text in texts if text != told)
