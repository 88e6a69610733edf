"""Whose outcomes to ask for: a number of customers of the window, drawn by lot within strata."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.diagnosis.asking.region import Region
from pipeline.diagnosis.asking.strata import allocate, strata_of, telling
from pipeline.diagnosis.asking.suspicions import Suspicions, expected_churn, suspect
from pipeline.diagnosis.observed import Observed
from pipeline.errors import DataError
from pipeline.workspace.policy import Policy

Mask = NDArray[np.bool_]
Places = NDArray[np.int64]

_BANDS = 5  # of the score, each with as many customers
_REGIONS = 2  # that strata are divided by, or too many strata have a customer or two
_SUSPECT = 0.1  # probability beside all other suspicions from which a region divides the strata


@dataclass(frozen=True)
class Partition:
    """What strata are made by: bands of the score between `cuts`, each within or without each of the `regions`. A later list divides them further, so
    that within a stratum everybody had the same chance to be on any list."""

    cuts: tuple[float, ...]
    regions: tuple[Region, ...]

    def of(self, observed: Observed) -> Places:
        """The stratum of each customer of the window, shape (window,)."""
        bands = np.searchsorted(np.array(self.cuts), observed.scores, side="right")
        return strata_of(bands, [one.holds(observed.window, observed.scores) for one in self.regions])


@dataclass(frozen=True)
class Choice:
    """`drawn`: who is to be asked, `asked`: who was before; shape (window,), as `stratum`. `members`: customers of each stratum who could be, or
    were, asked, shape (strata,). `suspicions`: what may have changed."""

    drawn: Mask
    asked: Mask
    stratum: Places
    members: Places
    partition: Partition
    suspicions: Suspicions

    @property
    def on_lists(self) -> Places:
        """Customers asked of each stratum, now and before, shape (strata,)."""
        return np.bincount(self.stratum, weights=self.drawn | self.asked, minlength=self.members.size).astype(np.int64)

    @property
    def probability(self) -> NDArray[np.float64]:
        """Of each customer of the window to be on a list, shape (window,)."""
        return np.asarray((self.on_lists / np.maximum(1, self.members))[self.stratum], dtype=np.float64)


def choose(observed: Observed, policy: Policy, number: int, free: Mask, asked: Mask, before: Partition | None, seed: int) -> Choice:
    """Draw `number` customers.

    Args:
        observed: the window; its known outcomes say what is suspected.
        policy: thresholds.
        number: of customers; all who are free where they are fewer.
        free: who can be asked, shape (window,).
        asked: who is on an earlier list, shape (window,).
        before: the partition of the newest such list.
        seed: of the lots.

    Raises:
        DataError: nobody is free, or the champion's reference has one kind of outcome.
    """
    if not free.any():
        raise DataError(
            "There is no customer left whose outcome could be asked for.", "Add the outcomes that were asked for: `churnops outcomes add`."
        )
    suspicions = suspect(observed, policy)
    partition = _divided(before or Partition(_cuts(observed), ()), suspicions)
    stratum = partition.of(observed)
    wanted = allocate(stratum, telling(expected_churn(observed), suspicions.each), asked, free, number, suspicions.unsettled)
    rng, drawn = np.random.default_rng(seed), np.zeros(free.size, dtype=bool)
    for place, count in enumerate(wanted):
        drawn[rng.permutation(np.flatnonzero(free & (stratum == place)))[:count]] = True
    members = np.bincount(stratum, weights=asked | free, minlength=wanted.size).astype(np.int64)
    return Choice(drawn, asked, stratum, members, partition, suspicions)


def _cuts(observed: Observed) -> tuple[float, ...]:
    return tuple(np.unique(np.quantile(observed.scores, np.arange(1, _BANDS) / _BANDS)).tolist())


def _divided(partition: Partition, suspicions: Suspicions) -> Partition:
    """Divided by the likeliest region too, where outcomes made one suspect."""
    if len(partition.regions) >= _REGIONS:
        return partition
    new = [one.region for one in suspicions.each if one.region is not None and one.favoured > 1 and one.probability > _SUSPECT]
    found = next((one for one in new if one not in partition.regions), None)
    return partition if found is None else replace(partition, regions=(*partition.regions, found))
