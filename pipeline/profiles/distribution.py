"""One feature in the reference and in the window, as shares of the rows, from two profiles: no row is read."""

from typing import TypeVar

import numpy as np

from pipeline.profiles.profile import CategoricalProfile, NumericalProfile, Profile, cells_of
from pipeline.shown_text import FOLD_BELOW, plain
from pipeline.stored_record import StoredRecord

_Column = TypeVar("_Column", NumericalProfile, CategoricalProfile)
_BINS = 16  # of a number: a shape is seen, single values are not
_NAMED = 6  # categories; the others are told together
_TAIL = 0.005  # of the rows on either side is put into the outermost bins


class ValueShare(StoredRecord):
    """A range or a category, with its share of the rows, 0-1, in the reference and in the window."""

    label: str
    reference: float
    window: float


class Distribution(StoredRecord):
    """One feature. `missing`: share of the rows without a value, in the reference and in the window."""

    feature: str
    numerical: bool
    parts: tuple[ValueShare, ...]
    missing: ValueShare

    @property
    def most(self) -> float:
        """The greatest share in it, never 0."""
        return max((share for part in self.parts for share in (part.reference, part.window)), default=0.0) or 1.0


def distribution(feature: str, reference: Profile, window: Profile) -> Distribution | None:
    """The feature in both; None where either has no value of it.

    Args:
        feature: of the schema that both were profiled by.
        reference: fixes the cells.
        window: profiled on the same cells.
    """
    numbers = _both(feature, reference.numerical, window.numerical)
    if numbers is not None:
        return _told(feature, True, _ranges(*numbers), *numbers)
    names = _both(feature, reference.categorical, window.categorical)
    return None if names is None else _told(feature, False, _categories(*names), *names)


def _both(feature: str, before: tuple[_Column, ...], after: tuple[_Column, ...]) -> tuple[_Column, _Column] | None:
    one, other = (next((column for column in part if column.name == feature and column.count), None) for part in (before, after))
    return None if one is None or other is None else (one, other)


def _told(
    feature: str,
    numerical: bool,
    parts: tuple[ValueShare, ...],
    before: NumericalProfile | CategoricalProfile,
    after: NumericalProfile | CategoricalProfile,
) -> Distribution:
    missing = [column.nulls / (column.nulls + column.count) for column in (before, after)]
    return Distribution(feature=plain(feature), numerical=numerical, parts=parts, missing=_share("missing", *missing))


def _share(label: str, reference: float, window: float) -> ValueShare:
    return ValueShare(label=label, reference=reference, window=window)


def _ranges(before: NumericalProfile, after: NumericalProfile) -> tuple[ValueShare, ...]:
    counts = [cells_of(column)[0].astype(np.float64) for column in (before, after)]
    extremes = [value for column in (before, after) for value in (column.minimum, column.maximum) if value is not None]
    # The cell beyond either end of the reference is taken to lie at that end: a far value must not flatten all others.
    low, high = before.grid.bounds(*((0.0, 0.0) if before.minimum is None or before.maximum is None else (before.minimum, before.maximum)))
    middles = (low + high) / 2
    order = np.argsort(middles, kind="stable")
    # Ends of the axis: nearly all of both.
    within = [np.cumsum(part[order]) / part.sum() for part in counts]
    first = min(middles[order][np.searchsorted(part, _TAIL)] for part in within)
    last = max(middles[order][np.searchsorted(part, 1 - _TAIL)] for part in within)
    if not first < last:  # a constant, at least nearly
        still = float(counts[1][counts[0] > 0].sum() / counts[1].sum())
        return (_share(f"{first:.4g}", 1.0, still), _share("(others)", 0.0, 1 - still))
    edges = np.linspace(first, last, _BINS + 1)
    place = np.clip(np.searchsorted(edges, middles, side="right") - 1, 0, _BINS - 1)
    shares = [np.bincount(place, weights=part, minlength=_BINS) / part.sum() for part in counts]
    ends = [f"{edge:.4g}" for edge in edges]
    if min(extremes) < first:
        ends[0] += " and less"
    if max(extremes) > last:
        ends[-1] += " and more"
    return tuple(_share(f"{ends[at]} to {ends[at + 1]}", float(shares[0][at]), float(shares[1][at])) for at in range(_BINS))


def _categories(before: CategoricalProfile, after: CategoricalProfile) -> tuple[ValueShare, ...]:
    was, now = (dict(zip((*column.known, *column.new), (*column.counts, *column.new_counts), strict=True)) for column in (before, after))
    together = {name: was.get(name, 0) + now.get(name, 0) for name in {**was, **now}}
    common = sorted(together, key=lambda name: (-together[name], name))
    # As everywhere: a category of fewer customers could point at one of them.
    named = [name for name in common[:_NAMED] if together[name] >= FOLD_BELOW]
    parts = [_share(plain(name), was.get(name, 0) / before.count, now.get(name, 0) / after.count) for name in named]
    rest = [max(0.0, 1 - sum(shares)) for shares in ([part.reference for part in parts], [part.window for part in parts])]
    return (*parts, _share("(others)", *rest)) if max(rest) > 5e-4 else tuple(parts)
