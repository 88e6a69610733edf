"""Whether promised gains came true: gains on later customers against those that reports had promised."""

from collections.abc import Sequence
from statistics import NormalDist

from pydantic import BaseModel

from pipeline.measures.measure import Comparison
from reports.counterfactual.decided import DecisionOutcome

_Z90, _Z95 = 1.645, 1.96


class PromiseCalibration(BaseModel, frozen=True):
    """Of `decisions` on challengers whose outcomes matured: the part of a promised gain that came true (1: all of it), with its 90% interval, and of how many
    the gain lies within what was promised, both intervals considered. `share` is None with fewer than two, or where nothing was promised."""

    decisions: int
    within: int
    share: float | None = None
    low: float | None = None
    high: float | None = None


def promise_calibration(found: Sequence[DecisionOutcome]) -> PromiseCalibration:
    """A line through the origin, each decision weighed by how exactly its gain was measured; where they scatter more than that explains, the interval is wider.

    Source: Baker and Jackson (2013), "Meta-analysis inside and outside particle physics: two traditions that should converge?": the scale factor of
    the Particle Data Group.
    """
    pairs = [(one.promised, one.brought) for one in found if one.promised is not None and one.brought is not None]
    within = sum(brought.low <= promised.high and promised.low <= brought.high for promised, brought in pairs)
    weighed = [(promised.difference, brought.difference, 1 / _error(brought) ** 2) for promised, brought in pairs]
    weight = sum(w * x * x for x, _, w in weighed)
    if len(pairs) < 2 or weight == 0:
        return PromiseCalibration(decisions=len(pairs), within=within)
    share = sum(w * x * y for x, y, w in weighed) / weight
    scatter = sum(w * (y - share * x) ** 2 for x, y, w in weighed) / (len(pairs) - 1)
    # How exactly each promise was known shows, too: an error of it moves what the line expects.
    own = sum(w * w * x * x * (share * _error(promised, _Z95)) ** 2 for (x, _, w), (promised, _) in zip(weighed, pairs, strict=True))
    reach = NormalDist().inv_cdf(0.95) * (max(1.0, scatter) / weight + own / weight**2) ** 0.5
    return PromiseCalibration(decisions=len(pairs), within=within, share=share, low=share - reach, high=share + reach)


def _error(one: Comparison, z: float = _Z90) -> float:
    return max((one.high - one.low) / (2 * z), 0.05)  # points: no profit is known better
