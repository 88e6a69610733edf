"""The outcomes known of a window: read, brought to its rows, and why there are none."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pandas as pd

from pipeline.errors import DataError
from pipeline.intake.outcomes import read_outcome_file
from pipeline.record.opened_workspace import Opened
from pipeline.sources.rows import rows_of
from pipeline.sources.source import Restriction
from pipeline.state.outcome_labels import LabelRule, labels_of
from pipeline.state.outcomes import read_outcomes
from pipeline.tables.categories import Spelling
from pipeline.tables.schema import Schema
from pipeline.windows.window import Labelled, Window
from pipeline.workspace.settings import Settings

_DAY = timedelta(days=1)  # scoring times may be cut to their day


def label_rule(settings: Settings) -> LabelRule:
    """How outcomes become labels in a workspace."""
    named = settings.outcomes
    return LabelRule(named.horizon_length, named.absence == "stayed", settings.data.format.timezone)


def told_in_log(opened: Opened) -> pd.DataFrame:
    """What is on record by now; as `read_outcomes`."""
    return read_outcomes(opened.state, opened.clock(), moments=bool(opened.settings.outcomes.horizon))


def told_in_file(opened: Opened, path: Path) -> pd.DataFrame:
    """What a file says that stands in for the record; as `read_outcomes`. With a horizon, what is said of the future is not known yet.

    Raises:
        DataError: as `read_outcome_file`.
    """
    words = read_outcome_file(opened, path).words
    words = words.assign(_recorded=words["_recorded"].fillna(words["_observed"]))
    if words.empty:
        raise DataError(f"{path.name} holds no outcome.", "Each row needs an id and a word for churned or stayed.")
    if not opened.settings.outcomes.horizon:
        return words
    return words[words["_observed"].isna() | (words["_observed"] <= opened.clock())]


def labels_of_source(window: Window, settings: Settings, spelling: Spelling, told: pd.DataFrame, meant: Restriction) -> Labelled:
    """The rows that are `meant` of a window's source, one of the team's own, whose outcome is among those `told`; no other row leaves its
    place, but where customers without an outcome may have stayed.

    Raises:
        DataError: a horizon has no scoring times to count from.
    """
    rule, profile = label_rule(settings), window.profile
    dated = told["_time"].notna()
    if rule.horizon is not None and profile.since is None and not dated.all():
        raise DataError(
            f"{window.name} has no scoring time, from where the horizon of {settings.outcomes.horizon} counts.",
            "Name its column as `time` under [predictions], or leave `horizon` under [outcomes] empty.",
        )
    since, until = meant.since or profile.since, meant.until or profile.until
    if profile.since is not None and since is not None and until is not None:
        # Customers of other scoring times need not be looked for.
        told = told[~dated | told["_time"].between(since - _DAY, until + _DAY)]
    ids = None if rule.absence_is_stayed else told["_id"].unique().tolist()
    if ids is None and rule.horizon is not None and not dated.any():
        matured = (told["_observed"].max() - rule.horizon).to_pydatetime()
        meant = replace(meant, until=matured if meant.until is None else min(meant.until, matured))
    return labelled_rows(rows_of(window.source, window.columns, meant, spelling, ids), window.columns, told, rule)


def require_some_of_source(window: Window, spelling: Spelling, told: pd.DataFrame, file: str) -> None:
    """As `require_some`, of a window in a source of the team's own.

    Raises:
        DataError: as `require_some`.
    """
    if not window.labelled_rows:
        every = rows_of(window.source, window.columns, window.restriction, spelling, told["_id"].unique().tolist())
        require_some(window.labelled, every["_id"], told, file, window.name)


def labelled_rows(rows: pd.DataFrame, columns: Schema, told: pd.DataFrame, rule: LabelRule) -> Labelled:
    """Rows with the columns `_id` and, where they have a scoring time, `_time`, whose outcome is among those `told`."""
    times = rows.get("_time")
    churned = labels_of(rows["_id"], times, told, rule)
    known = churned.notna()
    return Labelled(
        features=rows.loc[known, list(columns.features)],
        churned=churned[known].astype("int64"),
        ids=rows.loc[known, "_id"],
        times=None if times is None else times[known],
    )


def require_some(found: Labelled, ids: pd.Series, told: pd.DataFrame, file: str, window: str) -> None:
    """Why nothing of a file became a label. `ids`: those of the window.

    Raises:
        DataError: nothing did.
    """
    if not found.churned.empty:
        return
    asked = told["_id"].unique()
    there = int(pd.Series(asked).isin(ids).sum())
    said = f"No outcome in {file} belongs to a row of {window}"
    if not there:
        raise DataError(
            f"{said}: none of its {len(asked):,} ids is there.", "Check the ids, and the column named as `id` under [outcomes]."
        )
    if told["_time"].notna().any():
        raise DataError(
            f"{said}: {there:,} of its {len(asked):,} ids are there, but at other scoring times.",
            "Name the column with the scoring time of the prediction as `scored_at` under [outcomes], or leave it out of the file: "
            "outcomes without one belong to all predictions of their customer.",
        )
    raise DataError(
        f"{said}: {there:,} of its {len(asked):,} ids are there, but no horizon is over yet.", "Take older predictions, like --window 60d."
    )
