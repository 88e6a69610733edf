"""What a comparison says beyond its table."""

import pytest

from pipeline.measures.measure import Comparison, Measure, Profit
from reports.comparison_notes import notes
from reports.model_comparison import differences
from tests.reports.test_first_page import a_result


@pytest.mark.parametrize(("difference", "forgot"), [(-0.1, True), (-0.01, False), (0.1, False)])
def test_forgetting_is_a_warning_with_its_size(difference: float, forgot: bool) -> None:
    found = Comparison(difference=difference, low=difference - 0.03, high=difference + 0.03, n=1400)
    said = " ".join(notes(a_result(on_reference=found), 0.95))
    assert ("Warning, it forgot" in said) is forgot
    assert f"{difference:+.3f} ({difference - 0.03:+.3f} to {difference + 0.03:+.3f})" in said


def test_what_the_rows_could_have_shown_is_said_where_models_differ_at_all() -> None:
    found = Comparison(difference=0.0, low=-0.0196, high=0.0196, n=900)
    assert "900 rows the smallest ROC-AUC difference we could see, four times of five, is 0.028" in " ".join(
        notes(a_result(comparison=found), 0.95)
    )
    assert list(notes(a_result(comparison=Comparison(difference=0.0, low=0.0, high=0.0, n=900)), 0.95)) == []


def test_money_stands_beside_roc_auc_in_the_teams_currency() -> None:
    money = Comparison(difference=1234.0, low=-50.0, high=2500.0, n=300)
    profit = Profit(candidate=Measure(value=3000.0, n=300), champion=Measure(value=1766.0, n=300), difference=money, currency="EUR")
    found = differences(a_result(profit=profit))
    assert [one.said for one in found if one.label == "extra profit per 1,000 customers, EUR"] == ["+1,234 (-50 to +2,500)"]
    assert not any("EUR" in one.label for one in differences(a_result(profit=profit.model_copy(update={"currency": ""}))))
