"""The kind of customers that a new model ranks worst beside the old one: a gain over all may hide a loss for some."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from pipeline.measures.measure import WeakestGroup
from pipeline.measures.metrics import compare
from pipeline.measures.segments import masks


def weakest_group(
    y: ArrayLike, p: ArrayLike, p_before: ArrayLike, groups: Mapping[str, Sequence[str]], confidence: float
) -> WeakestGroup | None:
    """The group within which churners and others are ranked most surely worse by `p` than by `p_before`; None without a group to judge.

    Args:
        y: outcomes, 1 is churn, shape (n,).
        p: the candidate's probabilities of churn, shape (n,).
        p_before: the other model's for the same rows, shape (n,).
        groups: values of the categorical columns, each of shape (n,).
        confidence: of the comparison, whatever the number of groups looked at.
    """
    outcome, after, before = (np.asarray(values, dtype=np.float64) for values in (y, p, p_before))
    judged = list(masks(outcome, groups))
    each = 1 - (1 - confidence) / max(1, len(judged))
    found = [
        WeakestGroup(column=column, value=text, roc_auc=compare(outcome[inside], after[inside], before[inside], each))
        for column, text, inside in judged
    ]
    return min(found, key=lambda group: group.roc_auc.high, default=None)
