"""Candidate against champion among each kind of customers: a gain over all may hide a collapse for some."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.measures.holm import holm
from pipeline.measures.measure import Comparison
from pipeline.measures.metrics import compare
from pipeline.stored_record import StoredRecord

FEWEST = 25  # churners, and others: with fewer an interval is no guide, and a value could point at a person
_KEPT = 20  # on record, those that lose most surely; of the others no question is asked


class SegmentLoss(StoredRecord):
    """Customers with `value` in `column`: the candidate's ROC-AUC among them minus the champion's, with its standard error."""

    column: str
    value: str
    roc_auc: Comparison
    error: float


class Segments(StoredRecord):
    """Of the `looked` at, those that are ranked worse than before, the surest first."""

    looked: int
    worse: tuple[SegmentLoss, ...]

    def losing(self, threshold: float, confidence: float) -> tuple[SegmentLoss, ...]:
        """Those that lose more than `threshold` of ROC-AUC, at this confidence for all that were looked at together (Holm)."""
        chances = [_chance(one, threshold) for one in self.worse]
        return tuple(one for one, p in zip(self.worse, holm(chances, self.looked), strict=True) if p < 1 - confidence)


def masks(outcome: NDArray[np.float64], groups: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    """Column, value and rows of each kind of customers with enough of either outcome to judge; not those that are everybody."""
    for column, values in groups.items():
        texts = np.asarray(values, dtype=object).astype(str)
        for text in sorted(set(texts)):
            inside = texts == text
            churners = int(outcome[inside].sum())
            if min(churners, int(inside.sum()) - churners) >= FEWEST and not inside.all():
                yield column, text, inside


def compare_segments(y: ArrayLike, p: ArrayLike, p_before: ArrayLike, groups: Mapping[str, Sequence[str]], confidence: float) -> Segments:
    """Compare within each group.

    Args:
        y: outcomes, 1 is churn, shape (n,).
        p: the candidate's probabilities of churn, shape (n,).
        p_before: the champion's for the same rows, shape (n,).
        groups: values of the categorical columns, each of shape (n,).
        confidence: of each interval by itself.
    """
    outcome, after, before = (np.asarray(values, dtype=np.float64) for values in (y, p, p_before))
    deviates = NormalDist().inv_cdf((1 + confidence) / 2)
    found = []
    for column, text, inside in masks(outcome, groups):
        told = compare(outcome[inside], after[inside], before[inside], confidence)
        found.append(SegmentLoss(column=column, value=text, roc_auc=told, error=(told.high - told.low) / 2 / deviates))
    worse = sorted((one for one in found if one.roc_auc.difference < 0), key=lambda one: _chance(one, 0.0))
    return Segments(looked=len(found), worse=tuple(worse[:_KEPT]))


def _chance(one: SegmentLoss, threshold: float) -> float:
    """How probable such a loss is where the true one is no more than `threshold`."""
    beyond = -one.roc_auc.difference - threshold
    if one.error == 0:
        return 0.0 if beyond > 0 else 1.0
    return 1 - NormalDist().cdf(beyond / one.error)
