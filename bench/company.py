"""A generated company that acts on its scores: who its customers are, what happens to them in a year, and who leaves.

Customers are those of `pipeline.worlds.telephone_customers`, with a monthly usage, calls to support and the months to the contract's renewal beside them. They join, age, leave, and
are replaced, month by month; the year is preceded by two in which nobody is contacted and nothing happens but the seasons. What a customer would do
in a month is drawn once, so that two strategies differ by what they did and by nothing else.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from company_kinds import KINDS, CompanyKind
from company_year import Year
from numpy.typing import NDArray
from scipy.special import expit, logit

from pipeline.tables.reading import raw_of, typed
from pipeline.tables.schema import Schema
from pipeline.worlds.telephone_customers import churn_probability, make_customers

BEFORE, MONTHS = 24, 12
USAGE, CALLS, RENEWAL, CUSTOMER = "UsageGB", "SupportCalls", "MonthsToRenewal", "customerID"
OFFER_KEEPS = 0.3  # of those who would leave
_SEASON, _USAGE_SEASON = 0.25, 0.2
_USUAL_GB = {"Fiber optic": 5.0, "DSL": 4.2, "No": 0.7}  # logarithm of the usual usage
_TERMS = {"Month-to-month": 1, "One year": 12, "Two year": 24}
_LESS_USED, _EACH_CALL, _CALLS = -0.45, 0.35, 0.6
_RISE = 1.15  # the new price over the old one

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]

SCHEMA = Schema(
    target="Churn",
    positive="Yes",
    id=CUSTOMER,
    numerical=("tenure", "MonthlyCharges", "TotalCharges", USAGE, CALLS, RENEWAL),
    categorical=(
        "gender", "SeniorCitizen", "Partner", "Dependents", "PhoneService", "MultipleLines", "InternetService", "OnlineSecurity",
        "OnlineBackup", "DeviceProtection", "TechSupport", "StreamingTV", "StreamingMovies", "Contract", "PaperlessBilling", "PaymentMethod",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Fate:
    """What some customers would do in a month if nobody contacted them: the `chance` of leaving, whether they `would_leave`, whether an offer
    `would_keep` them, `when` in the month they leave (0-1), and whether they do not pay (`unpaid`), which is no leaving. Each of shape (customers,)."""

    chance: Numbers
    would_leave: NDArray[np.bool_]
    would_keep: NDArray[np.bool_]
    when: Numbers
    unpaid: NDArray[np.bool_]


class Company:
    """The company of one `seed`. A month is counted from the first of the year, which is 0; those before it are negative. `members` are places
    in the pool of everybody who ever may be a customer."""

    def __init__(self, seed: int, kind: CompanyKind = KINDS["usual"]) -> None:
        rng = np.random.default_rng([seed, 14])
        self.seed, self.kind = seed, kind
        self.year: Year = kind.draw(rng)
        pool = kind.base + kind.joining * (BEFORE + MONTHS)  # whoever may be a customer in these three years
        columns = SCHEMA.model_copy(update={"id": None, "numerical": SCHEMA.numerical[:3]})
        self._pool = typed(raw_of(make_customers(pool, 1_000 * seed + 14), "customers"), columns, with_target=False)
        self.ids = np.array([f"c{number:05d}" for number in range(pool)], dtype=object)
        shape = (pool, BEFORE + MONTHS + 1)
        self._leaves, self._kept, self._when, self._unpaid = (rng.random(shape, dtype=np.float32) for _ in range(4))
        self._usage = rng.normal(0, 0.3, shape).astype(np.float32) + rng.normal(0, 0.5, pool).astype(np.float32)[:, None]
        self._calls = rng.poisson(_CALLS * rng.gamma(2, 0.5, pool)[:, None], shape)
        self.held_out = rng.random(shape, dtype=np.float32)
        self.tie = rng.random(pool) * 1e-9  # customers with the same score are taken by lot

    @cached_property
    def first(self) -> tuple[Places, Places]:
        """The members at the beginning of the year and the month in which each of them joined."""
        return self._past[0]

    @cached_property
    def reference(self) -> pd.DataFrame:
        """A labelled table of the year before: everybody once, in a month of their own. Typed, with the outcome as Yes and No."""
        return self._past[1]

    @cached_property
    def _past(self) -> tuple[tuple[Places, Places], pd.DataFrame]:
        base = self.kind.base
        members, joined, parts = np.arange(base), np.full(base, -BEFORE), []
        for month in range(-BEFORE, 0):
            fate = self.fate(members, joined, month)
            if month >= -12:
                mine = members % 12 == month % 12
                rows = self.rows(members[mine], joined[mine], month)
                parts.append(rows.assign(**{SCHEMA.target: np.where(fate.would_leave[mine], "Yes", "No")}))
            members, joined = self.succeeded(members, joined, fate.would_leave, month)
        return (members, joined), pd.concat(parts, ignore_index=True)

    def succeeded(self, members: Places, joined: Places, left: NDArray[np.bool_], month: int) -> tuple[Places, Places]:
        """The members of the next month: without those who left, with the next who join."""
        base, joining = self.kind.base, self.kind.joining
        fresh = np.arange(base, base + joining) + joining * (month + BEFORE)
        return np.concatenate([members[~left], fresh]), np.concatenate([joined[~left], np.full(len(fresh), month + 1)])

    def rows(self, members: Places, joined: Places, month: int) -> pd.DataFrame:
        """The members in this month as they are: id and features, typed."""
        rows = self._pool.iloc[members].reset_index(drop=True)
        since_start = joined == -BEFORE
        age = month - joined
        bill = rows["MonthlyCharges"].to_numpy()
        dearer = (rows["InternetService"] == "Fiber optic").to_numpy() & (month >= self.year.price_rise)
        billed = bill * np.where(dearer, _RISE, 1.0)
        place = month + BEFORE
        usual = rows["InternetService"].map(_USUAL_GB).to_numpy(dtype="float64")
        season = _USAGE_SEASON * np.sin(2 * np.pi * (month + self.year.season) / 12)
        tenure = np.where(since_start, rows["tenure"], 0) + age
        term = rows["Contract"].map(_TERMS).to_numpy()
        return rows.assign(
            **{
                CUSTOMER: self.ids[members],
                "tenure": tenure,
                RENEWAL: (-tenure % term).astype("float64"),
                "MonthlyCharges": billed.round(2),
                "TotalCharges": (np.where(since_start, rows["TotalCharges"].fillna(0.0), 0.0) + age * bill).round(2),
                USAGE: np.exp(usual + season + self._usage[members, place]).round(1),
                CALLS: self._calls[members, place].astype("float64"),
            }
        )

    def chance(self, rows: pd.DataFrame, month: int) -> Numbers:
        """The chance that customers as `rows` describes them leave in this month, shape (customers,)."""
        year = self.year
        usual = rows["InternetService"].map(_USUAL_GB).to_numpy(dtype="float64")
        used = np.log(rows[USAGE].to_numpy().clip(0.1)) - usual
        odds = logit(churn_probability(rows)) + self.kind.level + _LESS_USED * used + _EACH_CALL * rows[CALLS].to_numpy()
        odds += _SEASON * np.sin(2 * np.pi * (month + 2 * year.season) / 12)
        fibre = rows["InternetService"] == "Fiber optic"
        if month >= year.price_rise:
            odds += self.kind.taken_ill * (year.minds(rows) & fibre)
        if month >= year.competitor:
            odds += self.kind.lured * self.kind.lures(rows)
        return np.asarray(expit(odds), dtype="float64")

    def fate(self, members: Places, joined: Places, month: int) -> Fate:
        """What the members would do in this month."""
        rows, place = self.rows(members, joined, month), month + BEFORE
        chance = self.chance(rows, month)
        unpaid_chance = 0.12 * (rows["PaymentMethod"] == "Mailed check").to_numpy() * (rows["Contract"] != "Two year").to_numpy()
        would_leave = self._leaves[members, place] < chance
        return Fate(
            chance=chance,
            would_leave=would_leave,
            would_keep=self._kept[members, place] < OFFER_KEEPS,
            when=self._when[members, place].astype("float64"),
            unpaid=(self._unpaid[members, place] < unpaid_chance) & ~would_leave,
        )
