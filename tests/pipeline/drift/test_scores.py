"""Evidently is the definition: every score here is held against the one Evidently itself gives."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp, wasserstein_distance

from pipeline.drift.alignment import AlignedCells, align_numbers
from pipeline.drift.distances import kolmogorov_smirnov, reference_bins, wasserstein
from pipeline.drift.scores import (
    CHI_SQUARE,
    JENSEN_SHANNON,
    KOLMOGOROV_SMIRNOV,
    KS_DISTANCE,
    PSI,
    WASSERSTEIN,
    Z_TEST,
    Rule,
    Score,
    drifts,
    score_column,
    score_profiles,
)
from pipeline.errors import DataError
from pipeline.profiles.counting import exact_values, profile_reference, profile_window
from pipeline.profiles.grid import Grid, PointGrid, even_grid
from pipeline.profiles.profile import NumericalProfile, Values, cells_of, content_of, sparse_cells
from pipeline.sources.source import ALL_ROWS, Frame
from pipeline.tables.reading import raw_of, read_raw, typed
from pipeline.tables.schema import Kind, Schema
from pipeline.worlds.telephone_customers import make_customers
from tests.checkout import TELCO
from tests.pipeline.random_drifts import drifted, evidently_verdicts
from tests.pipeline.small_profiles import profile_of

CUSTOMERS = Schema(
    target="Churn",
    positive="Yes",
    numerical=("tenure", "MonthlyCharges", "TotalCharges", "heavy", "few"),
    categorical=("SeniorCitizen", "Partner", "InternetService", "Contract", "PaymentMethod", "flat"),
)


def customers(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Typed customers, with a heavy-tailed column, one of five numbers, and one of a single category."""
    rng = np.random.default_rng(seed)
    frame = frame.assign(
        heavy=rng.choice([-1, 1], len(frame)) * np.exp(rng.normal(0, 3, len(frame))), few=rng.integers(0, 5, len(frame)), flat="same"
    )
    return typed(raw_of(frame, "customers"), CUSTOMERS, with_target=False)


def assert_agrees_with_evidently(reference: pd.DataFrame, current: pd.DataFrame, schema: Schema) -> None:
    expected = evidently_verdicts(reference, current, schema)
    before = profile_reference(Frame(reference), schema)
    after = profile_window(Frame(current), schema, before)
    scores = score_profiles(before, after)
    final = score_profiles(before, after, exact_values((Frame(reference), ALL_ROWS), (Frame(current), ALL_ROWS), schema))
    assert scores.keys() == expected.keys()
    for name, (method, score, has_drifted, threshold) in expected.items():
        mine = scores[name]
        assert (mine.method, mine.threshold) == (method, threshold), name
        assert mine.score == pytest.approx(score, abs=1e-3), name
        assert mine.low - 1e-9 <= score <= mine.high + 1e-9, name
        assert final[name].drifted == has_drifted, name
        assert mine.drifted == has_drifted or not mine.certain, name


@pytest.mark.parametrize("seeds", [range(1), pytest.param(range(1, 3), marks=pytest.mark.slow)])
@pytest.mark.parametrize("size", [60, 1000, 1001, 4000])
def test_generated_customers_get_evidently_s_verdict(size: int, seeds: range) -> None:
    for seed in seeds:
        rng = np.random.default_rng((size, seed))
        reference = customers(make_customers(size, seed), seed)
        window = drifted(reference, CUSTOMERS, int(rng.choice([30, 500, 12_000])), rng)
        assert_agrees_with_evidently(reference, window, CUSTOMERS)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_three_hundred_drifts_of_the_real_customers_get_evidently_s_verdict(part: int) -> None:
    if not TELCO.exists():
        pytest.skip("the Telco table is not beside the repository")
    table = customers(read_raw(TELCO).frame, part)
    for seed in range(30):
        rng = np.random.default_rng((part, seed))
        # Every third reference is a small one, for which Evidently tests instead of measuring.
        reference = table if seed % 3 else table.sample(int(rng.integers(50, 1001)), random_state=seed).reset_index(drop=True)
        window = drifted(table, CUSTOMERS, int(rng.choice([30, 200, 1000, 5000, 20_000])), rng)
        assert_agrees_with_evidently(reference, window, CUSTOMERS)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_large_windows_get_evidently_s_verdict(seed: int) -> None:
    rng = np.random.default_rng(seed)
    schema = Schema(target="t", positive="1", numerical=tuple(f"x{number}" for number in range(8)), categorical=("a", "b"))
    frame = pd.DataFrame(
        {
            "x0": rng.normal(0, 1, 50_000),
            "x1": np.exp(rng.normal(0, 2.5, 50_000)),
            "x2": rng.gamma(2, 50, 50_000).round(2),
            "x3": rng.beta(0.3, 0.3, 50_000),
            "x4": np.where(rng.random(50_000) < 0.7, 0, rng.exponential(1e4, 50_000)),
            "x5": rng.standard_cauchy(50_000),
            "x6": rng.poisson(3, 50_000).astype("float64"),
            "x7": rng.choice([-1e6, 1e6], 50_000) + rng.normal(0, 1, 50_000),
            "a": rng.choice([f"a{number}" for number in range(30)], 50_000).astype(object),
            "b": rng.choice(["x", "y"], 50_000, p=[0.9, 0.1]).astype(object),
        }
    )
    assert_agrees_with_evidently(frame, drifted(frame, schema, 200_000, rng), schema)


@pytest.mark.slow
def test_the_verdicts_are_those_of_evidently_s_own_report() -> None:
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    reference = customers(make_customers(1500, 1), 1)
    window = reference.sample(800, random_state=2).assign(tenure=lambda frame: frame["tenure"] * 1.3, flat="other")
    window.loc[window.index[:300], "Contract"] = "Ten years"
    roles = DataDefinition(numerical_columns=list(CUSTOMERS.numerical), categorical_columns=list(CUSTOMERS.categorical))
    datasets = [Dataset.from_pandas(frame, data_definition=roles) for frame in (window, reference)]
    snapshot = Report([DataDriftPreset(columns=list(CUSTOMERS.features))]).run(*datasets)
    before = profile_reference(Frame(reference), CUSTOMERS)
    scores = score_profiles(before, profile_window(Frame(window), CUSTOMERS, before))
    reported = {
        metric["config"]["column"]: metric for metric in snapshot.dict()["metrics"] if metric["config"]["type"].endswith("ValueDrift")
    }
    assert scores.keys() == reported.keys()
    for name, metric in reported.items():
        assert (scores[name].method, scores[name].threshold) == (metric["config"]["method"], metric["config"]["threshold"])
        assert scores[name].score == pytest.approx(float(metric["value"]), abs=1e-3)
    counted = next(metric for metric in snapshot.dict()["metrics"] if metric["config"]["type"].endswith("DriftedColumnsCount"))
    assert sum(score.drifted for score in scores.values()) == counted["value"]["count"] == 3


GRIDS = (
    PointGrid(points=(-2.0, 0.0, 0.5, 7.0)),
    even_grid(-10.0, 30.0, 5.0, (1.0, 2.0, 8.0)),
    even_grid(-10.0, 1e4, 300.0, (1.0, 2.0, 8.0)),
)


def cells(grid: Grid, before: np.ndarray, after: np.ndarray) -> AlignedCells:
    """Both samples in the grid's cells, however few values they have."""

    def column(values: np.ndarray) -> NumericalProfile:
        different, counts = np.unique(values, return_counts=True)
        content = content_of(grid, different, counts)
        if isinstance(content, Values):
            content = sparse_cells(*cells_of(NumericalProfile(name="x", nulls=0, grid=grid, content=content)))
        return NumericalProfile(name="x", nulls=0, grid=grid, content=content, minimum=values.min(), maximum=values.max())

    return align_numbers(column(before), column(after))


samples = st.lists(st.one_of(st.sampled_from([-2.0, 0.0, 0.5, 7.0, 30.0]), st.floats(-20, 40)), min_size=1, max_size=40).map(np.array)


@pytest.mark.slow
@pytest.mark.parametrize("grid", GRIDS, ids=["points", "even", "logarithmic"])
@settings(max_examples=150, deadline=None)
@given(before=samples, after=samples)
def test_no_rows_leave_the_certified_interval(grid: Grid, before: np.ndarray, after: np.ndarray) -> None:
    aligned = cells(grid, before, after)
    area, gap = wasserstein(aligned), kolmogorov_smirnov(aligned)
    assert area.low <= area.value <= area.high
    assert area.low <= wasserstein_distance(before, after) <= area.high
    assert gap.low <= ks_2samp(before, after).statistic + 1e-12 <= gap.high + 2e-12


def test_a_distance_is_exact_where_the_distributions_do_not_cross() -> None:
    rng = np.random.default_rng(1)
    before = rng.normal(0, 1, 5000)
    grid = even_grid(before.min(), before.max(), before.std(), (-0.67, 0.0, 0.67))
    distance = wasserstein(cells(grid, before, before + 3))
    assert distance.value == pytest.approx(3.0, rel=1e-9)
    assert distance.high - distance.low < 1e-6


def test_numbers_far_from_zero_keep_their_certificate() -> None:
    rng = np.random.default_rng(7)
    before, after = rng.normal(1.7e9, 1e4, 5000), rng.normal(1.7e9, 1.1e4, 300_000)
    grid = even_grid(before.min(), before.max(), before.std(), tuple(np.quantile(before, (0.25, 0.5, 0.75))))
    distance = wasserstein(cells(grid, before, after))
    assert distance.low <= wasserstein_distance(before, after) <= distance.high
    assert distance.high - distance.low < 0.02 * before.std()


X = Schema(target="t", positive="1", numerical=("x",))


def scored(before: list[float] | np.ndarray, after: list[float] | np.ndarray, method: str | None = None) -> Score:
    reference = profile_of(pd.DataFrame({"x": before}), X)
    window = profile_of(pd.DataFrame({"x": after}), X, reference)
    found = score_column(reference.numerical[0], window.numerical[0], method=method)
    assert found is not None
    return found


def test_the_method_goes_by_reference_rows_and_different_values() -> None:
    rng = np.random.default_rng(2)
    many, few = rng.normal(0, 1, 3000), rng.integers(0, 5, 3000).astype("float64")
    assert scored(many, many).method == WASSERSTEIN
    assert scored(many[:1000], many).method == KOLMOGOROV_SMIRNOV
    assert scored(few, few).method == JENSEN_SHANNON
    assert scored(few[:1000], few).method == CHI_SQUARE
    assert scored(few[:1000], [*few, 5.0]).method == KOLMOGOROV_SMIRNOV
    assert scored(few, [*few, 5.0]).method == WASSERSTEIN
    assert scored([0.0, 1.0] * 500, [0.0]).method == Z_TEST
    # Rows without a value do not make a reference large.
    assert scored([*many[:1000], *[np.nan] * 5000], many).method == KOLMOGOROV_SMIRNOV


def test_a_verdict_that_the_profiles_leave_open_is_settled_by_the_rows() -> None:
    rng = np.random.default_rng(3)
    before = np.round(rng.normal(0, 1, 4000), 4)
    reference = profile_of(pd.DataFrame({"x": before}), X)
    asked: list[str] = []

    def exact(name: str) -> tuple[Values, Values]:
        asked.append(name)
        return tuple(  # type: ignore[return-value]
            Values(values=tuple(values.tolist()), counts=tuple(counts.tolist()))
            for values, counts in (np.unique(sample, return_counts=True) for sample in (before, after))
        )

    for shift in np.linspace(0.05, 0.15, 201):
        after = before[:500] * 1.02 + shift
        score = score_profiles(reference, profile_of(pd.DataFrame({"x": after}), X, reference), exact)["x"]
        distance = wasserstein_distance(before, after) / before.std()
        assert score.drifted == (distance >= 0.1)
        if asked:
            assert score.score == pytest.approx(distance, rel=1e-9)
            break
    assert asked == ["x"]


def test_a_column_without_any_value_has_no_score() -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0], "c": ["a", "b"]})
    schema = Schema(target="t", positive="1", numerical=("x",), categorical=("c",))
    reference = profile_of(frame, schema)
    nothing = profile_of(frame.assign(x=np.nan, c=None), schema, reference)
    assert score_profiles(reference, nothing) == {}
    empty = profile_of(frame.assign(x=np.nan, c=None), schema)
    assert score_profiles(empty, profile_of(frame, schema, empty)) == {}
    with pytest.raises(DataError, match="different columns"):
        score_profiles(reference, nothing.model_copy(update={"categorical": ()}))


@pytest.mark.parametrize(
    ("method", "at_the_threshold"),
    [(WASSERSTEIN, True), (JENSEN_SHANNON, True), (KOLMOGOROV_SMIRNOV, True), (CHI_SQUARE, False), (Z_TEST, False)],
)
def test_at_the_threshold_evidently_decides_by_method(method: str, at_the_threshold: bool) -> None:
    threshold = 0.05 if "p_value" in method else 0.1
    assert drifts(method, threshold) is at_the_threshold
    beyond = threshold / 2 if "p_value" in method else threshold * 2
    assert drifts(method, beyond)


def test_psi_compares_tenths_of_the_reference() -> None:
    rng = np.random.default_rng(4)
    before, after = rng.normal(0, 1, 20_000), rng.normal(0.5, 1, 20_000)
    edges = np.quantile(before, np.linspace(0.1, 0.9, 9))
    p, q = (np.bincount(np.searchsorted(edges, sample), minlength=10) / len(sample) for sample in (before, after))
    score = scored(before, after, PSI)
    assert score.score == pytest.approx(np.sum((q - p) * np.log(q / p)), rel=0.02)
    assert score.drifted
    assert scored(before, before, PSI).score == 0
    # Values that only the window has fall into a tenth of the reference; they make none of their own.
    assert scored(np.repeat([0.0, 1.0, 2.0], 1000), np.repeat([0.0, 1.5, 2.0], 1000), PSI).score == pytest.approx(
        (1 / 3 - 1e-4) * np.log((1 / 3) / 1e-4) + (2 / 3 - 1 / 3) * np.log(2), rel=1e-3
    )


@pytest.mark.parametrize("rows", [800, 20_000])
@pytest.mark.parametrize("shift", [5, -5])
def test_bins_are_never_fitted_to_the_window(rows: int, shift: int) -> None:
    """Cut by its own quantiles, each sample fills its tenths evenly, and no shift whatever would score above 0."""
    rng = np.random.default_rng(8)
    before, after = rng.normal(0, 1, rows), rng.normal(0, 1, 2000) + shift
    edges = np.quantile(before, np.linspace(0.1, 0.9, 9))
    p, q = (np.maximum(np.bincount(np.searchsorted(edges, sample), minlength=10) / len(sample), 1e-4) for sample in (before, after))
    expected = float(np.sum((q - p) * np.log(q / p)))
    assert expected > 8
    assert scored(before, after, PSI).score == pytest.approx(expected, rel=0.01)
    assert scored(before, after, KS_DISTANCE).low > 0.97
    assert scored(np.round(before, 1), np.round(after, 1), PSI).score > 7
    assert scored(before, np.array([0.3]), PSI).score > 1, "nor is a single value spread over them"


def test_the_cuts_stay_whatever_the_window_holds() -> None:
    rng = np.random.default_rng(9)
    before = rng.normal(0, 1, 5000)
    reference = profile_of(pd.DataFrame({"x": before}), X)
    cuts = set()
    for window in (before, before + 5, rng.uniform(-9, 9, 3000), np.array([0.0])):
        found = align_numbers(reference.numerical[0], profile_of(pd.DataFrame({"x": window}), X, reference).numerical[0])
        cuts.add(tuple(reference_bins(found)[0].tolist()))
    assert len(cuts) == 1
    assert all(abs(rows - 500) < 25 for rows in cuts.pop())


def test_methods_are_chosen_by_kind_of_column_with_a_threshold_of_ones_own() -> None:
    schema = Schema(target="t", positive="1", numerical=("x",), categorical=("c",))
    rng = np.random.default_rng(10)
    before, after = (
        pd.DataFrame({"x": rng.normal(shift, 1, 4000), "c": rng.choice(["a", "b"], 4000, p=[0.5 + shift, 0.5 - shift])})
        for shift in (0, 0.2)
    )
    reference = profile_of(before, schema)
    window = profile_of(after, schema, reference)
    usual = score_profiles(reference, window)
    assert [usual[name].method for name in "xc"] == [WASSERSTEIN, JENSEN_SHANNON]
    for threshold in (0.02, 0.3):
        rules: dict[Kind, Rule] = {"numerical": Rule(KS_DISTANCE, threshold), "categorical": Rule(PSI, threshold)}
        chosen = score_profiles(reference, window, None, rules)
        assert [(chosen[name].method, chosen[name].threshold, chosen[name].drifted) for name in "xc"] == [
            (KS_DISTANCE, threshold, threshold < 0.1),
            (PSI, threshold, threshold < 0.1),
        ]
    assert score_profiles(reference, window, None, {"categorical": Rule(PSI, 0.2)})["x"] == usual["x"]


def test_an_open_verdict_on_the_kolmogorov_smirnov_distance_is_settled_by_the_rows() -> None:
    rng = np.random.default_rng(11)
    before, after = rng.normal(0, 1, 4000), rng.normal(0.25, 1, 900)
    distance = float(ks_2samp(before, after).statistic)
    reference = profile_of(pd.DataFrame({"x": before}), X)
    window = profile_of(pd.DataFrame({"x": after}), X, reference)
    exact = exact_values((Frame(pd.DataFrame({"x": before})), ALL_ROWS), (Frame(pd.DataFrame({"x": after})), ALL_ROWS), X)
    for threshold in (distance - 1e-6, distance + 1e-6):
        rules: dict[Kind, Rule] = {"numerical": Rule(KS_DISTANCE, threshold)}
        assert not score_profiles(reference, window, None, rules)["x"].certain
        settled = score_profiles(reference, window, exact, rules)["x"]
        assert settled.score == pytest.approx(distance, abs=1e-12)
        assert settled.drifted == (distance >= threshold)


def test_the_kolmogorov_smirnov_distance_is_there_by_name() -> None:
    rng = np.random.default_rng(5)
    before, after = rng.normal(0, 1, 20_000), rng.normal(0.5, 1, 500)
    score = scored(before, after, KS_DISTANCE)
    assert score.low <= ks_2samp(before, after).statistic <= score.high
    assert score.high - score.low < 0.02


def test_methods_that_do_not_fit_and_columns_that_do_not_match_are_refused() -> None:
    rng = np.random.default_rng(6)
    with pytest.raises(DataError, match="no method for `x`"):
        scored(rng.normal(0, 1, 3000), rng.normal(0, 1, 3000), CHI_SQUARE)
    with pytest.raises(DataError, match="K-S p_value is no method"):
        scored(rng.normal(0, 1, 3000), rng.normal(0, 1, 3000), KOLMOGOROV_SMIRNOV)
    one, other = (profile_of(pd.DataFrame({"x": rng.normal(0, 1, 3000)}), X) for _ in range(2))
    with pytest.raises(DataError, match="lie on different cells"):
        score_column(one.numerical[0], other.numerical[0])
    words = profile_of(pd.DataFrame({"c": ["a", "b", "c"]}), Schema(target="t", positive="1", categorical=("c",))).categorical[0]
    with pytest.raises(DataError, match="not the same column"):
        score_column(one.numerical[0], words)
    with pytest.raises(DataError, match="Z-test p_value is no method for 3 categories"):
        score_column(words, words, method=Z_TEST)
    psi = score_column(words, words, method=PSI)
    assert psi is not None
    assert psi.score == 0
