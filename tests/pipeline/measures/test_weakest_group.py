"""The group that a new model ranks worse, whatever it gains over all."""

import numpy as np

from pipeline.measures.weakest_group import weakest_group

ROWS = 2_000


def a_world(worse_in: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, list[str]]]:
    """Outcomes, scores that are noise among customers of `worse_in`, good scores, and the plans of the customers."""
    draw = np.random.default_rng(3)
    plans = draw.choice(["A", "B", "C"], ROWS)
    good = draw.uniform(size=ROWS)
    churned = (draw.uniform(size=ROWS) < good).astype(int)
    scores = np.where(plans == worse_in, draw.uniform(size=ROWS), good)
    return churned, scores, good, {"plan": plans.tolist(), "rare": ["x"] * 10 + ["y"] * (ROWS - 10)}


def test_the_group_is_named_whose_customers_are_ranked_worse_for_sure() -> None:
    churned, scores, good, groups = a_world("B")
    found = weakest_group(churned, scores, good, groups, 0.95)
    assert found is not None
    assert (found.column, found.value, found.worse) == ("plan", "B", True)


def test_a_model_that_ranks_nobody_worse_has_no_such_group() -> None:
    churned, scores, good, groups = a_world("none of them")
    found = weakest_group(churned, scores, good, groups, 0.95)
    assert found is not None and not found.worse


def test_groups_with_few_churners_are_not_looked_at() -> None:
    churned, scores, good, _ = a_world("B")
    assert weakest_group(churned, scores, good, {"id": [str(row // 20) for row in range(ROWS)], "one": ["z"] * ROWS}, 0.95) is None
