"""What is known of a window's customers from before it: who was in the reference or was scored earlier, and how their features went on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import pandas as pd

from pipeline.errors import DataError
from pipeline.profiles.profile import spelling_of
from pipeline.sources.customers import rows_of_each
from pipeline.sources.rows import rows_of
from pipeline.sources.source import ALL_ROWS, PredictionLog, Restriction
from pipeline.windows.population import MOSTLY, Population, population_of
from pipeline.windows.window import Window

SEED = 0
_LOOKED_UP = 2000  # customers: the error of a share is at most 2 points (95%)
_FOLLOWED = 100  # of them, whose scorings are read one by one
_BACK = timedelta(days=190)  # monthly refreshes show their rhythm within six of them


@dataclass(frozen=True)
class Past:
    """`population`: None where neither settings nor ids say. `scored_before`: share of its customers (0-1) that the
    log holds at another time too. `reference`: the rows of the reference table, `_id` and features, the newest of each of
    the window's customers that were looked up. `scorings`: rows of some customers with `_id`, `_time` and features over the last half year,
    in the order of time; None where they have no ids or no times, or all are new."""

    population: Population | None
    scored_before: float = 0.0
    reference: pd.DataFrame | None = None
    scorings: pd.DataFrame | None = None

    @property
    def scored_again(self) -> bool:
        """Whether the same customers are scored again and again, as declared or as the log shows; that they are in the reference proves it not:
        rows of the training delivered again are, too."""
        found = self.population
        if found is None or found.kind == "new_customers":
            return False
        return found.declared or (found.kind == "active_base" and self.scored_before >= MOSTLY)


NO_PAST = Past(None)


def look_back(window: Window, ids: pd.Series | None, scorings: pd.Series | None) -> Past:
    """The past of the customers `ids`, who are in the window, and were scored there as often as `scorings` says."""
    if ids is None or window.scored is None or window.declared == "new_customers":
        return Past(population_of(window.declared, None))
    distinct = ids.dropna().drop_duplicates().sort_values()
    some = distinct.sample(min(len(distinct), _LOOKED_UP), random_state=SEED).tolist()
    if not some:
        return Past(population_of(window.declared, None))
    reference = _in_reference(window, some)
    known = set[str]()
    if scorings is not None and window.columns.time is not None:
        known |= set(scorings.index[scorings > 1])
    if window.restriction.since is not None and not _mostly(some, known):
        known |= set(rows_of_each(window.source, window.columns, _before(window), spelling_of(window.profile), some).index)
    before = float(np.mean([id_ in known for id_ in some]))
    known |= set() if reference is None else set(reference["_id"])
    population = population_of(window.declared, float(np.mean([id_ in known for id_ in some])))
    assert population is not None  # a share tells
    follow = population.kind != "new_customers" and window.until is not None
    return Past(population, before, reference, _scorings(window, some[:_FOLLOWED]) if follow else None)


def _mostly(ids: Sequence[str], known: set[str]) -> bool:
    return sum(id_ in known for id_ in ids) >= MOSTLY * len(ids)


def _in_reference(window: Window, ids: Sequence[str]) -> pd.DataFrame | None:
    if window.roster is None:
        return None
    try:
        rows = rows_of(window.roster.source, window.roster.columns, ALL_ROWS, spelling_of(window.profile), ids)
    except DataError:
        return None  # a reference that has gone since the training is missed elsewhere; its past is not known then
    return rows.drop_duplicates("_id", keep="last") if "_id" in rows else None


def _before(window: Window) -> Restriction:
    # Whatever model scored them.
    return replace(window.restriction, since=None, until=window.restriction.since, version=None)


def _scorings(window: Window, ids: Sequence[str]) -> pd.DataFrame | None:
    assert window.until is not None  # asked before
    since, until = window.until - _BACK, window.restriction.until or window.until
    spelling = spelling_of(window.profile)
    if isinstance(window.source, PredictionLog):
        from pipeline.state.database import open_state, predictions
        from pipeline.state.predictions import read_predictions
        from pipeline.tables.cell_values import spelt

        state = open_state(window.source.place)
        try:
            rows = spelt(read_predictions(state, window.columns, since, until, predictions.c.id.in_(ids)), spelling)
        finally:
            state.close()
    else:
        meant = replace(window.restriction, since=since, until=until, version=None)
        rows = rows_of(window.source, window.columns, meant, spelling, ids)
    return rows.dropna(subset=["_id", "_time"]).sort_values(["_id", "_time"], kind="stable", ignore_index=True)
