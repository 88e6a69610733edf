"""What a distance between distributions does not see: columns that are missing, empty, half empty, constant or cut off."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from pipeline.drift.summary import BlindSpot, What
from pipeline.profiles.profile import CategoricalProfile, NumericalProfile, Profile, cells_of, strangers
from pipeline.shown_text import plain
from pipeline.tables.similar_names import near_misses
from pipeline.workspace.evidence_policy import DataRules

_BY_CHANCE = 1e-9


@dataclass(frozen=True)
class _Rows:
    """Rows of the reference and the window, `per_customer` of which say the same; and from when a share of them counts as risen."""

    before: int
    after: int
    per_customer: float
    rules: DataRules


def find_blind_spots(reference: Profile, window: Profile, rules: DataRules, per_customer: float = 1.0) -> tuple[BlindSpot, ...]:
    """All blind spots of `window` against `reference`, both profiles of one schema: those of the table first, then column by column.

    A share counts as risen when it is `missing_points` and `missing_z` standard errors above the reference's. `per_customer`: rows of the
    window for each customer, where that is known; they are one witness. A column that is absent or all missing has no other finding.
    """
    found = [*_table(window)]
    if not window.rows:
        return tuple(found)
    rows = _Rows(reference.rows, window.rows, per_customer, rules)
    for before, after in zip(reference.numerical, window.numerical, strict=True):
        if after.name not in window.absent:
            found += _numerical(before, after, rows)
    for known, current in zip(reference.categorical, window.categorical, strict=True):
        if current.name not in window.absent:
            found += _categorical(known, current, rows)
    return tuple(found)


def _table(window: Profile) -> Iterator[BlindSpot]:
    renamed = near_misses({name: name for name in window.absent}, window.extra)
    for name in window.absent:
        likely = f"; it has `{plain(renamed[name])}`, perhaps the same under another name" if name in renamed else ""
        yield _spot("missing_column", name, 1.0, f"`{plain(name)}` is missing from the window{likely}.")
    for name in window.extra:
        yield _spot("extra_column", name, 1.0, f"`{plain(name)}` is in the window, but the workspace's schema does not name it.")
    if window.repeats:
        share = window.repeats / window.rows
        said = f"{window.repeats:,} rows ({share:.1%}) repeat a customer at the same scoring time."
        yield BlindSpot(what="duplicate_ids", column=None, share=share, said=said)


def _numerical(before: NumericalProfile, after: NumericalProfile, rows: _Rows) -> Iterator[BlindSpot]:
    name, text = after.name, after.unreadable
    if (z := _risen(before.unreadable, text, rows)) is not None:
        share = text / rows.after
        yield _spot("text_in_numbers", name, share, f"`{plain(name)}` holds text instead of numbers in {share:.1%} of the rows.", z)
    yield from _missing(name, before.nulls - before.unreadable, after.nulls - text, rows, after.infinite)
    if after.minimum is None or after.maximum is None:
        return
    valued = replace(rows, before=before.count, after=after.count)
    if after.minimum == after.maximum:
        _, same, _ = _around(before, after.maximum)
        if _unlikely(same, valued):
            yield _constant(name, after.count, rows.after)
        return
    for word, place, bound in (("highest", -1, after.maximum), ("lowest", 0, after.minimum)):
        below, at, above = _around(before, bound)
        end = after.content.counts[place]
        beyond = below if place == 0 else above
        inside = below > 0 and above > 0  # a window that left the reference's range altogether is no window cut off
        if inside and _unlikely(before.count - beyond, valued) and (z := _risen(at, end, valued)) is not None:
            share = end / rows.after
            said = f"`{plain(name)}` looks cut off: {share:.1%} of the rows lie at or next to its {word} value; the reference goes further."
            yield _spot("clipped", name, share, said, z)


def _categorical(before: CategoricalProfile, after: CategoricalProfile, rows: _Rows) -> Iterator[BlindSpot]:
    name = after.name
    yield from _missing(name, before.nulls, after.nulls, rows)
    new = sum(strangers(before, after).values()) + after.unnamed
    if (z := _risen(before.unnamed, new, rows)) is not None:
        share = new / rows.after
        yield _spot("new_values", name, share, f"`{plain(name)}` holds values the reference does not know in {share:.1%} of the rows.", z)
    held = max((*after.counts, *after.new_counts), default=0)
    same = before.counts[after.counts.index(held)] if held in after.counts else 0
    if held and held == after.count and _unlikely(same, replace(rows, before=before.count, after=held)):
        yield _constant(name, held, rows.after)


def _missing(name: str, before: int, nulls: int, rows: _Rows, infinite: int = 0) -> Iterator[BlindSpot]:
    share = nulls / rows.after
    if nulls == rows.after:
        if before < rows.before:
            value = "finite number" if infinite else "value"
            yield _spot("all_missing", name, 1.0, f"`{plain(name)}` has no {value} in any of the {nulls:,} rows.")
    elif (z := _risen(before, nulls, rows)) is not None:
        what = "infinite" if infinite == nulls else "missing or infinite" if infinite else "missing"
        said = f"`{plain(name)}` is {what} in {share:.1%} of the rows; in the reference {before / rows.before:.1%}."
        yield _spot("more_missing", name, share, said, z)


def _risen(before: int, after: int, rows: _Rows) -> float | None:
    """Standard errors (of the difference of two shares, pooled) by which a share of rows rose; None where it did not by enough."""
    if not rows.before or not rows.after:
        return None
    rise = after / rows.after - before / rows.before
    pooled = (before + after) / (rows.before + rows.after)
    error = math.sqrt(pooled * (1 - pooled) * (1 / rows.before + rows.per_customer / rows.after))
    # With no error there is no rise.
    return rise / error if rise >= rows.rules.missing_points and rise >= rows.rules.missing_z * error else None


def _unlikely(such: int, rows: _Rows) -> bool:
    """Whether all rows of the window could hardly be such as `such` rows of the reference are."""
    return bool(rows.after / rows.per_customer * math.log((such + 1) / (rows.before + 1)) < math.log(_BY_CHANCE))


def _around(column: NumericalProfile, value: float) -> tuple[int, int, int]:
    """Rows of the cells below, at and above the one that `value` lies in."""
    counts, _ = cells_of(column)
    place = int(column.grid.locate(np.array([value]))[0])
    return int(counts[:place].sum()), int(counts[place]), int(counts[place + 1 :].sum())


def _constant(name: str, held: int, rows: int) -> BlindSpot:
    said = f"`{plain(name)}` has one and the same value in all {held:,} rows that have any; in the reference it varies."
    return _spot("constant", name, held / rows, said)


def _spot(what: What, column: str, share: float, said: str, z: float | None = None) -> BlindSpot:
    return BlindSpot(what=what, column=column, share=share, z=z, said=said)
