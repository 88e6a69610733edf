"""What a comparison could have seen: no difference shown is not the same as none there."""

from statistics import NormalDist

from pipeline.measures.measure import Comparison

_POWER = 0.8  # four times of five, the field's custom (Cohen 1988)


def smallest_visible(found: Comparison, confidence: float) -> float:
    """The smallest true difference that rows like these show, with an interval of this `confidence`, four times of five.

    >>> round(smallest_visible(Comparison(difference=0.0, low=-0.0196, high=0.0196, n=900), 0.95), 3)
    0.028
    """
    normal = NormalDist()
    reach = normal.inv_cdf((1 + confidence) / 2)
    return (found.high - found.low) / 2 / reach * (reach + normal.inv_cdf(_POWER))
