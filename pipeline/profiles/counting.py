"""Making profiles: the queries of one window, put together. Only counts leave the engine that holds the rows."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from pipeline.profiles import queries as sql
from pipeline.profiles.grid import Grid, Numbers, PointGrid, even_grid
from pipeline.profiles.profile import (
    KEPT,
    CategoricalProfile,
    Counts,
    Exact,
    NumericalProfile,
    Profile,
    Values,
    categorical_profile,
    content_of,
    merge_numerical,
    sparse_cells,
    spelling_of,
)
from pipeline.sources.customers import counted_customers
from pipeline.sources.relation import Column, Relation, epoch_of
from pipeline.sources.source import ALL_ROWS, Restriction, Source
from pipeline.sources.source_opening import open_source
from pipeline.tables.categories import NO_SPELLING, Categories, Spelling, settled
from pipeline.tables.cell_numbers import LARGEST, number_in
from pipeline.tables.customer_counts import CustomerCounts
from pipeline.tables.missing import present
from pipeline.tables.schema import Schema

_FEW = 256  # different values up to which a reference's numbers are kept one by one
_SMALL = 1000  # rows up to which they always are: Evidently's tests for small references need them


def profile_reference(source: Source, schema: Schema, restriction: Restriction = ALL_ROWS, spelling: Spelling = NO_SPELLING) -> Profile:
    """The profile of a reference. It chooses the cells and lists the known categories; windows are profiled against it. How categories are
    spelt is settled here, but for those that have a `spelling` already.

    Raises:
        DataError: the source cannot be read, or lacks a column that the restriction needs.
    """
    with open_source(source, schema, restriction, spelling) as relation:
        return _profile(relation, schema, {name: _grid(relation, name) for name in schema.numerical}, spelling, None)


def profile_window(source: Source, schema: Schema, reference: Profile, restriction: Restriction = ALL_ROWS) -> Profile:
    """The profile of a window on the cells and categories of `reference`, which was made with the same features.

    Raises:
        DataError: the source cannot be read, or lacks a column that the restriction needs.
    """
    with open_source(source, schema, restriction, spelling_of(reference)) as relation:
        return _against(reference, relation, schema)


def profile_with_customers(
    source: Source, schema: Schema, reference: Profile, restriction: Restriction
) -> tuple[Profile, CustomerCounts | None]:
    """As `profile_window`, and how often its customers were scored, None where they have no ids: the source is opened once.

    Raises:
        DataError: as `profile_window`.
    """
    with open_source(source, schema, restriction, spelling_of(reference)) as relation:
        return _against(reference, relation, schema), counted_customers(relation)


def _against(reference: Profile, relation: Relation, schema: Schema) -> Profile:
    grids = {column.name: column.grid for column in reference.numerical}
    known = {column.name: column.known for column in reference.categorical}
    return _profile(relation, schema, grids, spelling_of(reference), known)


def last_time(source: Source, schema: Schema, place: int = 1, until: datetime | None = None) -> datetime | None:
    """The newest scoring time of a source, `until` some time where it is given, or that of the row at this `place` from the newest, of the
    oldest where there are not so many; None where no row has a time, or the source no column of times.

    Raises:
        DataError: the source cannot be read.
    """
    with open_source(source, schema, Restriction(until=until)) as relation:
        if relation.time is None:
            return None
        (seconds,) = relation.one(sql.newest_query(relation, relation.time, epoch_of(relation, relation.time), place))
        return None if seconds is None else datetime.fromtimestamp(float(seconds), UTC)


def count_rows(source: Source, schema: Schema, restriction: Restriction) -> int:
    """How many rows are meant.

    Raises:
        DataError: the source cannot be read, or lacks a column that the restriction needs.
    """
    with open_source(source, schema, restriction) as relation:
        return int(_time_span(relation)[0])


def exact_values(
    before: tuple[Source, Restriction], after: tuple[Source, Restriction], schema: Schema, spelling: Spelling = NO_SPELLING
) -> Exact:
    """What `scores.score_profiles` asks where two profiles leave a verdict open: a column's different values in the reference `before`
    and in the window `after`, each a source and which of its rows are meant. `spelling`: as `open_source`."""

    def values(name: str) -> tuple[Values, Values]:
        return _values_in(*before, schema, spelling, name), _values_in(*after, schema, spelling, name)

    return values


def _values_in(source: Source, restriction: Restriction, schema: Schema, spelling: Spelling, name: str) -> Values:
    with open_source(source, schema, restriction, spelling) as relation:
        told = _told_values(relation, relation.columns[name])
    return Values(values=tuple(told.values.tolist()), counts=tuple(told.counts.tolist()))


def _profile(
    relation: Relation, schema: Schema, grids: Mapping[str, Grid], spelling: Spelling, known: Mapping[str, tuple[str, ...]] | None
) -> Profile:
    rows, since, until = _time_span(relation)
    used = [column for column in (relation.id, relation.time) if column is not None]
    return Profile(
        rows=rows,
        numerical=tuple(_numerical(relation, name, grids[name], rows) for name in schema.numerical),
        categorical=tuple(
            _categorical(relation, name, spelling.get(name), None if known is None else known[name], rows) for name in schema.categorical
        ),
        absent=tuple(name for name in schema.features if name not in relation.columns),
        extra=tuple(
            sorted(n for n, column in relation.columns.items() if n not in schema.features and n != schema.target and column not in used)
        ),
        repeats=None if relation.id is None else int(relation.one(sql.repeats_query(relation, relation.id))[0] or 0),
        since=since,
        until=until,
    )


def _time_span(relation: Relation) -> tuple[int, datetime | None, datetime | None]:
    """Rows, first and last scoring time."""
    time = None if relation.time is None else epoch_of(relation, relation.time)
    rows, first, last = relation.one(sql.summary_query(relation, time))
    since, until = (None if seconds is None else datetime.fromtimestamp(float(seconds), UTC) for seconds in (first, last))
    return rows, since, until


def _grid(relation: Relation, name: str) -> Grid:
    """The cells for a reference's column."""
    if name not in relation.columns:
        return PointGrid(points=())
    column = relation.columns[name]
    rows = relation.rows(f"{sql.values_query(relation, column)} limit {KEPT + 3}")
    told = [(float(value), count) for value, count in rows if value is not None and math.isfinite(value)]
    if len(told) <= KEPT and (len(told) <= _FEW or sum(count for _, count in told) <= _SMALL):
        return PointGrid(points=tuple(sorted(value for value, _ in told)))
    count, mean, least, greatest = relation.one(sql.moments_query(relation, column))
    (squares,) = relation.one(sql.squares_query(relation, column), mean=mean)
    places = {name: math.ceil(count * share) for name, share in (("first", 0.25), ("second", 0.5), ("third", 0.75))}
    ordered = [float(row[0]) for row in relation.rows(sql.order_query(relation, column), **places)]
    return even_grid(float(least), float(greatest), math.sqrt(squares / count), (ordered[0], ordered[1], ordered[2]))


def _numerical(relation: Relation, name: str, grid: Grid, rows: int) -> NumericalProfile:
    if name not in relation.columns:
        return _told_profile(name, grid, _Told(np.zeros(0), np.zeros(0, dtype=np.int64), rows, 0, 0))
    column = relation.columns[name]
    if grid.kind == "points":
        return _told_profile(name, grid, _told_values(relation, column))
    parameters = {"start": grid.start, "step": grid.step}
    if grid.unit is not None:
        parameters |= {"centre": grid.centre, "unit": grid.unit}
    found = relation.rows(sql.cells_query(relation, column, grid), **parameters)
    table = np.array([[math.nan if value is None else float(value) for value in row] for row in found]).reshape(-1, 5)
    numbers = np.isfinite(table[:, 3])
    steps, counts, sums, least, greatest = table[numbers].T
    places = grid.clamp(steps)
    counted = NumericalProfile(
        name=name,
        nulls=0,
        grid=grid,
        content=sparse_cells(
            np.bincount(places, counts, grid.size).astype(np.int64), np.bincount(places, sums, grid.size).astype(np.float64)
        ),
        minimum=float(least.min()) if len(least) else None,
        maximum=float(greatest.max()) if len(greatest) else None,
    )
    nulls = int(table[~numbers, 1].sum())
    return merge_numerical(counted, _told_profile(name, grid, _odd_texts(relation, column, nulls)))


@dataclass(frozen=True)
class _Told:
    """Different numbers, ascending, with their rows; rows without a finite number, those of them whose text is none, and infinite ones."""

    values: Numbers
    counts: Counts
    nulls: int
    unreadable: int
    infinite: int


def _told_profile(name: str, grid: Grid, told: _Told) -> NumericalProfile:
    return NumericalProfile(
        name=name,
        nulls=told.nulls,
        unreadable=told.unreadable,
        infinite=told.infinite,
        grid=grid,
        content=content_of(grid, told.values, told.counts),
        minimum=float(told.values[0]) if len(told.values) else None,
        maximum=float(told.values[-1]) if len(told.values) else None,
    )


def _told_values(relation: Relation, column: Column) -> _Told:
    """All numbers of a column."""
    rows = ((math.nan if value is None else value, count) for value, count in relation.rows(sql.values_query(relation, column)))
    found = np.fromiter(rows, dtype=[("value", np.float64), ("count", np.int64)])
    missing = np.isnan(found["value"])
    odd = _odd_texts(relation, column, int(found["count"][missing].sum()))
    values, place = np.unique(np.append(odd.values, found["value"][~missing]), return_inverse=True)
    counts = np.zeros(len(values), dtype=np.int64)
    np.add.at(counts, place, np.append(odd.counts, found["count"][~missing]))
    return _Told(values, counts, odd.nulls, odd.unreadable, odd.infinite)


def _odd_texts(relation: Relation, column: Column, nulls: int) -> _Told:
    """What `nulls` rows hold that the engine takes for no finite number: thousands with separators, say, a word, or infinity."""
    found = Counter[str]()
    if nulls and column.type != "boolean":
        query = sql.infinite_query if column.type == "number" else sql.unreadable_query
        for text, count in relation.rows(query(relation, column)):
            if (cleaned := present(text)) is not None:
                found[cleaned] += count
    parsed = np.array([number_in(text, relation.decimal) for text in found])
    counts = np.array(list(found.values()), dtype=np.int64)
    readable = np.abs(parsed) <= LARGEST
    values, place = np.unique(parsed[readable], return_inverse=True)
    told = np.bincount(place, counts[readable], len(values)).astype(np.int64)
    infinite = int(counts[~readable & ~np.isnan(parsed)].sum())
    return _Told(values, told, nulls - int(told.sum()), int(counts[np.isnan(parsed)].sum()), infinite)


def _categorical(
    relation: Relation, name: str, categories: Categories | None, known: tuple[str, ...] | None, rows: int
) -> CategoricalProfile:
    if name not in relation.columns:
        return categorical_profile(name, known or (), {}, rows)
    texts = list(relation.rows(sql.categories_query(relation, relation.columns[name])))
    categories = categories or settled((text for text, _ in texts), relation.decimal)
    found = dict.fromkeys(known or (), 0)
    nulls, unnamed = 0, 0
    for text, count in texts:
        category = categories.spelling(text, relation.decimal)
        if category is None:
            nulls += count
        elif category in found or known is None or len(found) <= len(known) + KEPT:
            found[category] = found.get(category, 0) + count
        else:
            unnamed += count
    return categorical_profile(name, tuple(sorted(found)) if known is None else known, found, nulls, unnamed)
