"""A repair that somebody suspects would help, tried in memory: what comes back, beside the rows as they were sent."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel

from pipeline.diagnosis.data_faults.checks import data_checks
from pipeline.diagnosis.data_faults.witnesses import gap, witnesses_of
from pipeline.diagnosis.finding import RepairName
from pipeline.diagnosis.group_measures import roc_auc_interval, short
from pipeline.diagnosis.observed import Observed
from pipeline.diagnosis.repairs.attempts import attempt_repair
from pipeline.diagnosis.repairs.proposals import proposals
from pipeline.diagnosis.repairs.repair import Exchanged, Renamed, Repair, Scaled, SetMissing, Shifted, TurnedRound, changed
from pipeline.diagnosis.repairs.repaired import repaired
from pipeline.errors import DataError
from pipeline.shown_text import FOLD_BELOW, plain
from pipeline.workspace.evidence_policy import DataRules

Suspected = Literal["sign", "unit", "shift", "default", "rename", "swap"]

_REPAIRS: Mapping[Suspected, RepairName] = {
    "sign": "turned_round",
    "unit": "factor",
    "shift": "shift",
    "default": "set_missing",
    "rename": "renamed",
    "swap": "exchanged",
}


class Side(BaseModel, frozen=True):
    """The window's rows, as sent or repaired. `misfit`: share whose value does not fit the other columns of the row, 0-1; `score_shift`: KS distance of
    their scores to the reference's, 0-1; ROC-AUC with 95% interval of those with a known outcome, None where they are too few."""

    misfit: float | None
    missing: float | None
    mean_score: float | None
    score_shift: float | None
    roc_auc: float | None
    low: float | None
    high: float | None


class RepairPreview(BaseModel, frozen=True):
    """What a repair brings back. `changed`: share of the window's customers whose rows it changes; `returns`: the reference's relations are back;
    `told`: other columns can tell; `first`, `last`: days of the rows it changes; `labelled`: customers behind the ROC-AUC."""

    done: str
    changed: float
    customers: int
    labelled: int
    as_sent: Side
    repaired: Side
    returns: bool
    told: bool
    first: str | None
    last: str | None


def preview_repair(observed: Observed, rules: DataRules, fault: Suspected, column: str, value: str = "", other: str = "") -> RepairPreview:
    """Undo `fault` of `column` in memory. `value`: of a unit the factor, of a shift the offset, of a default the value put in, of a rename the
    category as sent; empty takes what the rows themselves suggest. `other`: of a swap the other column, of a rename the reference's category.

    Raises:
        DataError: it cannot be undone so, or fewer than ten customers would be changed.
        IntegrityError: the champion's model cannot be loaded.
    """
    _require_feature(observed, column)
    repair = _repair(observed, rules, fault, column, value, other)
    times = observed.times
    now = observed.window.reset_index(drop=True)
    hit = changed(now, repair.apply(now, None if times is None else times.reset_index(drop=True)))
    if int(hit.sum()) < FOLD_BELOW:
        raise DataError(f"With {repair.done}, fewer than {FOLD_BELOW} customers change.", "Nothing is told of so few: try another fault.")
    told = attempt_repair(observed, repair)
    recent = _of_the_window(observed)
    after = repaired(recent, (repair,))
    known = recent.labelled
    touched = int(changed(known.features, repair.apply(known.features, known.times)).sum())
    dates = None if times is None else times.reset_index(drop=True)[hit].dropna()
    first, last = (None, None) if dates is None or dates.empty else (f"{dates.min():%Y-%m-%d}", f"{dates.max():%Y-%m-%d}")
    return RepairPreview(
        done=repair.done,
        changed=round(float(hit.mean()), 4),
        customers=len(now),
        labelled=len(recent.labelled.churned),
        as_sent=_side(recent, column, told.joint_before, judged=True),
        repaired=_side(after, column, told.joint_after, judged=not 0 < touched < FOLD_BELOW),
        returns=told.returned,
        told=told.told,
        first=first,
        last=last,
    )


def _repair(observed: Observed, rules: DataRules, fault: Suspected, column: str, value: str, other: str) -> Repair:
    numerical = observed.columns.kind(column) == "numerical"
    if fault in {"sign", "unit", "shift"} and not numerical:
        raise DataError(f"`{plain(column)}` is a categorical feature.", "It can be undone a rename, a default or a swap.")
    if fault == "rename" and numerical:
        raise DataError(f"`{plain(column)}` is a numerical feature.", "It can be undone a sign, a unit, a shift, a default or a swap.")
    if fault == "swap":
        return _swap(observed, column, other)
    if fault == "sign" or not (value or other):
        return _suggested(observed, rules, fault, column)
    if fault == "rename":
        return _rename(observed, column, value, other)
    if fault == "default":
        return SetMissing(column, _number(value) if numerical else _category(observed.window[column], value) or value)
    number = _number(value)
    if fault == "shift":
        return Shifted(column, number)
    if number <= 0:
        raise DataError(f"{value[:40]!r} is no factor.", "Give one above 0: values are divided by it.")
    return Scaled(column, number)


def _suggested(observed: Observed, rules: DataRules, fault: Suspected, column: str) -> Repair:
    """The likeliest repair of that kind, by the column's own values."""
    seen = witnesses_of(observed)
    found = [finding for finding in data_checks(observed, rules) if finding.column == column]
    for repair in proposals(seen, column, found, (), rules):
        if repair.name == _REPAIRS[fault]:
            return repair
    if fault == "sign":
        return TurnedRound(column, below_zero=bool((seen.before[column].dropna() >= 0).all()))
    raise DataError(f"The values of `{plain(column)}` suggest no {fault} to undo.", "Give a value to undo one all the same.")


def _swap(observed: Observed, column: str, other: str) -> Repair:
    _require_feature(observed, other)
    if other == column or observed.columns.kind(other) != observed.columns.kind(column):
        raise DataError(f"`{plain(column)}` cannot have changed places with `{plain(other)}`.", "Name another feature of the same kind.")
    first, second = sorted((column, other), key=observed.columns.features.index)
    return Exchanged(first, second)


def _rename(observed: Observed, column: str, value: str, other: str) -> Repair:
    sent = _category(observed.window[column], value)
    meant = _category(observed.before[column], other)
    if sent is None or meant is None:
        raise DataError(
            f"`{plain(column)}` has no such category in {'the window' if sent is None else 'the reference'}.",
            "Name the category as sent (`value`) and the reference's (`other`) as inspect_feature shows them, or neither.",
        )
    return Renamed(column, {sent: meant})


def _category(values: pd.Series, shown: str) -> str | None:
    """The category that answers show as `shown`."""
    return next((str(name) for name in values.dropna().unique() if shown in (name, plain(str(name)), plain(str(name), 80))), None)


def _number(value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if not np.isfinite(number):
        raise DataError(f"{value[:40]!r} is no number.", "Give one in `value`, or leave it out.")
    return number


def _require_feature(observed: Observed, name: str) -> None:
    if name not in observed.columns.features:
        raise DataError(f"There is no feature {name[:64]!r}.", f"Features are: {', '.join(observed.columns.features)}.")


def _of_the_window(observed: Observed) -> Observed:
    """The same with the labelled rows scored in the window alone: older ones may have been sent whole, and a repair would break them."""
    known, since = observed.labelled, observed.profile.since
    if observed.matured is None or known.times is None or since is None:
        return observed
    recent = (known.times >= pd.Timestamp(since)).to_numpy()
    return replace(observed, labelled=known.at(recent), labelled_scores=observed.labelled_scores[recent], matured=None)


def _side(observed: Observed, column: str, misfit: float, judged: bool) -> Side:
    churned = observed.labelled.churned.to_numpy(dtype=np.int8)
    area = roc_auc_interval(churned, observed.labelled_scores) if judged else (None, None, None)
    return Side(
        misfit=short(misfit),
        missing=short(float(observed.window[column].isna().mean())),
        mean_score=short(float(observed.scores.mean())),
        score_shift=short(gap(np.sort(observed.before_scores), np.sort(observed.scores))),
        roc_auc=short(area[0]),
        low=short(area[1]),
        high=short(area[2]),
    )
