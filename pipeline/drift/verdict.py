"""The calibrated verdict: a column has drifted when its distance is more than chance and large enough to matter.

Evidently's verdict knows only one of the two at a time: its distances (reference above 1,000 rows) call the noise of a small window
drift, its tests (up to 1,000) call trifles and one in twenty columns drift. Here both must hold: significant among all columns at a
false discovery rate, and a distance at Evidently's own threshold or above.
"""

from collections.abc import Mapping

from pydantic import Field

from pipeline.drift.alignment import align_categories, align_numbers
from pipeline.drift.scores import CHI_SQUARE, JENSEN_SHANNON, KOLMOGOROV_SMIRNOV, KS_DISTANCE, PSI, WASSERSTEIN, Column, Score, score_column
from pipeline.drift.shift import CategoricalShift, NumericalShift, categorical_shift, numerical_shift
from pipeline.drift.significance import Tally, adjusted, significances
from pipeline.profiles.profile import CategoricalProfile, NumericalProfile, Profile
from pipeline.stored_record import StoredRecord
from pipeline.tables.schema import Kind
from pipeline.words import counted, p_value

FEWEST_VALUES = 50  # fewer find only shifts of more than half a standard deviation


class CalibratedFeature(StoredRecord):
    """Calibrated verdict on one column.

    `rows`: of the window, with a value. `method`, `distance`, `threshold`: Wasserstein in standard deviations of the reference, or
    Jensen-Shannon. `p`: probability of as large a distance, had nothing changed; `p_adjusted` for the number of columns. `drifted` and
    both p are None where there is not enough data; distance and shift too where a window has no value at all. `reason` says in one
    sentence why this verdict is another than Evidently's, and is None where they agree.
    """

    name: str
    kind: Kind
    rows: int
    method: str | None
    distance: float | None
    threshold: float | None
    p: float | None
    p_adjusted: float | None
    drifted: bool | None
    shift: NumericalShift | CategoricalShift | None = Field(discriminator="kind")
    reason: str | None


class CalibratedDrift(StoredRecord):
    """Calibrated verdict on a window. `judged`: columns with enough data; `share`: of them that drifted, None where there are none."""

    judged: int
    drifted: int
    share: float | None
    false_discovery_rate: float
    features: tuple[CalibratedFeature, ...]


def calibrate(
    before: Profile,
    after: Profile,
    scores: Mapping[str, Score],
    *,
    min_rows: int,
    false_discovery_rate: float,
    seed: int,
    worth: float = 1.0,
) -> CalibratedDrift:
    """The calibrated verdict on every column, numerical first.

    Args:
        before: the reference.
        after: a window profiled against it.
        scores: Evidently's or those asked for in their place, as `score_profiles` gives them.
        min_rows: where either window has fewer, no column has a verdict; nor has a column of fewer than 50 values in either.
        false_discovery_rate: share of the columns called drifted that may be so by chance, 0-1; where nothing changed, the
            probability that any column is called so.
        seed: of the null distribution; the same seed gives the same verdict, whatever other columns there are.
        worth: share of the window's rows, 0-1, that would tell as much if no customer repeated; only so many count as rows here.
    """
    columns: list[tuple[Column, Column]] = [
        *zip(before.numerical, after.numerical, strict=True),
        *zip(before.categorical, after.categorical, strict=True),
    ]
    distances = {first.name: _distance(first, second, scores[first.name]) for first, second in columns if first.name in scores}
    rows = min(before.rows, round(after.rows * worth))

    def values(first: Column, second: Column) -> int:
        return min(first.count, round(second.count * worth))

    tallies = {
        first.name: _tally(first, second, distances[first.name].method, worth)
        for first, second in columns
        if first.name in distances and rows >= min_rows and values(first, second) >= FEWEST_VALUES
    }
    p = significances(tallies, seed=seed, false_discovery_rate=false_discovery_rate)
    p_adjusted = adjusted(p)

    def feature(first: Column, second: Column) -> CalibratedFeature:
        name = first.name
        distance, chance = distances.get(name), p_adjusted.get(name)
        drifted, reason = None, None
        if distance is not None and chance is None and scores[name].drifted:
            reason = _too_few(rows, values(first, second), min_rows, "" if worth == 1 else ", each customer counted once,")
        if distance is not None and chance is not None:
            significant = chance <= false_discovery_rate
            drifted = distance.drifted and significant
            if drifted != scores[name].drifted:
                odds = f"adjusted p {p_value(chance)} among {counted(len(p), 'column')}, n = {second.count:,}"
                reason = _reason(distance, significant, odds, scores[name])
        return CalibratedFeature(
            name=name,
            kind=first.kind,
            rows=second.count,
            method=distance.method if distance else None,
            distance=distance.score if distance else None,
            threshold=distance.threshold if distance else None,
            p=p.get(name),
            p_adjusted=chance,
            drifted=drifted,
            shift=_shift(first, second) if distance else None,
            reason=reason,
        )

    features = tuple(feature(first, second) for first, second in columns)
    drifted = sum(feature.drifted is True for feature in features)
    return CalibratedDrift(
        judged=len(p),
        drifted=drifted,
        share=drifted / len(p) if p else None,
        false_discovery_rate=false_discovery_rate,
        features=features,
    )


def _distance(before: Column, after: Column, evidently: Score) -> Score:
    """The score where it is Evidently's distance, else the distance Evidently would take of a larger reference."""
    score: Score | None = evidently
    if evidently.method in (PSI, KS_DISTANCE):
        score = score_column(before, after)
    if score is not None and score.method not in (WASSERSTEIN, JENSEN_SHANNON):
        score = score_column(before, after, method=WASSERSTEIN if score.method == KOLMOGOROV_SMIRNOV else JENSEN_SHANNON)
    assert score is not None  # a column that has one score has any
    return score


def _tally(before: Column, after: Column, method: str, worth: float) -> Tally:
    if isinstance(before, NumericalProfile) and isinstance(after, NumericalProfile):
        cells = align_numbers(before, after)
        return Tally(cells.before, cells.after, cells.before_sums + cells.after_sums if method == WASSERSTEIN else None, worth)
    assert isinstance(before, CategoricalProfile) and isinstance(after, CategoricalProfile)
    categories = align_categories(before, after)
    return Tally(categories.before, categories.after, None, worth)


def _shift(before: Column, after: Column) -> NumericalShift | CategoricalShift:
    if isinstance(before, NumericalProfile) and isinstance(after, NumericalProfile):
        return numerical_shift(before, after)
    assert isinstance(before, CategoricalProfile) and isinstance(after, CategoricalProfile)
    return categorical_shift(before, after)


def _too_few(rows: int, values: int, min_rows: int, counted_once: str) -> str:
    if rows < min_rows:
        return f"Only {rows:,} rows{counted_once} where a verdict needs {min_rows:,}."
    return f"Only {values} rows{counted_once} have a value where a verdict needs {FEWEST_VALUES}."


def _reason(distance: Score, significant: bool, odds: str, evidently: Score) -> str:
    """Why the verdict is not Evidently's, in one sentence."""
    size = f"its distance of {distance.score:.3f} is {'at least' if distance.drifted else 'below'} {distance.threshold:g}"
    found = f"{evidently.method} {evidently.score:.2g}"
    if not evidently.drifted:
        return f"More than sampling noise ({odds}) and {size}, which {found} does not show."
    if distance.drifted:
        return f"Within sampling noise ({odds}), though {size}."
    if significant:
        return f"More than sampling noise ({odds}) but small: {size}."
    if evidently.method == CHI_SQUARE:
        blind = "takes the reference's shares for the truth"
    elif evidently.method in (PSI, KS_DISTANCE):
        blind = "does not ask for chance"
    else:
        blind = "looks at this column as if it were the only one"
    return f"Within sampling noise ({odds}), and {size}; {found} {blind}."
