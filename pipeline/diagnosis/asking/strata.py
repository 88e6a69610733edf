"""Strata of customers, and how many of each are asked: most where an outcome tells most of what may have changed.

A sum over all customers is known best when the chance of being asked follows how much each customer's part in it varies (Neyman); here the parts in
every suspicion count, by how likely and how large it is. A share of the list goes to the strata as a random sample would, so that what nobody
suspects is seen as well and no customer stands for too many; and the more of it, the surer it is whether anything changed: then the open question is
what to do, and a model learns best of everybody.

Source: Neyman (1934), "On the Two Different Aspects of the Representative Method".
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.diagnosis.asking.suspicions import Suspicion

Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]
Places = NDArray[np.int64]

RANDOM_PART = 0.25  # of a list, spread over the strata as a random sample is, at least
_FEWEST = 2  # asked in each stratum, or nothing tells how its customers vary


def telling(p: Numbers, suspicions: Sequence[Suspicion]) -> Numbers:
    """How much each customer's outcome tells of the suspicions, in standard deviations, shape (window,). `p`: chance of churn as expected."""
    per_change = sum(one.probability * one.size**2 * one.part**2 for one in suspicions)
    return np.asarray(np.sqrt(p * (1 - p) * per_change))


def strata_of(bands: Places, regions: Sequence[Mask]) -> Places:
    """The stratum of each customer: band of the score, and in which of the regions it is; numbered from 0, shape (window,)."""
    found = bands.copy()
    for inside in regions:
        found = 2 * found + inside
    return np.unique(found, return_inverse=True)[1]


def allocate(stratum: Places, worth: Numbers, asked: Mask, free: Mask, number: int, unsettled: float = 1.0) -> Places:
    """How many of each stratum to ask, shape (strata,).

    Args:
        stratum: of each customer, shape (window,), as `strata_of`.
        worth: as `telling`.
        asked: whose outcome was asked for already; they count as asked.
        free: who can be asked now.
        number: how many to ask; everybody where fewer are free.
        unsettled: how open it is whether anything changed, 0 (known) to 1.
    """
    count = int(stratum.max()) + 1
    members = np.bincount(stratum, weights=asked | free, minlength=count)
    value = np.bincount(stratum, weights=worth * (asked | free), minlength=count)
    already = np.bincount(stratum, weights=asked, minlength=count)
    most = np.bincount(stratum, weights=free, minlength=count).astype(np.float64)
    number = int(min(number, most.sum()))
    total = number + already.sum()
    chosen = (1 - RANDOM_PART) * unsettled
    wanted = total * ((1 - chosen) * members / members.sum() + chosen * value / value.sum())
    missing = np.clip(np.maximum(wanted, _FEWEST) - already, 0, most)
    return _whole(missing, most, number)


def _whole(wanted: Numbers, most: Numbers, number: int) -> Places:
    """Whole numbers in proportion to what is wanted, none above `most`, which sum to `number`."""
    share = np.zeros_like(wanted)
    while number - share.sum() > 1e-9:
        room = most - share
        weight = np.where(room > 1e-9, np.maximum(wanted, 1e-9), 0.0)
        share = np.minimum(most, share + weight / weight.sum() * (number - share.sum()))
    found = np.floor(share + 1e-9).astype(np.int64)
    rest = np.argsort(-(share - found), kind="stable")
    for place in rest[: number - int(found.sum())]:
        found[place] += 1
    return found
