"""Hold-outs: by lot, the asked share of every tier, the same again for the same campaign."""

import pytest

from pipeline.measures.hold_out import held_out

IDS = [f"C{number}" for number in range(3000)]
SCORES = [0.2, 0.5, 0.9] * 1000


def drawn(share: float = 0.05, seed: int = 1, period: str = "2026-11", ids: list[str] = IDS) -> set[str]:
    return {id_ for id_, one in zip(ids, held_out(ids, SCORES[: len(ids)], share, seed, period), strict=True) if one}


def test_each_tier_gives_the_share_that_is_asked_for() -> None:
    found = drawn()
    assert [sum(IDS[place] in found for place in range(tier, 3000, 3)) for tier in range(3)] == [50, 50, 50]


def test_the_same_campaign_draws_the_same_and_another_one_others() -> None:
    assert drawn() == drawn()
    assert len(drawn() & drawn(period="2026-12")) < 30
    assert len(drawn() & drawn(seed=2)) < 30


def test_the_order_of_the_list_does_not_matter() -> None:
    scored = dict(zip(IDS, SCORES, strict=True))
    turned = IDS[::-1]
    again = held_out(turned, [scored[id_] for id_ in turned], 0.05, 1, "2026-11")
    assert {id_ for id_, one in zip(turned, again, strict=True) if one} == drawn()


@pytest.mark.parametrize(("share", "least", "most"), [(0.0, 0, 0), (0.05, 20, 80)])
def test_of_short_lists_the_share_is_right_on_average(share: float, least: int, most: int) -> None:
    total = sum(sum(held_out(IDS[:10], [0.5] * 10, share, 1, f"week {week}")) for week in range(100))
    assert least <= total <= most
