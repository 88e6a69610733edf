import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import false_discovery_control, hypergeom

from pipeline.drift.distances import jensen_shannon
from pipeline.drift.significance import DRAWS, Tally, adjusted, significances

FDR = 0.05


def numbers(before: np.ndarray, after: np.ndarray, cells: int = 512) -> Tally:
    """Values of both windows, counted in equal cells over the range of `before`."""
    edges = np.linspace(before.min(), before.max(), cells - 1)
    p, q = np.digitize(before, edges), np.digitize(after, edges)
    sums = np.bincount(p, before, cells) + np.bincount(q, after, cells)
    return Tally(np.bincount(p, minlength=cells), np.bincount(q, minlength=cells), sums)


def categories(before: np.ndarray, after: np.ndarray) -> Tally:
    return Tally(np.asarray(before), np.asarray(after), None)


def p_of(tally: Tally, seed: int = 0) -> float:
    return significances({"column": tally}, seed=seed, false_discovery_rate=FDR)["column"]


@pytest.mark.slow
@pytest.mark.parametrize(("reference", "window"), [(7000, 200), (300, 300), (1000, 5000)])
@pytest.mark.parametrize("kind", ["numerical", "categorical", "binary"])
def test_without_a_change_p_is_below_five_percent_in_five_percent_of_windows_whatever_the_sizes(
    reference: int, window: int, kind: str
) -> None:
    rng = np.random.default_rng([reference, window, len(kind)])
    looks = 300
    p = []
    for look in range(looks):
        if kind == "numerical":
            tally = numbers(rng.lognormal(size=reference), rng.lognormal(size=window))
        else:
            shares = rng.dirichlet(np.ones(2 if kind == "binary" else 6))
            tally = categories(rng.multinomial(reference, shares), rng.multinomial(window, shares))
        p.append(p_of(tally, look))
    # Three standard errors of a binomial share; a test that is too sure of itself fails, and so does one that never speaks up.
    for level in (0.05, 0.2):
        error = 3 * math.sqrt(level * (1 - level) / looks)
        assert np.mean(np.array(p) <= level) <= level + error
    assert np.mean(np.array(p) <= 0.5) > 0.35


@pytest.mark.parametrize("after", [[3, 1], [4, 0], [2, 2]])
def test_p_is_that_of_all_possible_deals(after: list[int]) -> None:
    """Few rows, so that every deal can be counted, and many deals are as far apart as the windows are."""
    window = np.array(after)
    reference = np.array([12, 8]) - window
    deals = [np.array([held, 4 - held]) for held in range(5)]
    distances = [jensen_shannon(np.array([12, 8]) - deal, deal) for deal in deals]
    chances = hypergeom(20, 12, 4).pmf(range(5))
    exact = sum(
        chance for chance, distance in zip(chances, distances, strict=True) if distance >= jensen_shannon(reference, window) - 1e-12
    )
    assert p_of(categories(reference, window)) == pytest.approx(exact, abs=0.05)


def test_a_null_that_took_the_reference_for_the_truth_would_cry_wolf() -> None:
    """Why both windows are dealt anew: with 300 rows each, half of the difference between them is the reference's own."""
    rng = np.random.default_rng(5)
    shares = np.full(6, 1 / 6)
    ours, naive = [], []
    for look in range(200):
        before, after = rng.multinomial(300, shares), rng.multinomial(300, shares)
        ours.append(p_of(categories(before, after), look))
        draws = rng.multinomial(300, before / 300, size=999)
        naive.append((1 + ((draws - before) ** 2).sum(axis=1).__ge__(((after - before) ** 2).sum()).sum()) / 1000)
    assert np.mean(np.array(naive) <= 0.05) > 0.2
    assert np.mean(np.array(ours) <= 0.05) < 0.1


def test_a_shift_of_a_third_of_a_standard_deviation_is_found_in_five_hundred_rows() -> None:
    rng = np.random.default_rng(1)
    found = [p_of(numbers(rng.normal(size=7000), rng.normal(0.33, size=500)), look) <= 0.01 for look in range(50)]
    assert np.mean(found) == 1


def test_a_share_that_moved_is_found_and_the_same_shares_are_not() -> None:
    assert p_of(categories([3500, 3500], [350, 150])) <= 0.001
    assert p_of(categories([3500, 3500], [250, 250])) == 1


def test_a_category_the_reference_lacks_counts_as_any_other() -> None:
    assert p_of(categories([5000, 2000, 0], [357, 93, 50])) <= 0.001
    assert p_of(categories([5000, 2000, 0], [357, 142, 1])) > 0.05


def test_coarser_groups_find_what_cells_find() -> None:
    """Grouping changes the statistic a little, never the order of magnitude of p."""
    rng = np.random.default_rng(2)
    before, after = rng.normal(size=5000), rng.normal(0.07, size=1000)
    fine, coarse = p_of(numbers(before, after, 512)), p_of(numbers(before, after, 60))
    assert fine == pytest.approx(coarse, abs=0.02)


def test_few_draws_suffice_among_twenty_columns_and_three_hundred_get_more() -> None:
    rng = np.random.default_rng(3)
    quiet = {f"c{number}": categories([3500, 3500], rng.multinomial(500, [0.5, 0.5])) for number in range(299)}
    for columns in (19, 299):
        tallies = {**dict(list(quiet.items())[:columns]), "moved": categories([3500, 3500], [350, 150])}
        p = significances(tallies, seed=0, false_discovery_rate=FDR)
        assert adjusted(p)["moved"] <= FDR
    assert p["moved"] < 1 / (1 + DRAWS)


def test_where_many_columns_moved_no_further_draws_are_made() -> None:
    tallies = {f"c{number}": categories([3500, 3500], [350, 150]) for number in range(300)}
    p = significances(tallies, seed=0, false_discovery_rate=FDR)
    assert set(p.values()) == {1 / (1 + DRAWS)}
    assert max(adjusted(p).values()) <= FDR


def test_a_column_keeps_its_p_whatever_columns_stand_beside_it() -> None:
    first, second = categories([400, 600], [55, 45]), categories([100, 900], [9, 91])
    alone = significances({"first": first}, seed=4, false_discovery_rate=FDR)
    beside = significances({"second": second, "first": first}, seed=4, false_discovery_rate=FDR)
    assert alone["first"] == beside["first"]
    assert significances({"first": first}, seed=5, false_discovery_rate=FDR) != alone


def test_windows_without_rows_and_columns_without_a_choice_are_never_significant() -> None:
    assert p_of(categories([0, 0], [3, 4])) == 1
    assert p_of(categories([3, 4], [0, 0])) == 1
    assert p_of(categories([70], [30])) == 1
    assert p_of(numbers(np.zeros(100), np.zeros(50))) == 1
    assert significances({}, seed=0, false_discovery_rate=FDR) == {}


def test_more_rows_than_can_be_dealt_are_taken_in_proportion() -> None:
    assert p_of(categories([10**9, 10**9], [10**6, 10**6 + 10**5])) <= 0.001
    assert p_of(categories([10**9, 10**9], [10**6, 10**6])) == 1


def test_adjusted_p_are_those_of_benjamini_and_hochberg() -> None:
    p = {"a": 0.001, "b": 0.03, "c": 0.02, "d": 0.9, "e": 0.03}
    assert [adjusted(p)[name] for name in p] == pytest.approx(list(false_discovery_control(list(p.values()))))
    assert adjusted({}) == {}


@pytest.mark.slow
@pytest.mark.parametrize("cells", [6, 400])
def test_a_customer_scored_on_seven_days_is_dealt_once(cells: int) -> None:
    """The same rows seven times are as far from the reference as once, and prove no more."""
    rng = np.random.default_rng(cells)
    shares = rng.dirichlet(np.full(cells, 3.0))
    once, week, naive = [], [], []
    for look in range(40):
        before, after = rng.multinomial(3000, shares), rng.multinomial(150, shares)
        once.append(p_of(categories(before, after), look))
        week.append(p_of(replace(categories(before, 7 * after), worth=1 / 7), look))
        naive.append(p_of(categories(before, 7 * after), look))
    assert np.abs(np.array(once) - np.array(week)).mean() < 0.05
    assert np.mean(np.array(naive) <= 0.05) > 0.6 > 0.2 > np.mean(np.array(week) <= 0.05)
    assert p_of(replace(categories([3500, 3500], [7 * 350, 7 * 150]), worth=1 / 7)) <= 0.001
