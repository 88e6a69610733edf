"""Named changes with a known truth: each does what it says, to the columns it says, and nothing else."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import wasserstein_distance
from sklearn.metrics import roc_auc_score

from pipeline.errors import DataError
from pipeline.models.unfitted_model import build
from pipeline.roles.inference import infer
from pipeline.tables.reading import raw_of, read_raw, typed
from pipeline.tables.schema import Schema
from pipeline.tables.splits import split_reference
from pipeline.worlds.change import NotExpressible, Severity
from pipeline.worlds.drivers import cells, lean, riskiest, strongest_first
from pipeline.worlds.scenarios import DAY, KINDS, SCENARIOS, SEVERITIES
from pipeline.worlds.telephone_customers import make_customers
from tests.checkout import TELCO
from tests.pipeline.worlds.drawn import draw

LOSES_ROWS = {"feed_missing"}
DAMAGED = {"null_spike": "tenure", "unit_change": "MonthlyCharges", "new_category": "Contract"}


def generated(rows: int, seed: int) -> pd.DataFrame:
    return typed(raw_of(make_customers(rows, seed), "customers.csv"), COLUMNS, with_target=True)


COLUMNS = infer(raw_of(make_customers(2_000, seed=1), "customers.csv"), "Churn").schema
REFERENCE, POOL = generated(4_000, seed=1), generated(20_000, seed=2)
FEW = POOL.head(2_000)


def window(scenario: str, seed: int = 5, rows: int = 2_000) -> pd.DataFrame:
    return draw(scenario, rows, POOL, COLUMNS, seed)


def drifted(current: pd.DataFrame, reference: pd.DataFrame = REFERENCE) -> list[str]:
    """Features beyond Evidently's default thresholds for a reference of more than 1,000 rows."""

    def distance(name: str) -> float:
        old, new = reference[name].dropna(), current[name].dropna()
        if COLUMNS.kind(name) == "numerical":
            return float(wasserstein_distance(old, new) / old.std(ddof=0))
        shares = pd.concat([old.value_counts(normalize=True), new.value_counts(normalize=True)], axis=1).fillna(0)
        return float(jensenshannon(shares.iloc[:, 0], shares.iloc[:, 1]))

    return [name for name in COLUMNS.features if distance(name) >= 0.1]


def auc_after(train: pd.DataFrame, judged: pd.DataFrame) -> float:
    model = build("random_forest", {"n_estimators": 60, "max_depth": 10}, 1, COLUMNS).fit(train, train["Churn"])
    return float(roc_auc_score(judged["Churn"], model.predict_proba(judged)[:, 1]))


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_window_is_a_typed_week_without_ids(scenario: str, severity: Severity) -> None:
    frame = draw(scenario, 50, FEW, COLUMNS, 5, severity=severity)
    assert list(frame) == [*COLUMNS.features, "Churn", DAY]
    assert frame.drop(columns=DAY).dtypes.to_dict() == REFERENCE[list(frame.columns[:-1])].dtypes.to_dict()
    assert frame[DAY].is_monotonic_increasing
    if scenario in LOSES_ROWS:
        assert 0 < len(frame) < 50
    else:
        assert frame[~frame.index.duplicated()][DAY].value_counts().to_dict() == {0: 8, 1: 7, 2: 7, 3: 7, 4: 7, 5: 7, 6: 7}
    pd.testing.assert_frame_equal(frame, draw(scenario, 50, FEW, COLUMNS, 5, severity=severity))


def test_no_copy_of_a_customer_appears_on_two_days() -> None:
    pool = POOL.head(140).assign(tenure=np.arange(140.0))
    frame = draw("none", 1_000, pool, COLUMNS, seed=5)
    assert frame.duplicated("tenure").any()
    assert (frame.groupby("tenure")[DAY].nunique() == 1).all()


def test_nothing_drifts_where_nothing_changed() -> None:
    frame = window("none")
    assert drifted(frame) == []
    assert abs(frame["Churn"].mean() - POOL["Churn"].mean()) < 0.03


def test_a_numeric_shift_moves_numbers_only() -> None:
    moved = drifted(window("numeric_shift"))
    assert len(moved) >= 2
    assert set(moved) <= set(COLUMNS.numerical)


def test_a_category_mix_moves_a_fifth_to_two_fifths_of_the_features() -> None:
    moved = drifted(window("category_mix"))
    assert 0.2 <= len(moved) / len(COLUMNS.features) <= 0.4
    assert len({*moved} & {*COLUMNS.categorical}) >= 4


@pytest.mark.parametrize("scenario", ["none", "numeric_shift", "category_mix"])
def test_a_covariate_shift_leaves_behaviour_as_it_was(scenario: str) -> None:
    # Where the outcome is a function of the features, every drawn row must still obey it.
    pool = POOL.assign(Churn=((POOL["tenure"] < 20) ^ (POOL["gender"] == "Male")).astype("int8"))
    frame = draw(scenario, 1_000, pool, COLUMNS, seed=5)
    assert (frame["Churn"] == ((frame["tenure"] < 20) ^ (frame["gender"] == "Male"))).all()


def test_high_churn_multiplies_the_odds_and_leaves_churners_as_they_were() -> None:
    frame, before = window("high_churn", rows=8_000), POOL["Churn"].mean()
    odds = 2.5 * before / (1 - before)
    assert abs(frame["Churn"].mean() - odds / (1 + odds)) < 0.02
    for outcome in (0, 1):
        assert drifted(frame[frame["Churn"] == outcome], POOL[POOL["Churn"] == outcome]) == []


def test_changed_behaviour_shows_in_outcomes_only() -> None:
    frame, before = window("behaviour_change"), window("none")
    pd.testing.assert_frame_equal(frame.drop(columns="Churn"), before.drop(columns="Churn"))
    assert auc_after(REFERENCE, frame) < auc_after(REFERENCE, before) - 0.1
    assert abs(frame["Churn"].mean() - before["Churn"].mean()) < 0.1


@pytest.mark.parametrize("seed", [5, 6, 7])
def test_the_market_shift_moves_eight_of_nineteen_features(seed: int) -> None:
    moved = drifted(window("market_shift", seed))
    assert len(moved) == 8
    assert {*moved} & {*COLUMNS.numerical}
    assert {*moved} & {*COLUMNS.categorical}


def test_retraining_pays_after_the_market_shift() -> None:
    frame = window("market_shift")
    known, later = frame[frame[DAY] < 5], frame[frame[DAY] >= 5]
    retrained = auc_after(pd.concat([REFERENCE, known]), later)
    assert retrained >= 0.78
    assert retrained > auc_after(REFERENCE, later) + 0.05


@pytest.mark.parametrize(("scenario", "column"), DAMAGED.items())
def test_a_fault_damages_one_column_and_no_outcome(scenario: str, column: str) -> None:
    frame, before = window(scenario), window("none")
    pd.testing.assert_frame_equal(frame.drop(columns=column), before.drop(columns=column))
    assert not frame[column].equals(before[column])


def test_faults_have_the_size_they_say() -> None:
    assert abs(window("null_spike")["tenure"].isna().mean() - 0.25) < 0.03
    assert (window("unit_change")["MonthlyCharges"] / window("none")["MonthlyCharges"]).round(9).eq(100).all()
    new = window("new_category")["Contract"]
    assert abs((~new.isin(POOL["Contract"])).mean() - 0.12) < 0.02


def test_a_new_category_was_never_seen_whatever_the_table_holds() -> None:
    pool = POOL.assign(Contract=POOL["Contract"].replace("One year", "New"))
    assert not set(draw("new_category", 500, pool, COLUMNS, seed=5)["Contract"]) <= set(pool["Contract"])


NEEDS = {
    "numerical": {
        *("numeric_shift", "null_spike", "unit_change", "clipped", "price_change", "number_offset", "sign_flipped", "mean_imputed"),
        *("noisy_number", "tariff_per_plan", "tariff_resented", "price_rise_resented", "recorded_differently", "seasonal_usage"),
        "unit_and_segment",
    },
    "categorical": {
        *("category_mix", "new_category", "category_recoded", "category_arrives", "version_renames", "tariff_per_plan"),
        *("tariff_resented", "offer_withdrawn"),
    },
}


@pytest.mark.parametrize("kind", ["numerical", "categorical"])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_table_of_one_kind_works_or_is_told_why_not(scenario: str, kind: str) -> None:
    other = "categorical" if kind == "numerical" else "numerical"
    columns = COLUMNS.model_copy(update={other: ()})
    if scenario in NEEDS[other]:
        with pytest.raises(NotExpressible, match=f"changes a {other} column"):
            draw(scenario, 50, FEW, columns, seed=5)
    else:
        rows = draw(scenario, 50, FEW, columns, seed=5).index.nunique()
        assert 0 < rows < 50 if scenario in LOSES_ROWS else rows == 50


def test_a_single_feature_is_enough_for_changed_behaviour() -> None:
    columns = Schema(target="Churn", positive="Yes", numerical=("tenure",))
    frame = draw("behaviour_change", 2_000, POOL, columns, seed=5)
    assert frame["Churn"][frame["tenure"] > 60].mean() > 0.6 > 0.3 > frame["Churn"][frame["tenure"] < 6].mean()


def test_held_back_rows_of_a_real_table_serve_as_pool() -> None:
    if not TELCO.exists():
        pytest.skip("the public Telco table is not beside the repository")
    table = typed(read_raw(TELCO), COLUMNS, with_target=True)
    split = split_reference(table, COLUMNS, seed=1)
    frame = draw("market_shift", 2_000, split.held_back, COLUMNS, seed=5)
    assert 6 <= len(drifted(frame, split.train)) <= 10


def test_the_benchmark_asks_about_twenty_two_kinds_of_every_cause() -> None:
    assert len(KINDS) == 22
    causes = {SCENARIOS[kind].truth for kind in KINDS}
    assert causes == {"none", "covariate_benign", "covariate_harmful", "prior_shift", "concept_drift", "data_fault", "label_fault"}


def test_an_unknown_scenario_gets_the_list() -> None:
    with pytest.raises(DataError, match="Choose one of none, tiny_window"):
        draw("earthquake", 10, POOL, COLUMNS, seed=5)


def test_a_pool_too_small_for_the_days_is_refused() -> None:
    with pytest.raises(DataError, match="3 customers"):
        draw("none", 10, POOL.head(3), COLUMNS, seed=5)


def test_numbers_fall_into_tenths_and_missing_has_a_cell_of_its_own() -> None:
    cell = cells(pd.Series([*np.arange(100.0), np.nan]))
    assert np.bincount(cell)[[0, 9]].tolist() == [10, 10]
    assert cell[-1] not in cell[:-1]


def test_the_riskiest_rows_are_whole_cells_that_hold_the_share() -> None:
    frame = pd.DataFrame({"plan": ["a"] * 50 + ["b"] * 30 + ["c"] * 20, "Churn": [0] * 50 + [1] * 30 + [0, 1] * 10})
    columns = Schema(target="Churn", positive="1", categorical=("plan",))
    assert riskiest(frame, columns, "plan", 0.2).sum() == 30
    assert riskiest(frame, columns, "plan", 0.4).sum() == 50


def test_a_column_that_says_nothing_comes_last() -> None:
    assert strongest_first(POOL, ["gender", "Contract"], POOL["Churn"].to_numpy(float)) == ["Contract", "gender"]


def test_held_columns_keep_their_shares_while_movers_lean() -> None:
    tenure = POOL["tenure"].to_numpy()
    weights = lean(POOL, ["tenure"], ["Contract", "InternetService"], tenure, 0.4)
    for name in ("Contract", "InternetService"):
        shares = pd.Series(weights).groupby(POOL[name]).sum() / weights.sum()
        assert (shares - POOL[name].value_counts(normalize=True)).abs().max() < 1e-3
    assert np.average(tenure, weights=weights) > tenure.mean() + 0.1 * tenure.std()
