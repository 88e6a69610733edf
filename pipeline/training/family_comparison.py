"""Families beside one another on the same folds of the training rows: each searched within the policy's ranges by a number of fits, and one of
them chosen by a rule that is said. The test set is not looked at: the gate judges the chosen one there."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline.families import family_named
from pipeline.measures.campaign_value import worth
from pipeline.measures.customer_terms import Terms
from pipeline.measures.measure import CalibrationTrial
from pipeline.measures.metrics import calibration_error, log_losses
from pipeline.stored_record import StoredRecord
from pipeline.tables.schema import Schema
from pipeline.workspace.policy import Policy

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.models.calibration import Folds, OutOfFold

Probabilities = NDArray[np.float64]
_SEARCH_FOLDS = 3  # enough to tell good hyperparameters from bad ones; the usual five judge the best
_KEEPS = 3  # one of so many goes on to three times the rows


class Compared(StoredRecord):
    """One family, by rows its models had not seen. `tried`: sets of hyperparameters, the defaults among them; `fits` of all of them.

    `log_loss` is per row after the calibration, if that was kept; `behind` is how much more than the best family's, with its standard error
    over customers. `worth`: campaign profit in percent of the most there is, and its standard error; `profit`: the same per 1,000 customers in the
    team's currency, None of an earlier version's."""

    family: str
    hyperparameters: dict[str, int | float]
    tried: int
    fits: int
    seconds: float
    calibration: CalibrationTrial
    log_loss: float
    behind: float = 0.0
    behind_error: float = 0.0
    roc_auc: float
    average_precision: float
    calibration_error: float
    worth: float
    worth_error: float
    profit: float | None = None
    profit_error: float | None = None


class Selection(StoredRecord):
    """A comparison of families on `rows` training rows, and which was `chosen`: the simplest whose log loss is within one standard error of the
    `best`."""

    rows: int
    churners: int
    seed: int
    budget: int
    compared: tuple[Compared, ...]
    best: str
    chosen: str

    def of(self, family: str) -> Compared:
        """The line of a family that was compared."""
        return next(line for line in self.compared if line.family == family)


@dataclass(frozen=True)
class ComparedFamilies:
    """A selection, the outcomes of the training rows, shape (rows,), and what each family said of them out of fold: its `probabilities`,
    calibrated where that is kept, and `unseen` as it came from its models."""

    selection: Selection
    y: NDArray[np.int8]
    probabilities: Mapping[str, Probabilities]
    unseen: "Mapping[str, OutOfFold]"


@dataclass(frozen=True)
class _Comparison:
    """What is the same for every family: rows, folds, ranges, seed and the most fits."""

    x: "pd.DataFrame"
    y: NDArray[np.int8]
    groups: NDArray[np.int64] | None
    folds: "Folds"
    columns: Schema
    policy: Policy
    value: Terms
    seed: int
    budget: int

    @property
    def search_fits(self) -> int:
        """Fits that are left for the search once the defaults and what it finds are judged."""
        return self.budget - 2 * len(self.folds)


@dataclass(frozen=True)
class _Judged:
    line: Compared
    p: Probabilities
    losses: Probabilities
    unseen: "OutOfFold"


def compare_families(
    names: Sequence[str],
    train: "pd.DataFrame",
    columns: Schema,
    policy: Policy,
    value: Terms,
    *,
    seed: int,
    budget: int,
    on_family: Callable[[str, Compared | None], None],
) -> ComparedFamilies:
    """Search and judge each family in turn; Ctrl-C ends it with those that are done, if any is.

    Args:
        names: installed families, at least one.
        train: typed training rows, shape (rows, …).
        columns: of the rows.
        policy: whose hyperparameter ranges are searched.
        value: of offers to these rows, for the worth.
        seed: of folds, draws and models; the same seed gives the same choice.
        budget: most fits for one family, on all rows or fewer.
        on_family: told when a family begins, and its line when it is done.

    Raises:
        KeyboardInterrupt: before the first family was done.
        DataError: fewer rows of a class than folds.
    """
    from pipeline.models.calibration import cross_fit_folds, customer_groups

    x, y = train[list(columns.features)], train[columns.target].to_numpy()
    groups = customer_groups(train, columns)
    given = _Comparison(x, y, groups, cross_fit_folds(y, groups, seed), columns, policy, value, seed, budget)
    found: list[_Judged] = []
    try:
        for name in names:
            on_family(name, None)
            found.append(_judged(name, given))
            on_family(name, found[-1].line)
    except KeyboardInterrupt:
        if not found:
            raise
    lines, best = _beside_the_best(found, groups)
    selection = Selection(
        rows=y.size, churners=int(y.sum()), seed=seed, budget=budget, compared=lines, best=best, chosen=_simplest(lines, best)
    )
    said = {one.line.family: one for one in found}
    return ComparedFamilies(selection, y, {name: one.p for name, one in said.items()}, {name: one.unseen for name, one in said.items()})


def _judged(name: str, given: _Comparison) -> _Judged:
    from sklearn.metrics import average_precision_score, roc_auc_score

    from pipeline.models.calibration import out_of_fold, try_calibration
    from pipeline.models.unfitted_model import build, hyperparameters_of

    started, y, folds = monotonic(), given.y, given.folds
    drawn, fits = _searched(name, given)
    sets: list[dict[str, Any]] = [{}] if drawn is None else [{}, drawn]
    told = [out_of_fold(build(name, one, given.seed, given.columns), given.x, y, folds, side_by_side=True) for one in sets]
    judged = [(*pair, *try_calibration(pair[1], y, given.groups, folds)) for pair in zip(sets, told, strict=True)]
    hyperparameters, unseen, trial, p = min(judged, key=lambda one: float(log_losses(y, one[3]).mean()))
    losses, profit = log_losses(y, p), worth(y, p, given.value)
    line = Compared(
        family=name,
        hyperparameters=hyperparameters_of(name, hyperparameters),
        tried=1 + _candidates(given.search_fits) * (drawn is not None),
        fits=fits + len(sets) * len(folds),
        seconds=monotonic() - started,
        calibration=trial,
        log_loss=float(losses.mean()),
        roc_auc=float(roc_auc_score(y, p)),
        average_precision=float(average_precision_score(y, p)),
        calibration_error=calibration_error(y, p),
        worth=profit.percent,
        worth_error=profit.error,
        profit=1000 * profit.amount,
        profit_error=1000 * profit.amount_error,
    )
    return _Judged(line, p, losses, unseen)


def _candidates(fits: int) -> int:
    """How many sets of hyperparameters a search by halving may begin with: of three one goes on, each is fitted to the search's folds."""

    def spent(candidates: int) -> int:
        rounds = 1 + floor(log(candidates, _KEEPS) + 1e-9)
        return sum(_SEARCH_FOLDS * ceil(candidates / float(_KEEPS) ** round_) for round_ in range(rounds))

    return max((count for count in range(1, fits + 1) if spent(count) <= fits), default=0)


def _searched(name: str, given: _Comparison) -> tuple[dict[str, Any] | None, int]:
    """The best hyperparameters by successive halving over the rows (Jamieson and Talwalkar 2016), and the fits it took."""
    from scipy.stats import loguniform, randint
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401
    from sklearn.model_selection import HalvingRandomSearchCV, StratifiedGroupKFold, StratifiedKFold

    from pipeline.models.unfitted_model import build

    candidates, known = _candidates(given.search_fits), family_named(name).hyperparameters
    ranges = given.policy.hyperparameters[name]
    if candidates < _KEEPS or not ranges:
        return None, 0
    drawn = {
        f"classify__{known[key].native or key}": randint(int(low), int(high) + 1) if known[key].whole else loguniform(low, high)
        for key, (low, high) in ranges.items()
    }
    kind = StratifiedKFold if given.groups is None else StratifiedGroupKFold
    search = HalvingRandomSearchCV(
        build(name, {}, given.seed, given.columns),
        drawn,
        n_candidates=candidates,
        factor=_KEEPS,
        min_resources="exhaust",
        cv=kind(_SEARCH_FOLDS, shuffle=True, random_state=given.seed),
        scoring="neg_log_loss",
        refit=False,
        random_state=given.seed,
        n_jobs=-1,  # joblib's backend, whichever is registered
    )
    search.fit(given.x, given.y, groups=given.groups)
    named = {known[key].native or key: key for key in ranges}
    found = {named[key.removeprefix("classify__")]: value for key, value in search.best_params_.items()}
    taken = int(sum(search.n_candidates_)) * _SEARCH_FOLDS
    return {key: int(value) if known[key].whole else float(value) for key, value in found.items()}, taken


def _beside_the_best(found: Sequence[_Judged], groups: NDArray[np.int64] | None) -> tuple[tuple[Compared, ...], str]:
    best = min(found, key=lambda one: one.line.log_loss)
    lines = []
    for one in found:
        more = one.losses - best.losses
        sums = more if groups is None else np.bincount(groups, weights=more)
        error = float(np.sqrt(sums.size) * sums.std(ddof=1) / more.size)
        lines.append(one.line.model_copy(update={"behind": float(more.mean()), "behind_error": error}))
    return tuple(lines), best.line.family


def _simplest(lines: Sequence[Compared], best: str) -> str:
    as_good = [line for line in lines if line.family == best or line.behind <= line.behind_error]
    return min(as_good, key=lambda line: (family_named(line.family).complexity, line.log_loss)).family
