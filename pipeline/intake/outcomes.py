"""Outcomes from a file, for a window or for the log."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipeline.errors import DataError
from pipeline.record.opened_workspace import Opened
from pipeline.state.outcomes import KnownOutcome, add_outcomes_in
from pipeline.state.predictions import logged_ids
from pipeline.tables.categories import Categories
from pipeline.tables.cell_values import categories_in, ids_in
from pipeline.tables.reading import read_raw, times_in
from pipeline.workspace.settings import Settings

PREDICTED_AT, OBSERVED_AT = "predicted_at", "observed_at"


def read_outcome_file(path: Path, settings: Settings) -> pd.DataFrame:
    """Columns `_id`, `_time` (missing where the file has no `predicted_at`), `_observed` (missing likewise), `_churned`.

    Of several words on an id and time the last one counts: by `observed_at` where the file has it, else by the order of rows.
    """
    schema = settings.data.columns
    id_column = settings.predictions.id or schema.id
    if id_column is None:
        raise DataError("The workspace names no id column, so outcomes cannot be joined.", "Set `id` under [data] in churnops.toml.")
    raw = read_raw(path, settings.data.format)
    if id_column not in raw.frame.columns and schema.id in raw.frame.columns:
        id_column = str(schema.id)
    if schema.target not in raw.frame.columns or id_column not in raw.frame.columns:
        raise DataError(f"{path.name} lacks `{id_column}` or `{schema.target}`.", "Outcomes need the id column and the target column.")
    answer = categories_in(raw.frame[schema.target], Categories((schema.positive,)), raw.decimal).dropna()
    others = set(answer.unique()) - {schema.positive}
    if len(others) > 1:
        raise DataError(
            f"{path.name}: `{schema.target}` holds {len(others)} values beside `{schema.positive}`.", "Export both outcomes only."
        )
    times = {"_time": times_in(raw, PREDICTED_AT), "_observed": times_in(raw, OBSERVED_AT)}
    known = pd.DataFrame(
        {"_id": ids_in(raw.frame[id_column], raw.decimal), **times, "_churned": (answer == schema.positive).astype("float64")}
    ).loc[answer.index]
    known = known.dropna(subset="_id").sort_values("_observed", kind="stable", na_position="first")
    return known.drop_duplicates(["_id", "_time"], keep="last")


@dataclass(frozen=True)
class Added:
    """What came of adding outcomes to the log: rows `added`, of them `corrected` an earlier word, and rows that were `known` already.
    `strangers` of the added have an id for which no prediction is logged; None where the log is the team's own."""

    added: int
    corrected: int
    known: int
    strangers: int | None


def add_outcomes(opened: Opened, path: Path) -> Added:
    """Add a file's outcomes to the log; what the log says already is left out, so that adding a file twice changes nothing.

    Outcomes that do not say when they were observed are known from now on.

    Raises:
        DataError: as `read_outcome_file`.
    """
    now, told = opened.clock(), read_outcome_file(path, opened.settings)
    words = [
        KnownOutcome(id_, None if pd.isna(at) else at, now if pd.isna(known) else known, int(churned))
        for id_, at, known, churned in told[["_id", "_time", "_observed", "_churned"]].itertuples(index=False)
    ]
    with opened.state.write() as connection:
        news = add_outcomes_in(connection, words)
    log, new = opened.settings.predictions, [word.id for word, one in zip(words, news, strict=True) if one != "known"]
    scored = None if log.file or log.table else logged_ids(opened.state)
    strangers = None if scored is None else sum(id_ not in scored for id_ in new)
    return Added(added=len(new), corrected=news.count("corrected"), known=news.count("known"), strangers=strangers)
