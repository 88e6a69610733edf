"""What happens in the year that `watch_year` lives through, and when: drawn per seed, and known to nobody in it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from pipeline.tables.reading import raw_of, typed
from pipeline.tables.schema import Schema
from pipeline.worlds.telephone_customers import churn_probability, make_customers

START = datetime(2026, 1, 5, tzinfo=UTC)
TARGET, CUSTOMER = "Churn", "customerID"
LAG = timedelta(days=30)  # from scoring until the outcome is on record
WINDOW = 7  # days of the recent window
HISTORY = 60  # days of log ahead of the first check
A_DAY, POOL = 100, 20_000
WANDER, STAYS = 0.05, 0.9  # as the calm years of `quiet`
_COLUMNS = (CUSTOMER, "tenure", "Contract", "InternetService", "MonthlyCharges", "TotalCharges", TARGET)
_STREAM, _BEHAVIOUR, _ODDS = 1.0, 1.6, 2.2

Kind = Literal["change", "fault", "deploy"]
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Truth:
    """One thing that happens from day `begin` to day `end`, that one included; None: it stays. `causes`: what an honest diagnosis may call it;
    `column`: the one that it is about, None where it is about all customers."""

    name: str
    kind: Kind
    begin: int
    end: int | None
    causes: tuple[str, ...]
    column: str | None = None

    def holds(self, day: int) -> bool:
        return self.begin <= day and (self.end is None or day <= self.end)


@dataclass(frozen=True)
class Year:
    """The truths of a year, and the days on which the destination does not answer. `deploy` is the day on which a person trains the bad model."""

    truths: tuple[Truth, ...]
    outages: tuple[tuple[int, int], ...]
    deploy: int


def draw_year(seed: int, days: int) -> Year:
    """When what happens: in an order that leaves time between two of them, each on a day of its own drawing."""
    rng = np.random.default_rng([seed, 1])

    def about(share: float) -> int:
        return int(days * share + rng.integers(-6, 7))

    def fault(name: str, share: float, column: str) -> Truth:
        begin = about(share)
        return Truth(name, "fault", begin, begin + int(rng.integers(4, 9)), ("data_fault",), column)

    outages = tuple((day, day + int(rng.integers(1, 4))) for day in (about(0.12), about(0.66)))
    deploy = about(0.42)
    truths = (
        fault("total charges sent in cents", 0.04, "TotalCharges"),
        Truth(
            "a new kind of internet, and who has it leaves more",
            "change",
            about(0.12),
            None,
            ("covariate_harmful", "concept_drift"),
            "InternetService",
        ),
        Truth("settled customers leave, new ones stay", "change", about(0.25), None, ("concept_drift",), "tenure"),
        Truth("a model trained on polluted outcomes", "deploy", deploy, None, ()),
        fault("contracts of half the rows sent as month to month", 0.56, "Contract"),
        Truth("everybody leaves more", "change", about(0.66), None, ("prior_shift", "concept_drift")),
    )
    return Year(truths, outages, deploy)


def customers(rows: int, seed: int) -> pd.DataFrame:
    """Raw rows of customers as the team's table has them: few columns, as each costs every check of the year."""
    return make_customers(rows, seed)[list(_COLUMNS)]


def polluted(table: pd.DataFrame) -> pd.DataFrame:
    """The table after an export that has lost who left in the first year, and counts some settled customers as gone."""
    left = table[TARGET].mask(table["tenure"] <= 12, "No").mask((table["tenure"] > 40) & (table["InternetService"] != "No"), "Yes")
    return table.assign(**{TARGET: left})


def days_of(year: Year, seed: int, schema: Schema, days: int) -> Iterator[tuple[pd.DataFrame, NDArray[np.bool_]]]:
    """For each day from `HISTORY` days ahead of the first check: the rows as the feed sends them, and who of them leaves."""
    rng = np.random.default_rng([seed, 2])
    drawn = make_customers(POOL, 10_000 + seed)
    pool, risk = typed(raw_of(drawn[list(_COLUMNS)], "customers"), schema, with_target=True), churn_probability(drawn)
    lean, spread = 0.0, (risk - risk.mean()) / risk.std()
    for day in range(-HISTORY, days):
        lean = STAYS * lean + rng.normal(0, WANDER * np.sqrt(1 - STAYS**2))
        weights = np.exp(lean * spread)
        places = rng.choice(len(pool), A_DAY, replace=False, p=weights / weights.sum())
        rows = pool.iloc[places].reset_index(drop=True)
        rows[CUSTOMER] = [f"{day + HISTORY:03d}-{place:03d}" for place in range(len(rows))]
        happening = [truth.holds(day) for truth in year.truths]
        rows, chance = _changed(rows, risk[places], happening, rng)
        yield _sent(rows, happening, rng), rng.random(len(rows)) < chance


def _changed(rows: pd.DataFrame, risk: Numbers, happening: Sequence[bool], rng: np.random.Generator) -> tuple[pd.DataFrame, Numbers]:
    """The day's customers and their chance of leaving, as the world has changed by then."""
    odds = logit(risk.clip(0.001, 0.999))
    _, new_kind, settled, _, _, more = happening
    if new_kind:
        taken = (rows["InternetService"] == "Fiber optic").to_numpy() & (rng.random(len(rows)) < 0.6)
        rows, odds = rows.assign(InternetService=rows["InternetService"].mask(taken, "5G")), odds + _STREAM * taken
    if settled:
        old = (rows["tenure"] > 30).to_numpy()
        odds = odds + np.where(old, _BEHAVIOUR, -_BEHAVIOUR / 2)
    return rows, np.asarray(expit(odds + np.log(_ODDS) * more))


def _sent(rows: pd.DataFrame, happening: Sequence[bool], rng: np.random.Generator) -> pd.DataFrame:
    if happening[0]:
        rows = rows.assign(TotalCharges=rows["TotalCharges"] * 100)
    if happening[4]:
        rows = rows.assign(Contract=rows["Contract"].mask(rng.random(len(rows)) < 0.5, "Month-to-month"))
    return rows


def there(truths: Sequence[Truth], day: int, deployed: Sequence[int]) -> list[Truth]:
    """What was there to be seen on a day: see `watch_year`."""
    return [truth for truth in truths if truth.begin <= day <= _until(truth, deployed)]


def _until(truth: Truth, deployed: Sequence[int]) -> float:
    if truth.end is not None:
        return truth.end + WINDOW
    answered = next((at for at in deployed if at > truth.begin), None) if truth.kind == "change" else None
    return np.inf if answered is None else answered + LAG.days + WINDOW
