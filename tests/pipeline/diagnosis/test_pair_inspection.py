"""Two columns together, before and now: what lost its tie is seen, and nothing is told of fewer than ten customers."""

import numpy as np
import pytest

from pipeline.diagnosis.pair_inspection import inspect_pair
from pipeline.errors import DataError
from tests.pipeline.seen_customers import drawn, seen, shuffled


def test_a_join_out_of_step_loses_the_tie() -> None:
    whole, broken = (
        inspect_pair(seen(table), "InternetService", "TechSupport") for table in (drawn(1500, 1), shuffled(drawn(1500, 1), "TechSupport"))
    )
    assert whole.tie_reference == broken.tie_reference
    assert abs(whole.tie_window - whole.tie_reference) < 0.1  # type: ignore[operator]
    assert broken.tie_window < 0.1 < 0.4 < broken.tie_reference  # type: ignore[operator]
    none = {(cell.first, cell.second): cell for cell in broken.cells}[("No", "No")]
    assert none.reference == 0.0
    assert none.window > 0.05  # type: ignore[operator]


def test_numbers_are_told_by_quarters_and_equal_values_counted() -> None:
    table = drawn(1500, 1)
    found = inspect_pair(seen(table.assign(tenure=table["MonthlyCharges"])), "tenure", "MonthlyCharges")
    assert found.equal_window == 1.0
    assert found.equal_reference in (None, 0.0)  # in hardly any customer
    assert len(found.cells) <= 16


def test_rows_where_one_is_missing_are_told_of_ten_customers_and_more() -> None:
    table = drawn(1500, 1)
    for rows, told in ((9, None), (40, 40 / 1500)):
        lost = table.assign(tenure=table["tenure"].mask(np.arange(1500) < rows))
        found = inspect_pair(seen(lost), "tenure", "Contract")
        (alone,) = (one for one in found.missing if one.missing == "tenure")
        assert alone.window == (None if told is None else pytest.approx(told, abs=1e-3))
        assert (alone.mean_score is None) == (told is None)
    cells = [share for cell in found.cells for share in (cell.reference, cell.window) if share]
    assert min(cells) >= 10 / 4000


def test_names_are_checked() -> None:
    observed = seen(drawn(200, 1))
    with pytest.raises(DataError, match="no feature"):
        inspect_pair(observed, "tenure", "nobody")
    with pytest.raises(DataError, match="one feature"):
        inspect_pair(observed, "tenure", "tenure")
