"""The kinds of change, one by one: each does what it says, and nothing else."""

import numpy as np
import pandas as pd
import pytest

from pipeline.worlds.behaviour import estimated_risk
from pipeline.worlds.change import Change, Pool, Severity
from pipeline.worlds.drivers import strongest_first
from pipeline.worlds.scenarios import DAY, KINDS, SCENARIOS
from tests.pipeline.worlds.drawn import draw
from tests.pipeline.worlds.test_scenarios import COLUMNS, POOL

EXPECTED = POOL["Churn"].to_numpy(dtype="float64")
FAULTS = [kind for kind in KINDS if SCENARIOS[kind].truth == "data_fault"]
SAME_ROWS = [kind for kind in FAULTS if kind != "duplicated_rows"]


def change(kind: str, severity: Severity = "strong", seed: int = 5) -> Change:
    return SCENARIOS[kind].plan(Pool(POOL, COLUMNS, EXPECTED), severity, np.random.default_rng(seed))


def window(kind: str, severity: Severity = "strong", rows: int = 2_000) -> pd.DataFrame:
    return draw(kind, rows, POOL, COLUMNS, 5, severity=severity)


def damaged(kind: str, severity: Severity = "strong") -> pd.DataFrame:
    fault = change(kind, severity).damage
    assert fault is not None
    return fault(POOL, np.random.default_rng(1))


@pytest.mark.parametrize("severity", ["mild", "strong"])
@pytest.mark.parametrize("kind", SAME_ROWS)
def test_a_fault_changes_the_columns_it_names_and_no_other(kind: str, severity: Severity) -> None:
    named = list(change(kind, severity).columns)
    broken = damaged(kind, severity)
    pd.testing.assert_frame_equal(broken.drop(columns=named), POOL.drop(columns=named))
    assert all(not broken[name].equals(POOL[name]) for name in named)


@pytest.mark.parametrize("kind", ["null_spike", "defaulted", "clipped", "unit_change", "duplicated_rows"])
def test_a_strong_fault_hits_more_rows_than_a_mild_one(kind: str) -> None:
    def hit(severity: Severity) -> int:
        broken = damaged(kind, severity)
        if len(broken) != len(POOL):
            return len(broken) - len(POOL)
        names = list(change(kind, severity).columns)
        return int((broken[names].fillna("none").to_numpy() != POOL[names].fillna("none").to_numpy()).any(axis=1).sum())

    assert hit("strong") > 1.5 * hit("mild") > 0


def test_one_source_alone_changes_its_unit() -> None:
    factor = damaged("unit_change", "mild")["MonthlyCharges"] / POOL["MonthlyCharges"]
    assert set(factor.round(6)) == {1.0, 100.0}
    assert any((POOL.loc[factor > 1, name].nunique() == 1) for name in COLUMNS.categorical)


def test_a_recoded_column_says_the_same_in_other_words() -> None:
    for severity in ("mild", "strong"):
        spelt = damaged("category_recoded", severity)["Contract"]
        assert spelt.groupby(POOL["Contract"]).nunique().eq(1).all()
        assert spelt.nunique() == POOL["Contract"].nunique()
        assert set(spelt) - set(POOL["Contract"])


def test_a_misaligned_join_keeps_the_values_and_loses_what_they_went_with() -> None:
    (name,) = change("misaligned_join").columns
    broken = damaged("misaligned_join")
    assert broken[name].value_counts().equals(POOL[name].value_counts())
    assert (broken[name] != POOL[name]).mean() > 0.3


def test_a_broken_schema_is_sent_as_it_breaks() -> None:
    gone, words = change("schema_break", "strong"), change("schema_break", "mild")
    assert gone.as_sent is not None and words.as_sent is not None
    assert gone.columns[0] not in gone.as_sent(damaged("schema_break", "strong"))
    sent = words.as_sent(damaged("schema_break", "mild"))[words.columns[0]]
    assert 0.25 < (sent == "unknown").mean() < 0.35
    assert sent.map(type).eq(str).all()


def test_repeated_rows_name_the_customer_they_repeat() -> None:
    frame = window("duplicated_rows")
    assert 1.3 < len(frame) / frame.index.nunique() < 1.5
    twice = frame[frame.index.duplicated(keep=False)]
    assert (twice.groupby(level=0).nunique(dropna=False) == 1).all(axis=None)


def test_immature_outcomes_lack_the_late_churners() -> None:
    matured, immature = window("none", rows=7_000), window("immature_labels", rows=7_000)
    pd.testing.assert_frame_equal(immature.drop(columns="Churn"), matured.drop(columns="Churn"))
    rate = immature.groupby(DAY)["Churn"].mean()
    assert rate[0] > 0.2 > 0.02 > rate[6]


def test_a_tiny_window_is_tiny() -> None:
    assert len(window("tiny_window", "strong")) < len(window("tiny_window", "mild")) < 200


@pytest.mark.parametrize("kind", ["harmless_tilt", "important_tilt", "seasonal_mix", "segment_arrives", "category_arrives", "price_change"])
def test_a_moved_population_has_the_outcomes_it_had(kind: str) -> None:
    moved = change(kind, "mild")
    assert moved.behave is None and moved.damage is None
    # Weights go by features alone: the same customers with other outcomes weigh the same.
    if moved.weigh is not None:
        assert np.allclose(moved.weigh(POOL, EXPECTED), moved.weigh(POOL, 1 - EXPECTED))


def test_tilts_move_what_says_much_and_what_says_little() -> None:
    ordered = strongest_first(POOL, COLUMNS.features, EXPECTED)
    assert change("important_tilt").columns == (ordered[0],)
    assert set(change("harmless_tilt").columns) == {*ordered[-2:]}


@pytest.mark.slow
def test_the_customers_who_arrive_were_hardly_there() -> None:
    arrives = change("segment_arrives")
    assert arrives.absent is not None and arrives.weigh is not None
    kept, weight = arrives.absent(POOL), arrives.weigh(POOL, EXPECTED)
    newcomers = kept < 1
    assert 0.08 <= newcomers.mean() <= 0.35
    assert weight[newcomers].min() > weight[~newcomers].max()
    assert kept[newcomers].sum() < 0.01 * len(POOL)


def test_new_prices_are_one_factor_for_everybody() -> None:
    moved = change("price_change")
    assert moved.renew is not None
    factor = moved.renew(POOL, np.random.default_rng(1))["MonthlyCharges"] / POOL["MonthlyCharges"]
    assert factor.round(9).nunique() == 1
    assert 0.5 < factor.iloc[0] < 2


def test_a_new_offer_is_taken_by_whom_it_says() -> None:
    for severity, share in (("mild", 0.08), ("strong", 0.25)):
        moved = change("category_arrives", severity)
        assert moved.renew is not None
        (name,) = moved.columns
        taken = ~moved.renew(POOL, np.random.default_rng(1))[name].isin(POOL[name])
        assert abs(taken.mean() - share) < 0.02
        assert POOL.loc[taken, name].nunique() == (2 if severity == "mild" else 1)


def test_the_share_of_churners_moves_by_the_odds_it_says() -> None:
    moved = change("prior_shift")
    assert moved.behave is not None and moved.weigh is not None
    after, before = np.average(moved.behave(POOL, EXPECTED), weights=moved.weigh(POOL, EXPECTED)), EXPECTED.mean()
    ratio = after / (1 - after) / (before / (1 - before))
    assert max(ratio, 1 / ratio) == pytest.approx(2.5)


@pytest.mark.slow
def test_everybodys_odds_move_by_one_factor() -> None:
    moved = change("odds_shift")
    assert moved.behave is not None and moved.weigh is None
    model = estimated_risk(Pool(POOL, COLUMNS, EXPECTED))
    after = moved.behave(POOL, model(POOL))
    odds = after / (1 - after) / (model(POOL) / (1 - model(POOL)))
    # Chances of a pool that are known already are turned, not replaced; on the average of like customers the factor is the one said.
    total = after.mean() / (1 - after.mean()) / (EXPECTED.mean() / (1 - EXPECTED.mean()))
    assert 1.4 < max(total, 1 / total) < 2.5
    assert (odds > 1).all() or (odds < 1).all()


def test_chances_and_outcomes_obey_the_same_prior_shift() -> None:
    moved = change("prior_shift")
    assert moved.behave is not None and moved.weigh is not None
    chance = np.array([0.2])
    odds = moved.weigh(POOL, np.array([1.0]))[0]
    assert moved.weigh(POOL, chance)[0] == pytest.approx(0.8 + 0.2 * odds)
    assert moved.behave(POOL, chance)[0] == pytest.approx(0.2 * odds / (0.8 + 0.2 * odds))


@pytest.mark.slow
def test_reversed_drivers_turn_their_own_order_and_leave_the_others() -> None:
    reversed_ = change("drivers_reverse").behave
    assert reversed_ is not None
    after = reversed_(POOL, EXPECTED)
    monthly, fibre = POOL["Contract"] == "Month-to-month", POOL["InternetService"] == "Fiber optic"
    assert EXPECTED[monthly].mean() > EXPECTED[~monthly].mean() + 0.2
    assert after[monthly].mean() < after[~monthly].mean()
    assert after[monthly & fibre].mean() > after[monthly & ~fibre].mean()


@pytest.mark.slow
def test_a_changed_segment_leaves_everybody_else_alone() -> None:
    for severity in ("mild", "strong"):
        behave = change("segment_concept", severity).behave
        assert behave is not None
        touched = behave(POOL, EXPECTED) != EXPECTED
        assert 0.14 <= touched.mean() <= 0.4
