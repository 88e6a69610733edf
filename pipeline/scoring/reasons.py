"""Which of a customer's values move the model's answer most, in probability of churn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

SHOWN = 3  # more than three are a list, not reasons


@dataclass(frozen=True, slots=True)
class Reason:
    """One feature, the customer's value of it (None where missing) and how it moves the probability of churn: `effect` above 0 raises it."""

    feature: str
    value: float | str | None
    effect: float

    @property
    def direction(self) -> Literal["raises", "lowers"]:
        """Which way it moves the probability."""
        return "raises" if self.effect > 0 else "lowers"


def top_reasons(features: Sequence[str], cells: Sequence[float | str | None], effects: NDArray[np.float64]) -> tuple[Reason, ...]:
    """At most three, strongest first; a feature without any effect is none.

    Args:
        features: names, in the order of the other two.
        cells: the customer's values as `typed_cells` gives them; NaN is shown as None.
        effects: change of the probability by each, shape (features,).
    """
    strongest = np.argsort(-np.abs(effects), kind="stable")[:SHOWN].tolist()
    return tuple(
        Reason(features[place], cells[place] if cells[place] == cells[place] else None, float(effects[place]))
        for place in strongest
        if effects[place] != 0
    )
