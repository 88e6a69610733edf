"""The kinds beside the first twenty-two: each does to rows, chances or outcomes what it says, and nothing else."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

from pipeline.worlds.change import Change, Pool, Severity
from pipeline.worlds.drawn_week import draw_week
from pipeline.worlds.scenarios import ALL_KINDS, DAY, KINDS, NATURAL_KINDS, PLANTED_KINDS, SCENARIOS
from tests.pipeline.worlds.drawn import draw
from tests.pipeline.worlds.test_scenarios import COLUMNS, POOL

FEW = POOL.head(3_000)
EXPECTED = FEW["Churn"].to_numpy(dtype="float64")
CROWD = Pool(FEW, COLUMNS, EXPECTED)
RNG = np.random.default_rng


@cache
def change(kind: str, severity: Severity = "strong") -> Change:
    return SCENARIOS[kind].plan(CROWD, severity, RNG(5))


def damaged(kind: str, severity: Severity = "strong") -> tuple[str, pd.Series]:
    made = change(kind, severity)
    assert made.damage is not None
    return made.columns[0], made.damage(FEW, RNG(1))[made.columns[0]]


def renewed(kind: str, severity: Severity = "strong") -> tuple[str, pd.Series]:
    made = change(kind, severity)
    assert made.renew is not None and made.damage is None
    after = made.renew(FEW, RNG(1))
    pd.testing.assert_frame_equal(after.drop(columns=list(made.columns)), FEW.drop(columns=list(made.columns)))
    return made.columns[0], after[made.columns[0]]


def behaving(kind: str, severity: Severity = "strong") -> np.ndarray:
    behave = change(kind, severity).behave
    assert behave is not None
    after = behave(FEW, EXPECTED)
    assert ((after >= 0) & (after <= 1)).all()
    return after


def recorded(kind: str, severity: Severity) -> np.ndarray:
    rule = change(kind, severity).recorded
    assert rule is not None
    return rule(FEW, np.linspace(0, 1, len(FEW)), RNG(1))


def test_the_groups_hold_every_kind_once_and_the_first_ones_first() -> None:
    assert (*KINDS, *PLANTED_KINDS, *NATURAL_KINDS) == ALL_KINDS
    assert len(set(ALL_KINDS)) == len(ALL_KINDS) == 22 + 12 + 13


def test_a_constant_is_added_everywhere() -> None:
    name, after = damaged("number_offset")
    assert (after - FEW[name]).nunique() == 1
    assert (after - FEW[name]).iloc[0] > 2 * FEW[name].std()


@pytest.mark.parametrize(("severity", "share"), [("mild", 0.35), ("strong", 1.0)])
def test_signs_turn_round(severity: Severity, share: float) -> None:
    name, after = damaged("sign_flipped", severity)
    assert after.abs().equals(FEW[name].abs())
    assert ((after < 0).mean() / (FEW[name] > 0).mean()) == pytest.approx(share, abs=0.04)


def test_a_mean_stands_where_half_of_the_numbers_were() -> None:
    name, after = damaged("mean_imputed")
    assert (after == round(FEW[name].mean())).mean() == pytest.approx(0.5, abs=0.05)


def test_noise_blurs_a_number_within_its_range() -> None:
    name, after = damaged("noisy_number")
    assert after.corr(FEW[name]) < 0.8
    assert after.min() >= FEW[name].min() and after.max() <= FEW[name].max()
    assert (after % 1 == 0).all()


def test_a_new_version_spells_a_third_of_the_rows_otherwise() -> None:
    name, after = damaged("version_renames")
    other = after != FEW[name]
    assert other.mean() == pytest.approx(1 / 3, abs=0.04)
    assert not set(after[other]) & set(FEW[name])
    assert after.groupby(FEW[name]).nunique().eq(2).all()


def test_a_missing_feed_takes_one_kind_of_customers_with_it() -> None:
    made = change("feed_missing")
    assert made.damage is not None
    left = made.damage(FEW, RNG(1))
    gone = FEW.drop(left.index)
    assert 0.15 <= len(gone) / len(FEW) <= 0.4
    assert gone[made.columns[0]].nunique() == 1
    assert len(draw("feed_missing", 500, FEW, COLUMNS, 5)) < 450


def test_outcomes_are_turned_upside_down() -> None:
    assert (recorded("outcomes_flipped", "strong") == 1 - EXPECTED).all()
    assert (recorded("outcomes_flipped", "mild") != EXPECTED).mean() == pytest.approx(1 / 3, abs=0.03)


def test_contacted_customers_are_the_risky_ones_and_some_were_saved() -> None:
    seen = recorded("contacted_only", "strong")
    known = ~np.isnan(seen)
    assert known.mean() == pytest.approx(0.25, abs=0.02)
    assert EXPECTED[known].mean() > 1.5 * EXPECTED.mean()
    assert seen[known].sum() == pytest.approx(EXPECTED[known].sum() / 2, rel=0.2)


def test_a_harmless_hole_hides_reversed_drivers() -> None:
    made, (name, after) = change("missing_and_reversal"), damaged("missing_and_reversal")
    assert after.isna().mean() == pytest.approx(0.4, abs=0.03)
    assert made.columns == (name,) and not made.only_behaviour
    assert np.abs(behaving("missing_and_reversal") - EXPECTED).mean() > 0.2


def test_another_level_and_a_tilt_come_together() -> None:
    made, alone = change("prior_and_tilt"), change("prior_shift")
    assert made.weigh is not None and alone.weigh is not None
    assert (made.behave is not None) and len(made.columns) == 2
    assert np.unique(made.weigh(FEW, EXPECTED).round(9)).size > np.unique(alone.weigh(FEW, EXPECTED)).size == 2


def test_a_change_sets_in_half_way_or_little_by_little() -> None:
    places, recency = np.arange(len(FEW)), np.linspace(0, 1, len(FEW))
    half, slow = change("reversal_half_way"), change("gradual_reversal")
    for made in (half, slow):
        assert made.behave is not None
        settled = made.settled().chances(CROWD, places, recency)
        assert (settled == made.behave(FEW, EXPECTED)).all()
        assert made.chances(CROWD, places, np.ones(len(FEW))) == pytest.approx(settled)
    early = recency <= 0.5
    assert (half.chances(CROWD, places, recency)[early] == EXPECTED[early]).all()
    moved = np.abs(slow.chances(CROWD, places, recency) - EXPECTED)
    assert moved[recency < 0.2].mean() < moved[recency > 0.8].mean() / 3


def test_a_change_of_several_weeks_sets_in_over_all_of_them() -> None:
    slow = change("gradual_reversal")
    first, last = slow.within(0, 4).onset, slow.within(3, 4).onset
    assert first is not None and last is not None
    assert first(np.array([0.0, 1.0])) == pytest.approx([0, 0.25])
    assert last(np.array([0.0, 1.0])) == pytest.approx([0.75, 1])


def test_what_recurs_was_so_before() -> None:
    made = change("recurring_change")
    assert made.earlier is not None and made.behave is not None
    assert (made.earlier(FEW, EXPECTED) == made.behave(FEW, EXPECTED)).all()
    assert SCENARIOS["recurring_change"].own_reference


def test_plans_get_prices_of_their_own() -> None:
    name, after = renewed("tariff_per_plan")
    factor = (after / FEW[name]).round(9)
    assert factor.nunique() > 1 and factor.min() < 1 < factor.max()
    assert any(factor.groupby(FEW[plan]).nunique().eq(1).all() for plan in COLUMNS.categorical)


def test_customers_leave_where_the_price_rose() -> None:
    name, after = renewed("tariff_resented")
    rose, more = after > FEW[name], behaving("tariff_resented") - EXPECTED
    assert more[rose].min() >= 0 and more[rose].mean() > 0.05 > 0 > more[~rose].mean()


def test_who_paid_much_leaves_after_a_rise() -> None:
    name, after = renewed("price_rise_resented")
    dear, more = FEW[name] > FEW[name].mean(), behaving("price_rise_resented") - EXPECTED
    assert (after / FEW[name]).round(9).nunique() == 1
    assert more[dear].mean() > 0.05 > 0 > more[~dear].mean()


def test_a_number_counts_a_part_of_what_it_counted() -> None:
    name, after = renewed("recorded_differently")
    assert (after <= FEW[name]).all()
    assert after.mean() < 0.5 * FEW[name].mean()
    assert (after / FEW[name].clip(1)).round(3).nunique() > 50


def test_a_season_raises_numbers_by_a_factor_for_each() -> None:
    name, after = renewed("seasonal_usage")
    factor = (after / FEW[name])[FEW[name] > 20]
    assert factor.median() == pytest.approx(1.6, abs=0.05) and factor.std() > 0.1


def test_bots_break_what_goes_together() -> None:
    made = change("bot_rows")
    assert made.damage is not None
    after = made.damage(FEW, RNG(1))

    def offline_but_streaming(frame: pd.DataFrame) -> float:
        return float(((frame["InternetService"] == "No") & (frame["StreamingTV"] != "No internet service")).mean())

    assert offline_but_streaming(FEW) == 0 < 0.03 < offline_but_streaming(after)
    assert after.dtypes.equals(FEW.dtypes)


def test_two_causes_have_a_column_and_a_behaviour() -> None:
    name, after = damaged("unit_and_segment")
    assert (after / FEW[name]).round(6).eq(100).all()
    assert np.abs(behaving("unit_and_segment") - EXPECTED).mean() > 0.2
    assert SCENARIOS["unit_and_segment"].also == "concept_drift"


def test_an_offer_keeps_the_riskiest() -> None:
    kept = behaving("campaign_effect") < EXPECTED
    assert kept.sum() <= 0.25 * len(FEW) and EXPECTED[kept].mean() > 0.4
    assert (behaving("campaign_effect")[~kept] == EXPECTED[~kept]).all()


def test_a_driver_fades() -> None:
    top = FEW[change("driver_fades").columns[0]]

    def spread(chances: np.ndarray) -> float:
        return float(pd.Series(chances, index=FEW.index).groupby(top).mean().std())

    assert spread(behaving("driver_fades")) < 0.75 * spread(EXPECTED)


def test_an_intake_stops_and_an_offer_is_withdrawn() -> None:
    weigh = change("intake_stops").weigh
    assert weigh is not None
    assert set(weigh(FEW, EXPECTED)) == {0.0, 1.0}
    name, after = renewed("offer_withdrawn")
    assert set(FEW[name]) - set(after) and set(after) < set(FEW[name])


def test_weeks_of_partly_known_outcomes_say_whose_are_not() -> None:
    drawn = draw_week(change("contacted_only"), CROWD, 700, RNG(3))
    assert drawn.told.mean() == pytest.approx(0.25, abs=0.06)
    assert drawn.frame["Churn"].isin([0, 1]).all() and DAY in drawn.frame
