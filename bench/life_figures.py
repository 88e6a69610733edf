"""From years lived to figures: profit with intervals over seeds, false calls, unsafe requests, and how long each change waited for its answer."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from company import Company
from company_base import ScoredMonth
from company_year import DECIDED_AFTER, Year, scored_at
from product_year import Said

PRODUCT, NEVER, QUARTERLY = "churnops", "never", "every quarter"
_QUARTERS = 4
_WORTH_HAVING = 0.01  # of a month's profit: a model that truly brings so much more is never a false call
_RESAMPLES = 2_000

Change = Literal["price rise", "competitor", "unit fault", "default fault", "outcomes stopped", "outcomes redefined"]


@dataclass(frozen=True)
class StrategyYear:
    """Profit by month, of the whole campaign and of the same among customers nobody had contacted, and the months after which another model
    served."""

    profit: tuple[float, ...]
    untouched: tuple[float, ...]
    deployed: tuple[int, ...]

    @classmethod
    def of(cls, months: Sequence[ScoredMonth], deployed: Sequence[int]) -> "StrategyYear":
        """The year of these months."""
        return cls(tuple(one.profit for one in months), tuple(one.untouched for one in months), tuple(deployed))


@dataclass(frozen=True)
class LivedYear:
    """One seed. `began`: the month in which each change could first be seen; `answered`: months from there to its answer, None where it had none.
    `false`: months whose call for people was about nothing; `unsafe`: months in which a training was asked for on what was broken."""

    seed: int
    strategies: Mapping[str, StrategyYear]
    said: tuple[Said, ...]
    began: Mapping[Change, int]
    answered: Mapping[Change, int | None]
    false: tuple[int, ...]
    unsafe: tuple[int, ...]
    cpu_s: float


@dataclass(frozen=True)
class Interval:
    """A mean over seeds with its 95% bootstrap interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Figures:
    """`profit` and `untouched` of a year in the team's currency, by strategy; `ratio`: the product's over the better of never and quarterly, per seed, `over_untouched`: less it;
    `answered`: median months by change, and in how many years it was answered."""

    seeds: int
    profit: Mapping[str, Interval]
    untouched: Mapping[str, Interval]
    ratio: Interval
    over_untouched: Interval
    false_a_quarter: Interval
    unsafe: int
    answered: Mapping[Change, tuple[float | None, int, int]]


def year_of(company: Company, strategies: Mapping[str, StrategyYear], said: Sequence[Said], cpu_s: float) -> LivedYear:
    """One seed's year, judged."""
    began = _began(company.year)
    answered = {change: _answered(change, month, said, company.year) for change, month in began.items()}
    false = tuple(
        one.month for one in said if one.asked_people and not _needs_people(one, began, answered, company.year, strategies[PRODUCT])
    )
    unsafe = tuple(one.month for one in said if one.unsafe)
    return LivedYear(company.seed, strategies, tuple(said), began, answered, false, unsafe, cpu_s)


def _began(year: Year) -> dict[Change, int]:
    unit, default = year.faults
    months = range(12)
    looks = [scored_at(month) + DECIDED_AFTER for month in months]
    found: dict[Change, int] = {
        "price rise": year.price_rise, "competitor": year.competitor, "unit fault": unit.month, "default fault": default.month,
    }  # fmt: skip
    for change, moment in (("outcomes stopped", year.labels_stop), ("outcomes redefined", year.redefined)):
        after = [month for month in months if looks[month] >= moment]
        if after:
            found[change] = after[0]  # type: ignore[index]
    return found


def _answered(change: Change, began: int, said: Sequence[Said], year: Year) -> int | None:
    """Months until people were asked for what the change needs (of a fault, even where no column was named), or a model that saw it was deployed."""
    for one in said[began:]:
        if change in ("price rise", "competitor"):
            answers = one.gain is not None and one.until is not None and one.until >= scored_at(began)
        elif change in ("unit fault", "default fault"):
            fault = year.faults[change == "default fault"]
            return 0 if one.action == "fix_data" and one.column in (fault.column, None) else None
        elif change == "outcomes stopped" and scored_at(one.month) + DECIDED_AFTER >= year.labels_filled:
            return None
        else:
            answers = one.cause == "label_fault"
        if answers:
            return one.month - began
    return None


def _needs_people(one: Said, began: Mapping[Change, int], answered: Mapping[Change, int | None], year: Year, product: StrategyYear) -> bool:
    """Whether anything was going on in a month that needed people."""
    if one.gain is not None and one.gain > _WORTH_HAVING * abs(product.profit[one.month]):
        return True
    now = scored_at(one.month) + DECIDED_AFTER
    for change, month in began.items():
        if change in ("unit fault", "default fault"):
            open_ = one.month == month
        elif change == "outcomes stopped":
            open_ = year.labels_stop <= now < year.labels_filled
        else:
            until = answered[change]
            open_ = one.month >= month and (until is None or one.month <= month + until)
        if open_:
            return True
    return False


def figures(years: Sequence[LivedYear]) -> Figures:
    """The figures of some seeds."""
    names = list(years[0].strategies)
    profit = {name: np.array([sum(year.strategies[name].profit) for year in years]) for name in names}
    untouched = {name: np.array([sum(year.strategies[name].untouched) for year in years]) for name in names}
    changes = {change: [year.answered[change] for year in years if change in year.answered] for year in years for change in year.began}
    return Figures(
        seeds=len(years),
        profit={name: _interval(values) for name, values in profit.items()},
        untouched={name: _interval(values) for name, values in untouched.items()},
        ratio=_interval(profit[PRODUCT] / np.maximum(profit[NEVER], profit[QUARTERLY])),
        over_untouched=_interval(untouched[PRODUCT] - np.maximum(untouched[NEVER], untouched[QUARTERLY])),
        false_a_quarter=_interval(np.array([len(year.false) / _QUARTERS for year in years])),
        unsafe=sum(len(year.unsafe) for year in years),
        answered={change: _waited(months) for change, months in changes.items()},
    )


def _waited(months: Sequence[int | None]) -> tuple[float | None, int, int]:
    known = [month for month in months if month is not None]
    return (float(np.median(known)) if known else None), len(known), len(months)


def _interval(values: np.ndarray) -> Interval:
    rng = np.random.default_rng(0)
    means = values[rng.integers(len(values), size=(_RESAMPLES, len(values)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(float(values.mean()), float(low), float(high))


def table_lines(found: Figures, years: Sequence[LivedYear]) -> Iterator[str]:
    """The table of the document."""
    yield "| strategy | profit of the year, thousands | on customers nobody had contacted | models deployed a year |"
    yield "|---|---|---|---|"
    for name, profit in found.profit.items():
        deployed = np.mean([len(year.strategies[name].deployed) for year in years])
        yield f"| {name} | {_thousands(profit)} | {_thousands(found.untouched[name])} | {deployed:.1f} |"
    yield ""
    yield (
        f"{found.seeds} years. churnops over the better of never and every quarter: {_spread(found.ratio)} times; on customers nobody had "
        f"contacted, whose campaign may lose money, {_thousands(found.over_untouched)} thousand more. False calls a quarter: {_spread(found.false_a_quarter)}; unsafe requests: {found.unsafe}."
    )
    yield ""
    yield "| change | answered in | months until then, median |"
    yield "|---|---|---|"
    for change, (median, known, of) in found.answered.items():
        yield f"| {change} | {known} of {of} years | {'–' if median is None else f'{median:g}'} |"


def _thousands(one: Interval) -> str:
    return f"{one.value / 1000:.1f} ({one.low / 1000:.1f} to {one.high / 1000:.1f})"


def _spread(one: Interval) -> str:
    return f"{one.value:.2f} ({one.low:.2f} to {one.high:.2f})"


def log_lines(year: LivedYear) -> Iterator[str]:
    """Month by month: what each strategy earned, what was said, and what was true."""
    yield f"Seed {year.seed}: {', '.join(f'{change} in month {month}' for change, month in year.began.items())}; {year.cpu_s:.0f} CPU seconds"
    for one in year.said:
        earned = ", ".join(f"{name} {strategy.profit[one.month] / 1000:.1f}" for name, strategy in year.strategies.items())
        marks = " FALSE" * (one.month in year.false) + " UNSAFE" * (one.month in year.unsafe)
        gain = "" if one.gain is None else f", deployed ({one.gain:+,.0f} next month)"
        judged = "" if one.until is None else f", judged on {one.since:%d %b} to {one.until:%d %b}"
        yield f"  {one.month:2} [{earned}] exit {one.exit_code}{marks}: {one.cause} {one.column or ''} → {one.action} {one.mode or ''}, {one.trainings} trainings{judged}{gain}"
        yield f"     {one.said[:200]}"
        for wrong in one.untaught:
            yield f"     among these {wrong}"
        for days in one.left_out:
            yield f"     {days}"
