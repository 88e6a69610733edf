"""A list of customers by their risk of churn, scored as serving scores them, and the file it goes into."""

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, cast

from pipeline.atomic_files import write_atomically
from pipeline.scoring.customer_row import Row
from pipeline.scoring.scorer import Scored, Scorer

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".csv", ".parquet")
_AT_ONCE = 10_000  # rows, so that memory does not grow with the list


def answers(scorer: Scorer, rows: "pd.DataFrame") -> list[Scored]:
    """The champion's answers about rows with its features, typed, in their order."""
    features = rows[list(scorer.schema.features)].astype(object)
    told = cast(list[Row], features.where(features.notna(), None).to_dict("records"))
    return [one for start in range(0, len(told), _AT_ONCE) for one in scorer.score_many(told[start : start + _AT_ONCE])]


def scored_list(scorer: Scorer, rows: "pd.DataFrame") -> "pd.DataFrame":
    """One row per customer of `rows` (`_id` and features): `id`, `score` (probability of churn, 0-1) and `tier`, the highest risk first."""
    import pandas as pd

    scored = answers(scorer, rows)
    told = pd.DataFrame(
        {"id": rows["_id"].to_numpy(), "score": [one.probability for one in scored], "tier": [one.tier for one in scored]},
        columns=["id", "score", "tier"],
    )
    return told.sort_values(["score", "id"], ascending=[False, True], kind="stable", ignore_index=True)


def write_table(table: "pd.DataFrame", path: Path) -> None:
    """Write a table as its suffix says, one of `SUFFIXES`; the file is the old one or the new one at any moment.

    Raises:
        OSError: it cannot be written.
    """
    content = BytesIO()
    if path.suffix.lower() == ".parquet":
        table.to_parquet(content, index=False)
    else:
        table.to_csv(content, index=False)
    write_atomically(path, content.getvalue())
