"""Figures as tables show them: none that says nothing, none more exact than anybody needs."""

import pytest

from pipeline.measures.measure import Measure
from reports.markdown_cells import figure, score
from tests.agent.case_tools import drift


@pytest.mark.parametrize(
    ("low", "high", "said"), [(None, None, "0.500"), (0.4, 0.6, "0.500 (0.400–0.600)"), (0.0, 1.0, "cannot be estimated")]
)
def test_an_interval_that_says_nothing_is_left_out(low: float | None, high: float | None, said: str) -> None:
    assert figure(Measure(value=0.5, n=3, low=low, high=high)) == said


@pytest.mark.parametrize(
    ("method", "value", "said"),
    [("K-S p_value", 6.7e-42, "p < 0.001"), ("K-S p_value", 0.0412, "p 0.041"), ("Jensen-Shannon distance", 0.0004, "0.0004")],
)
def test_a_p_value_below_a_thousandth_is_only_that(method: str, value: float, said: str) -> None:
    (feature,) = drift().features
    assert score(feature.model_copy(update={"method": method, "score": value})) == said
