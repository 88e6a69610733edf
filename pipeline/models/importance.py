"""Feature importance by permutation, so that drift can be weighed by it."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from pipeline.stored_record import StoredRecord

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

_REPEATS = 3
_FEWEST_ROWS = 500  # with fewer, the order of two middling columns is a matter of luck
_PREDICTIONS = 100_000  # about two seconds of a forest of 200 trees


class Importance(StoredRecord):
    """What the model loses without one column: mean drop of ROC-AUC when its values are shuffled among the rows.

    About zero, or a little below, for a column the model ignores. Columns that say the same share it.
    """

    feature: str
    auc_drop: float


def measure_importance(model: Any, x: "pd.DataFrame", y: "NDArray[np.integer]", seed: int) -> tuple[Importance, ...]:
    """Permutation importance (Breiman 2001) of each column of `x`, in its order.

    Measured on training rows on purpose: the question is what the fitted model reacts to, whether that helps it or not. Enough
    rows are sampled for 100,000 predictions in all, 500 of `x` at least; three shuffles each.

    Args:
        model: fitted classifier whose `predict_proba` takes `x`; column 1 is churn.
        x: typed features, shape (n, columns).
        y: outcomes 0 or 1, shape (n,), both present.
        seed: of the sample and the shuffles; the same seed gives the same numbers.
    """
    import numpy as np
    import pandas as pd
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import train_test_split

    rng = np.random.default_rng(seed)
    rows = max(_FEWEST_ROWS, _PREDICTIONS // (_REPEATS * x.shape[1]))
    if rows < len(x):
        x, _, y, _ = train_test_split(x, y, train_size=rows, stratify=y, random_state=seed)
    whole = roc_auc_score(y, model.predict_proba(x)[:, 1])
    # One call for all shuffles of a column: most of a small prediction's time is spent before the first tree.
    stacked = pd.concat([x] * _REPEATS, ignore_index=True)
    found = []
    for name in x.columns:
        shuffled = stacked.copy()
        shuffled[name] = np.concatenate([rng.permutation(x[name].to_numpy()) for _ in range(_REPEATS)])
        scores = model.predict_proba(shuffled)[:, 1].reshape(_REPEATS, len(x))
        found.append(Importance(feature=name, auc_drop=float(whole - np.mean([roc_auc_score(y, row) for row in scores]))))
    return tuple(found)


def weighted_share(importances: Sequence[Importance], drifted: Collection[str]) -> float | None:
    """Share of the model's reliance, 0-1, that lies on the columns `drifted`: each column weighs its drop of ROC-AUC, below zero
    counting as zero, over the sum of all. None where the model relies on no column at all.
    """
    weights = {importance.feature: max(0.0, importance.auc_drop) for importance in importances}
    total = sum(weights.values())
    if total == 0:
        return None
    return sum(weight for feature, weight in weights.items() if feature in drifted) / total
