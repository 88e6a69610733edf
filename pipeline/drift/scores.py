"""Drift scores from two profiles, each with the interval it is certain of: Evidently's own choice of tests under its names, or PSI and KS
where a team asks for them."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from pipeline.drift.alignment import AlignedCells, align_categories, align_numbers, align_values
from pipeline.drift.distances import Distance, jensen_shannon, kolmogorov_smirnov, population_stability, reference_bins, wasserstein
from pipeline.errors import DataError
from pipeline.profiles.grid import counted_std
from pipeline.profiles.profile import CategoricalProfile, Counts, Exact, NumericalProfile, Profile, Values, cells_of
from pipeline.tables.schema import Kind

WASSERSTEIN = "Wasserstein distance (normed)"
JENSEN_SHANNON = "Jensen-Shannon distance"
KOLMOGOROV_SMIRNOV = "K-S p_value"
CHI_SQUARE = "chi-square p_value"
Z_TEST = "Z-test p_value"
PSI = "PSI"
KS_DISTANCE = "K-S distance"

THRESHOLDS = MappingProxyType(
    {WASSERSTEIN: 0.1, JENSEN_SHANNON: 0.1, KOLMOGOROV_SMIRNOV: 0.05, CHI_SQUARE: 0.05, Z_TEST: 0.05, PSI: 0.2, KS_DISTANCE: 0.1}
)
# What Evidently calls its own where it is told which to take.
EVIDENTLY_NAMES = MappingProxyType(
    {WASSERSTEIN: "wasserstein", JENSEN_SHANNON: "jensenshannon", KOLMOGOROV_SMIRNOV: "ks", CHI_SQUARE: "chisquare", Z_TEST: "z"}
)
_SMALL = 1000  # reference rows up to which Evidently tests, above which it measures
_FEW = 5  # different values up to which it takes numbers for categories
_LEAST_STD = 0.001
_EXACT_KS_ROWS = 10_000  # scipy's own limit for the exact distribution

Column = NumericalProfile | CategoricalProfile


@dataclass(frozen=True)
class Score:
    """One column's drift by one method: a p-value or a distance. The rows' own score lies in [low, high]; where it is exact, all three
    are the same. `drifted` is certain where [low, high] lies on one side of the threshold (`certain`).
    """

    method: str
    score: float
    low: float
    high: float
    threshold: float
    drifted: bool

    @property
    def certain(self) -> bool:
        """Whether every score in the interval gives this verdict."""
        return drifts(self.method, self.low, self.threshold) == drifts(self.method, self.high, self.threshold) == self.drifted


@dataclass(frozen=True)
class Rule:
    """A method with the threshold it is held against, chosen for all columns of a kind instead of Evidently's."""

    method: str
    threshold: float


# Evidently's choice for a large reference at every size: Wasserstein distance, of few different values and of categories Jensen-Shannon.
DISTANCE = Rule("distance", 0.1)


def drifts(method: str, score: float, threshold: float | None = None) -> bool:
    """Evidently's rule: small p-values drift (Kolmogorov-Smirnov at the threshold too), large distances do. Without a `threshold` it is the
    usual one."""
    threshold = THRESHOLDS[method] if threshold is None else threshold
    if method == KOLMOGOROV_SMIRNOV:
        return score <= threshold
    return score < threshold if method in (CHI_SQUARE, Z_TEST) else score >= threshold


def score_profiles(
    before: Profile, after: Profile, exact: Exact | None = None, rules: Mapping[Kind, Rule] = MappingProxyType({})
) -> dict[str, Score]:
    """A score of every column, by name, numerical first. A column without any value in either window has none.

    Args:
        before: the reference.
        after: a window profiled against it.
        exact: gives a numerical column's different values and their counts in both windows, asked where the profiles leave the verdict
            open; without it such a verdict goes by the score.
        rules: methods by kind of column; Evidently's own choice where there is none.

    Raises:
        DataError: the profiles have different columns, or different cells: one was made against another reference.
    """
    columns: tuple[Column, ...] = (*before.numerical, *before.categorical)
    after_columns: tuple[Column, ...] = (*after.numerical, *after.categorical)
    others = {column.name: column for column in after_columns}
    if [column.name for column in columns] != list(others):
        raise DataError("The reference and the window have different columns.", "Profile the window against this reference.")
    found = {column.name: _score(column, others[column.name], rules.get(column.kind), exact) for column in columns}
    return {name: score for name, score in found.items() if score is not None}


def score_column(before: Column, after: Column, *, method: str | None = None, exact: Exact | None = None) -> Score | None:
    """Score of one column; None where a window has no value of it (Evidently raises, or leaves the column out).

    Args:
        before: the column in the reference.
        after: the column in the window.
        method: a method the column's kind has, held against its usual threshold; by default Evidently's choice for it.
        exact: as in `score_profiles`.

    Raises:
        DataError: the profiles are of different columns or references, or the method is not one for this kind of column.
    """
    return _score(before, after, None if method is None else _usual(method), exact)


def _score(before: Column, after: Column, rule: Rule | None, exact: Exact | None) -> Score | None:
    if isinstance(before, NumericalProfile) and isinstance(after, NumericalProfile) and before.name == after.name:
        return _score_numbers(before, after, rule, exact)
    if isinstance(before, CategoricalProfile) and isinstance(after, CategoricalProfile) and before.name == after.name:
        categories = align_categories(before, after)
        return _score_categories(categories.before, categories.after, rule)
    raise DataError(
        f"`{before.name}` ({before.kind}) and `{after.name}` ({after.kind}) are not the same column.", "Make both profiles anew."
    )


def _score_numbers(before: NumericalProfile, after: NumericalProfile, rule: Rule | None, exact: Exact | None) -> Score | None:
    rows = before.count
    if not rows or not after.count:
        return None
    cells = align_numbers(before, after)
    # Cells hold more than a thousand different values.
    few = isinstance(before.content, Values) and isinstance(after.content, Values) and len(cells.low) <= _FEW
    if few and (rule is None or rule.method in (DISTANCE.method, JENSEN_SHANNON, CHI_SQUARE, Z_TEST)):
        return _score_categories(cells.before, cells.after, rule)
    if rule is None or rule == DISTANCE:
        rule = _usual(KOLMOGOROV_SMIRNOV if rule is None and rows <= _SMALL else WASSERSTEIN)
    score = _measure(rule, cells, before)
    if exact is None or score.certain:
        return score
    return _measure(rule, align_values(*exact(before.name)), before)


def _score_categories(before: Counts, after: Counts, rule: Rule | None) -> Score | None:
    rows = int(before.sum())
    if not rows or not after.sum():
        return None
    if rule is None or rule == DISTANCE:
        rule = _usual(JENSEN_SHANNON if rule or rows > _SMALL else CHI_SQUARE if len(before) > 2 else Z_TEST)
    if rule.method == JENSEN_SHANNON:
        return _certain(rule, jensen_shannon(before, after))
    if rule.method == PSI:
        return _certain(rule, population_stability(before, after))
    if rule.method == CHI_SQUARE:
        return _certain(rule, _chi_square_p(before, after))
    if rule.method == Z_TEST and len(before) <= 2:
        return _certain(rule, _z_p(before, after))
    raise DataError(f"{rule.method} is no method for {len(before)} categories.", "Use Jensen-Shannon distance or PSI.")


def _measure(rule: Rule, cells: AlignedCells, before: NumericalProfile) -> Score:
    if rule.method == WASSERSTEIN:
        return _scaled(rule, wasserstein(cells), max(_std(before), _LEAST_STD))
    # Between cells of many values the greatest distance is not known exactly, and so neither is its p.
    if rule.method == KOLMOGOROV_SMIRNOV and before.grid.kind == "points":
        return _certain(rule, _ks_p(cells))
    if rule.method == KS_DISTANCE:
        return _scaled(rule, kolmogorov_smirnov(cells), 1.0)
    if rule.method == PSI:
        return _certain(rule, population_stability(*reference_bins(cells)))
    raise DataError(
        f"{rule.method} is no method for `{before.name}`, which holds many numbers.", f"Use one of {WASSERSTEIN}, {KS_DISTANCE}, {PSI}."
    )


def _usual(method: str) -> Rule:
    return Rule(method, THRESHOLDS[method])


def _scaled(rule: Rule, distance: Distance, unit: float) -> Score:
    score, low, high = distance.value / unit, distance.low / unit, distance.high / unit
    return Score(rule.method, score, low, high, rule.threshold, drifts(rule.method, score, rule.threshold))


def _certain(rule: Rule, score: float) -> Score:
    return Score(rule.method, score, score, score, rule.threshold, drifts(rule.method, score, rule.threshold))


def _std(before: NumericalProfile) -> float:
    if before.grid.kind == "even":
        return before.grid.std
    # A reference on points has its values one by one.
    counts, sums = cells_of(before)
    held = counts > 0
    return counted_std(sums[held] / counts[held], counts[held])


def _ks_p(cells: AlignedCells) -> float:
    """p of the two-sample Kolmogorov-Smirnov test, two-sided, as `scipy.stats.ks_2samp` chooses it by the rows' numbers."""
    from scipy.stats import ks_2samp, kstwo

    m, n = int(cells.before.sum()), int(cells.after.sum())
    if max(m, n) <= _EXACT_KS_ROWS:
        # Only the order of the values counts, so the cells' numbers stand in for them.
        place = np.arange(len(cells.low))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # it says that it fell back to the asymptotic distribution
            return float(ks_2samp(np.repeat(place, cells.before), np.repeat(place, cells.after)).pvalue)
    return float(np.clip(kstwo.sf(kolmogorov_smirnov(cells).value, np.round(m * n / (m + n))), 0, 1))


def _chi_square_p(before: Counts, after: Counts) -> float:
    """p of Pearson's chi-square test with the reference's shares taken as known, as Evidently does."""
    from scipy.stats import chi2

    expected = before * (after.sum() / before.sum())
    with np.errstate(divide="ignore"):
        statistic = float(np.sum((after - expected) ** 2 / expected))
    return float(chi2.sf(statistic, len(before) - 1))


def _z_p(before: Counts, after: Counts) -> float:
    """p of the two-sided z-test for two proportions with a pooled variance; 1 where there is but one category."""
    from scipy.stats import norm

    if len(before) < 2:
        return 1.0
    m, n = before.sum(), after.sum()
    p, q, pooled = before[1] / m, after[1] / n, (before[1] + after[1]) / (m + n)
    return float(2 * (1 - norm.cdf(abs(p - q) / np.sqrt(pooled * (1 - pooled) * (1 / m + 1 / n)))))
