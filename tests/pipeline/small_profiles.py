"""Profiles of frames in memory, made in numpy: many windows are drawn here, and an engine takes twenty times as long for each."""

import numpy as np
import pandas as pd

from pipeline.profiles.grid import Grid, PointGrid, even_grid
from pipeline.profiles.profile import CategoricalProfile, NumericalProfile, Profile, categorical_profile, content_of
from pipeline.tables.schema import Schema

FEW = 256  # different values of a reference above 1,000 rows, up to which they are told one by one


def profile_of(frame: pd.DataFrame, schema: Schema, reference: Profile | None = None, **facts: object) -> Profile:
    """Profile of typed rows, on the reference's cells where one is given; `facts` are fields of the profile."""
    grids = {column.name: column.grid for column in reference.numerical} if reference else {}
    known = {column.name: column.known for column in reference.categorical} if reference else {}
    return Profile(
        rows=len(frame),
        numerical=tuple(numerical(name, frame[name], grids.get(name)) for name in schema.numerical),
        categorical=tuple(categorical(name, frame[name], known.get(name)) for name in schema.categorical),
        **facts,
    )


def numerical(name: str, column: pd.Series, grid: Grid | None = None, unreadable: int = 0) -> NumericalProfile:
    finite = column[np.isfinite(column)].to_numpy(dtype="float64")
    values, counts = np.unique(finite, return_counts=True)
    if grid is None:
        few = len(finite) <= 1000 or len(values) <= FEW
        quartiles = () if few else tuple(np.quantile(finite, (0.25, 0.5, 0.75)).tolist())
        grid = PointGrid(points=tuple(values.tolist())) if few else even_grid(finite.min(), finite.max(), finite.std(), quartiles)
    return NumericalProfile(
        name=name,
        nulls=len(column) - len(finite),
        unreadable=unreadable,
        grid=grid,
        content=content_of(grid, values, counts),
        minimum=min(finite, default=None),
        maximum=max(finite, default=None),
    )


def categorical(name: str, column: pd.Series, known: tuple[str, ...] | None = None) -> CategoricalProfile:
    found = {str(value): int(count) for value, count in column.value_counts().items()}
    return categorical_profile(name, tuple(sorted(found)) if known is None else known, found, int(column.isna().sum()))
