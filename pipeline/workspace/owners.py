"""Whom to call about a fault: `[owners]`, by feature, by source, and by feed."""

from collections.abc import Mapping

from pipeline.tables.schema import Schema
from pipeline.tables.similar_names import most_alike

FEEDS = ("predictions", "outcomes")  # that have owners beside those of columns
LONGEST_OWNER = 200  # characters: a name and an address


def check_owners(owners: Mapping[str, str], columns: Schema) -> None:
    """Refuse what names nothing, or nobody.

    Raises:
        ValueError: a name that is no feature, source or feed, or an owner that is blank or too long.
    """
    for name, owner in owners.items():
        if name not in (*columns.features, *FEEDS) and name.partition("=")[0] not in columns.categorical:
            close = most_alike(name, (*columns.features, *FEEDS))
            hint = f"perhaps `{close}` is meant" if close else "a source is named like `region=north`, a feed `predictions` or `outcomes`"
            raise ValueError(f"`owners` names `{name[:80]}`, which is no feature of [data]; {hint}")
        if not owner.strip() or len(owner) > LONGEST_OWNER:
            raise ValueError(f"the owner of `{name[:80]}` is a name and an address of at most {LONGEST_OWNER} characters")
