"""Whom a list asks: drawn by known probabilities, unbiased by their inverse, and most where outcomes tell most."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.diagnosis.asking.choice import Partition, choose
from pipeline.diagnosis.asking.region import Region
from pipeline.diagnosis.asking.strata import allocate
from pipeline.diagnosis.asking.suspicions import expected_churn, suspect
from pipeline.diagnosis.observed import Observed
from pipeline.errors import DataError
from tests.pipeline.known_windows import POLICY, known_window, leaving
from tests.pipeline.small_tables import small_table

ROWS = 1_000


@pytest.fixture(scope="module")
def window() -> Observed:
    return known_window(small_table(ROWS, 3), known=np.zeros(ROWS, dtype=bool))


def nobody() -> np.ndarray:
    return np.zeros(ROWS, dtype=bool)


def test_a_list_has_the_length_asked_for_and_says_each_chance_to_be_on_it(window: Observed) -> None:
    choice = choose(window, POLICY, 100, ~nobody(), nobody(), None, 1)
    assert choice.drawn.sum() == 100
    assert choice.members.sum() == ROWS
    assert choice.probability.sum() == pytest.approx(100)
    assert choice.probability.min() > 0


def test_the_inverse_of_the_chances_counts_everybody_whatever_was_drawn(window: Observed) -> None:
    scores = window.scores
    sums = []
    for seed in range(40):
        choice = choose(window, POLICY, 100, ~nobody(), nobody(), None, seed)
        sums.append(float((scores / choice.probability)[choice.drawn].sum()))
    assert np.mean(sums) == pytest.approx(scores.sum(), rel=0.02)


def test_a_later_list_asks_nobody_twice_and_divides_the_strata_further(window: Observed) -> None:
    table = small_table(ROWS, 3)
    first = choose(window, POLICY, 300, ~nobody(), nobody(), None, 1)
    changed = known_window(leaving(table, table["payment"] == "bank", 0.9, 1), known=first.drawn)
    later = choose(changed, POLICY, 100, ~first.drawn, first.drawn, first.partition, 2)
    assert not (later.drawn & first.drawn).any()
    assert later.partition.cuts == first.partition.cuts
    assert [one.column for one in later.partition.regions] == ["payment"]
    # Whoever is asked later shares a stratum of the first list with those whom it had the same chance to draw.
    finer = later.partition.of(window)
    assert all(len({*first.stratum[finer == one]}) == 1 for one in np.unique(finer))


def test_where_a_change_is_beyond_doubt_the_list_is_spread_as_a_random_sample(window: Observed) -> None:
    stratum = np.repeat([0, 1], ROWS // 2)
    worth = np.where(stratum == 1, 10.0, 1.0)
    open_, known = (allocate(stratum, worth, nobody(), ~nobody(), 100, unsettled) for unsettled in (1.0, 0.0))
    assert open_[1] > 2 * open_[0]
    assert known.tolist() == [50, 50]


def test_outcomes_make_the_group_that_changed_the_likeliest(window: Observed) -> None:
    table = small_table(ROWS, 3)
    found = suspect(known_window(leaving(table, table["payment"] == "bank", 0.9, 1)), POLICY)
    first = next(one for one in found.each if one.region is not None)
    assert first.region is not None and first.region.column == "payment"
    assert first.favoured > 1 and found.changed > 0.99
    assert suspect(window, POLICY).changed == pytest.approx(0.5)


def test_with_nobody_left_it_says_so(window: Observed) -> None:
    with pytest.raises(DataError, match="no customer left"):
        choose(window, POLICY, 10, nobody(), ~nobody(), None, 1)


def test_more_than_everybody_is_everybody_who_is_free(window: Observed) -> None:
    free = np.arange(ROWS) < 30
    assert choose(window, POLICY, 100, free, nobody(), None, 1).drawn.tolist() == free.tolist()


def test_a_region_is_found_again_in_other_rows(window: Observed) -> None:
    rows = window.window.assign(tenure=np.where(np.arange(ROWS) < 10, np.nan, window.window["tenure"]))
    band = Region(column="tenure", said="12 to 24", low=12, high=24).holds(rows, window.scores)
    assert band.tolist() == ((rows["tenure"] >= 12) & (rows["tenure"] < 24)).tolist()
    assert Region(column="tenure", said="missing", missing=True).holds(rows, window.scores).sum() == 10
    parts = Partition((0.5,), (Region(column=None, said="", low=0.2),)).of(window)
    assert len(np.unique(parts)) == 3


def test_expected_churn_is_what_the_reference_bears_out(window: Observed) -> None:
    everybody = replace(window, scores=window.reference_scores)
    assert expected_churn(everybody).mean() == pytest.approx(window.reference["churned"].mean(), abs=1e-3)
