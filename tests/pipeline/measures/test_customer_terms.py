"""What an offer costs and brings, customer by customer, against sums done by hand."""

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import DataError
from pipeline.measures.campaign_value import campaigns, expected_value, offered, worth
from pipeline.measures.customer_terms import CustomerTerms, terms_of, terms_of_one, typical
from pipeline.workspace.value_settings import CustomerValueSettings, ValueSettings

ROWS = pd.DataFrame({"fee": [10.0, 100.0, np.nan], "plan": ["month", "year", None]})
VALUE = CustomerValueSettings.model_validate(
    {"margin": "fee * 10", "offer_cost": 20, "acceptance": 0.5, "acceptance_by": {"plan": {"month": 0.4}}}
)


def test_margin_and_acceptance_are_each_customers_own() -> None:
    terms = terms_of(VALUE, ROWS)
    assert isinstance(terms, CustomerTerms)
    assert (terms.margin.tolist(), terms.acceptance.tolist()) == ([100.0, 1000.0, 0.0], [0.4, 0.5, 0.5])
    assert [terms_of_one(VALUE, row) for row in ROWS.to_dict("records")] == list(zip(terms.margin, terms.acceptance, strict=True))
    assert typical(VALUE, ROWS).margin == pytest.approx(1100 / 3)


def test_the_same_for_everybody_needs_no_rows() -> None:
    assert terms_of(CustomerValueSettings(), ROWS) == ValueSettings()


@pytest.mark.parametrize(
    ("margin", "said"), [("fee - 1000", "for the average customer"), ("price * 2", "`price`, which the rows do not have")]
)
def test_a_margin_that_is_none_is_told(margin: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        typical(CustomerValueSettings.model_validate({"margin": margin}), ROWS)


def test_under_a_capacity_those_for_whom_it_pays_most_are_contacted() -> None:
    terms = CustomerTerms(np.array([100.0, 1000.0, 300.0, 50.0]), np.full(4, 0.5), offer_cost=20.0, capacity=0.5)
    p = np.array([0.9, 0.2, 0.5, 0.95])
    assert expected_value(p, terms).tolist() == pytest.approx([25.0, 80.0, 55.0, 3.75])
    assert offered(p, terms).tolist() == [0.0, 1.0, 1.0, 0.0]
    # The riskiest are others: they would have been contacted where all are worth the same.
    assert offered(p, ValueSettings(margin=100, offer_cost=20, acceptance=0.5, capacity=0.5)).tolist() == [1.0, 0.0, 0.0, 1.0]


def test_profit_in_percent_is_of_the_best_that_capacity_allows() -> None:
    y = np.array([1.0, 0.0, 1.0, 1.0])
    terms = CustomerTerms(np.array([100.0, 1000.0, 300.0, 50.0]), np.full(4, 0.5), offer_cost=20.0, capacity=0.5)
    found = worth(y, [0.9, 0.2, 0.5, 0.95], terms)
    earned, most = (-20.0 + 130.0), (130.0 + 30.0)
    assert (found.percent, found.amount) == pytest.approx((100 * earned / most, earned / 4))
    assert campaigns(y, y, y, terms).maximum == pytest.approx(most / 4)


def test_of_a_column_that_the_row_lacks_no_margin_is_known_and_the_acceptance_is_everybodys() -> None:
    assert terms_of_one(VALUE, {}) == (0.0, VALUE.acceptance)
