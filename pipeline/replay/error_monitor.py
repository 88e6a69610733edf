"""Whether a stream of errors has grown, by comparing every earlier part of it with the rest."""

import numpy as np
from numpy.typing import ArrayLike

_DELTA = 0.002  # chance of a false alarm; the usual value of implementations of ADWIN


def has_grown(errors: ArrayLike) -> bool:
    """Whether somewhere the errors after a cut are more frequent than those before it, beyond chance.

    Args:
        errors: 1 where the model was wrong, else 0, in the order of time, shape (n,).

    The test of ADWIN for two adjacent windows, at every cut and for growth alone. Where ADWIN forgets what lies before a cut, this stream
    begins anew with a new model.

    Source: Bifet and Gavaldà (2007), the paper on ADWIN at the SIAM conference on data mining; of its bounds the one with the variance of the window.

    >>> has_grown([0] * 300 + [1] * 60), has_grown([0, 1] * 200)
    (True, False)
    """
    wrong = np.asarray(errors, dtype=np.float64)
    n = wrong.size
    if n < 2:
        return False
    before = np.arange(1, n)
    total = np.cumsum(wrong)
    earlier, later = total[:-1] / before, (total[-1] - total[:-1]) / (n - before)
    # In the paper's terms: 1/m = 1/n0 + 1/n1, delta' = delta / ln n.
    one_over_m = 1 / before + 1 / (n - before)
    ln = np.log(2 * np.log(n) / _DELTA)
    bound = np.sqrt(2 * one_over_m * wrong.var() * ln) + 2 / 3 * one_over_m * ln
    return bool((later - earlier > bound).any())
