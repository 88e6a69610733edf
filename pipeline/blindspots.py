"""What a distance between distributions does not see: columns that are missing, empty, half empty, constant or cut off."""

import math
from collections.abc import Iterator

import numpy as np

from pipeline.evidence import BlindSpot, What
from pipeline.profile import CategoricalProfile, NumericalProfile, Profile, cells_of
from pipeline.shown import plain

_POINTS = 0.02  # of the window's rows; less is not worth a person's time
_STANDARD_ERRORS = 6.0  # many columns every day: at six, chance alone speaks up once in a billion looks
_BY_CHANCE = 1e-9


def find_blind_spots(reference: Profile, window: Profile) -> tuple[BlindSpot, ...]:
    """All blind spots of `window` against `reference`, both profiles of one schema: those of the table first, then column by column.

    A share counts as risen when it is two points and six standard errors above the reference's. A column that is absent or all missing
    has no other finding.
    """
    found = [*_table(window)]
    if not window.rows:
        return tuple(found)
    for before, after in zip(reference.numerical, window.numerical, strict=True):
        if after.name not in window.absent:
            found += _numerical(before, after, reference.rows, window.rows)
    for known, current in zip(reference.categorical, window.categorical, strict=True):
        if current.name not in window.absent:
            found += _categorical(known, current, reference.rows, window.rows)
    return tuple(found)


def _table(window: Profile) -> Iterator[BlindSpot]:
    for name in window.absent:
        yield _spot("missing_column", name, 1.0, f"`{plain(name)}` is missing from the window.")
    for name in window.extra:
        yield _spot("extra_column", name, 1.0, f"`{plain(name)}` is in the window, but the workspace's schema does not name it.")
    if window.repeats:
        share = window.repeats / window.rows
        said = f"{window.repeats:,} rows ({share:.1%}) repeat a customer at the same scoring time."
        yield BlindSpot(what="duplicate_ids", column=None, share=share, said=said)


def _numerical(before: NumericalProfile, after: NumericalProfile, rows_before: int, rows: int) -> Iterator[BlindSpot]:
    name, text = after.name, after.unreadable
    if _risen(before.unreadable, rows_before, text, rows):
        yield _spot(
            "text_in_numbers", name, text / rows, f"`{plain(name)}` holds text instead of numbers in {text / rows:.1%} of the rows."
        )
    yield from _missing(name, before.nulls - before.unreadable, rows_before, after.nulls - text, rows)
    if after.minimum is None or after.maximum is None:
        return
    if after.minimum == after.maximum:
        _, same, _ = _around(before, after.maximum)
        if _unlikely(same, before.count, after.count):
            yield _constant(name, after.count, rows)
        return
    for word, place, bound in (("highest", -1, after.maximum), ("lowest", 0, after.minimum)):
        below, at, above = _around(before, bound)
        end = after.content.counts[place]
        beyond = below if place == 0 else above
        inside = below > 0 and above > 0  # a window that left the reference's range altogether is no window cut off
        if inside and _unlikely(before.count - beyond, before.count, after.count) and _risen(at, before.count, end, after.count):
            said = f"`{plain(name)}` looks cut off: {end / rows:.1%} of the rows lie at or next to its {word} value; the reference goes further."
            yield _spot("clipped", name, end / rows, said)


def _categorical(before: CategoricalProfile, after: CategoricalProfile, rows_before: int, rows: int) -> Iterator[BlindSpot]:
    name = after.name
    yield from _missing(name, before.nulls, rows_before, after.nulls, rows)
    new = sum(after.new_counts) + after.unnamed
    if _risen(0, rows_before, new, rows):
        yield _spot(
            "new_values", name, new / rows, f"`{plain(name)}` holds values the reference does not know in {new / rows:.1%} of the rows."
        )
    held = max((*after.counts, *after.new_counts), default=0)
    same = before.counts[after.counts.index(held)] if held in after.counts else 0
    if held and held == after.count and _unlikely(same, before.count, held):
        yield _constant(name, held, rows)


def _missing(name: str, before: int, rows_before: int, nulls: int, rows: int) -> Iterator[BlindSpot]:
    share = nulls / rows
    if nulls == rows:
        if before < rows_before:
            yield _spot("all_missing", name, 1.0, f"`{plain(name)}` has no value in any of the {rows:,} rows.")
    elif _risen(before, rows_before, nulls, rows):
        yield _spot(
            "more_missing",
            name,
            share,
            f"`{plain(name)}` is missing in {share:.1%} of the rows; in the reference {before / rows_before:.1%}.",
        )


def _risen(before: int, rows_before: int, after: int, rows: int) -> bool:
    """Whether a share of rows rose by two points and six standard errors (of the difference of two shares, pooled)."""
    if not rows_before or not rows:
        return False
    rise = after / rows - before / rows_before
    pooled = (before + after) / (rows_before + rows)
    error = math.sqrt(pooled * (1 - pooled) * (1 / rows_before + 1 / rows))
    return rise >= _POINTS and rise >= _STANDARD_ERRORS * error


def _unlikely(such: int, count_before: int, count: int) -> bool:
    """Whether `count` rows could hardly all be such as `such` of the reference's `count_before` rows are."""
    return bool(count * math.log((such + 1) / (count_before + 1)) < math.log(_BY_CHANCE))


def _around(column: NumericalProfile, value: float) -> tuple[int, int, int]:
    """Rows of the cells below, at and above the one that `value` lies in."""
    counts, _ = cells_of(column)
    place = int(column.grid.locate(np.array([value]))[0])
    return int(counts[:place].sum()), int(counts[place]), int(counts[place + 1 :].sum())


def _constant(name: str, held: int, rows: int) -> BlindSpot:
    said = f"`{plain(name)}` has one and the same value in all {held:,} rows that have any; in the reference it varies."
    return _spot("constant", name, held / rows, said)


def _spot(what: What, column: str, share: float, said: str) -> BlindSpot:
    return BlindSpot(what=what, column=column, share=share, said=said)
