"""Whom to contact under a capacity."""

import pytest

from pipeline.measures.contact_list import reached


@pytest.mark.parametrize(("capacity", "chosen"), [(1.0, "abd"), (0.5, "ab"), (0.25, "a"), (0.1, "")])
def test_capacity_goes_to_the_first_for_whom_an_offer_pays(capacity: float, chosen: str) -> None:
    assert "".join(name for name, one in zip("abcd", reached([9.0, 5.0, -1.0, 2.0], capacity), strict=True) if one) == chosen
