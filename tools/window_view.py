"""The current window's profile as a client reads it: a line per feature beside the reference, bounded, nobody named."""

from datetime import datetime

from pydantic import BaseModel

from pipeline.profiles.profile import CategoricalProfile, NumericalProfile, Profile, cells_of
from pipeline.shown_text import FOLD_BELOW, plain
from pipeline.tables.schema import Kind
from pipeline.windows.window import Window
from tools.result_bounds import NAME_LENGTH

COLUMNS_SHOWN = 200
_FEW, _MANY = 3, 25  # categories in the overview, and of one feature


class CategoryShare(BaseModel, frozen=True):
    """One category's share of the rows with a value, 0-1. Categories with fewer than 10 rows on both sides are not named."""

    category: str
    reference: float
    window: float


class ColumnView(BaseModel, frozen=True):
    """One feature. `missing` are shares of the rows (0-1), means in the column's own unit; None where no row has a value, and of categories.
    `categories`: the most frequent; `categories_elided` are not listed."""

    feature: str
    kind: Kind
    missing_reference: float
    missing_window: float
    mean_reference: float | None = None
    mean_window: float | None = None
    categories: tuple[CategoryShare, ...] = ()
    categories_elided: int = 0


class WindowView(BaseModel, frozen=True):
    """The current window. `absent`: features its source has no column for; `extra`: columns the schema does not name; `elided` features
    and columns are not listed."""

    source: str
    since: datetime | None
    until: datetime | None
    rows: int
    labelled_rows: int
    labelled_churners: int
    reference_rows: int
    features: tuple[ColumnView, ...]
    absent: tuple[str, ...]
    extra: tuple[str, ...]
    elided: int


def window_view(window: Window, reference: Profile) -> WindowView:
    """The overview of a window."""
    profile = window.profile
    names = [*(column.name for column in profile.numerical), *(column.name for column in profile.categorical)]
    absent, extra = (tuple(plain(name, NAME_LENGTH) for name in part[: COLUMNS_SHOWN // 4]) for part in (profile.absent, profile.extra))
    listed = len(names[:COLUMNS_SHOWN]) + len(absent) + len(extra)
    return WindowView(
        source=plain(window.name, 80),
        since=window.since,
        until=window.until,
        rows=window.rows,
        labelled_rows=window.labelled_rows,
        labelled_churners=window.labelled_churners,
        reference_rows=reference.rows,
        features=tuple(column_view(name, profile, reference, _FEW) for name in names[:COLUMNS_SHOWN]),
        absent=absent,
        extra=extra,
        elided=len(names) + len(profile.absent) + len(profile.extra) - listed,
    )


def column_view(name: str, window: Profile, reference: Profile, most: int = _MANY) -> ColumnView:
    """One feature of a window, which has it, with at most so many of its categories."""
    before, now = _column(reference, name), _column(window, name)
    shown = ColumnView(
        feature=plain(name, NAME_LENGTH),
        kind=now.kind,
        missing_reference=_share(before.nulls, reference.rows),
        missing_window=_share(now.nulls, window.rows),
    )
    if isinstance(now, NumericalProfile) and isinstance(before, NumericalProfile):
        return shown.model_copy(update={"mean_reference": _mean(before), "mean_window": _mean(now)})
    assert isinstance(now, CategoricalProfile) and isinstance(before, CategoricalProfile)  # a window is profiled as its reference
    was, is_ = _counts(before), _counts(now)
    named = sorted((one for one in {**was, **is_} if max(was.get(one, 0), is_.get(one, 0)) >= FOLD_BELOW), key=lambda one: -is_.get(one, 0))
    found = tuple(
        CategoryShare(category=plain(one), reference=_share(was.get(one, 0), before.count), window=_share(is_.get(one, 0), now.count))
        for one in named[:most]
    )
    return shown.model_copy(update={"categories": found, "categories_elided": len({**was, **is_}) - len(found)})


def _column(profile: Profile, name: str) -> NumericalProfile | CategoricalProfile:
    columns: tuple[NumericalProfile | CategoricalProfile, ...] = (*profile.numerical, *profile.categorical)
    return next(column for column in columns if column.name == name)


def _counts(column: CategoricalProfile) -> dict[str, int]:
    return dict(zip((*column.known, *column.new), (*column.counts, *column.new_counts), strict=True))


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def _mean(column: NumericalProfile) -> float | None:
    if not column.count:
        return None
    _, sums = cells_of(column)
    return float(f"{sums.sum() / column.count:.6g}")
