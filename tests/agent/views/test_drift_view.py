"""Drift at the terminal: what may be chance is said first."""

import io

import pytest
from rich.console import Console

from agent.views.drift_view import drift_view
from tests.reports.record import policy
from tests.tools.desk import drift_of


def first_line(p_adjusted: float | None) -> str:
    """Of the view of a window in which every feature has this chance."""
    drift = drift_of(0.4, 900, "evaluate")
    drift = drift.model_copy(
        update={"features": tuple(feature.model_copy(update={"p_adjusted": p_adjusted}) for feature in drift.features)}
    )
    console = Console(file=io.StringIO(), width=200, highlight=False)
    console.print(drift_view(drift, policy()))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()[0]


@pytest.mark.parametrize(("p_adjusted", "chance"), [(0.051, True), (0.05, False), (0.001, False), (None, False)])
def test_a_window_that_chance_explains_says_so_first(p_adjusted: float | None, chance: bool) -> None:
    assert first_line(p_adjusted).startswith("Not more than chance") == chance
    assert ("features drifted" in first_line(p_adjusted)) != chance
