"""Half a year of a company whose churn is recorded day by day: scored monthly, weekly or daily, with feeds that stop and definitions that change."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, cast

import numpy as np
import pandas as pd

from pipeline.diagnosis.observed import Observed
from pipeline.models.artifact import Artifact
from pipeline.windows.window import Labelled, OutcomeRecord
from tests.pipeline.known_windows import FEATURES, champion_of_known_windows, known_window
from tests.pipeline.small_tables import small_table

START = pd.Timestamp("2026-05-01", tz="UTC")
DAY = pd.Timedelta(days=1)
DAYS = 184
Rhythm = Literal["monthly", "weekly", "daily"]


@dataclass(frozen=True)
class Life:
    """Scored rows of half a year (features, `customer`, `scored`, and `left`: when the customer leaves, missing for who stays a horizon on)."""

    rows: pd.DataFrame
    horizon: pd.Timedelta


def lived(seed: int, rhythm: Rhythm = "monthly", customers: int = 3000, horizon: int = 30, rate: float = 1.0) -> Life:
    """A base of which each is scored in that rhythm: all of it on the first of the month, or a part of it each week or day. `rate`: odds of churn."""
    rng = np.random.default_rng([seed, 1])  # another stream than that of the tables
    step = {"monthly": 30, "weekly": 7, "daily": 1}[rhythm]
    times = [START + place * step * DAY for place in range(DAYS // step)]
    each = customers if rhythm == "monthly" else customers * 6 // len(times)
    frames = []
    for place, at in enumerate(times):
        frame = small_table(each, seed * 1000 + place)
        p = champion_of_known_windows().scores(frame)
        odds = rate * p / (1 - p)
        leaves = rng.random(each) < odds / (1 + odds)
        when = at + pd.to_timedelta(rng.uniform(0, horizon, each), unit="D")
        frame["scored"], frame["left"] = at, pd.Series(when).where(leaves)
        frame["customer"] = [f"{place}-{number}" for number in range(each)]
        frames.append(frame)
    return Life(pd.concat(frames, ignore_index=True), horizon * DAY)


def also_leaving(life: Life, who: "pd.Series[bool]", share: float, seed: int) -> Life:
    """With a further `share` of those `who` leaving at some time of their horizon."""
    rng = np.random.default_rng(seed)
    more = who & life.rows["left"].isna() & (rng.random(len(who)) < share)
    when = life.rows["scored"] + pd.to_timedelta(rng.uniform(0, life.horizon / DAY, len(who)), unit="D")
    return replace(life, rows=life.rows.assign(left=life.rows["left"].where(~more, when)))


def staying(life: Life, who: "pd.Series[bool]", share: float, seed: int) -> Life:
    """With a `share` of those `who` left staying."""
    kept = who & (np.random.default_rng(seed).random(len(who)) < share)
    return replace(life, rows=life.rows.assign(left=life.rows["left"].where(~kept)))


Recorded = Callable[[pd.Series], pd.Series]


def at_once(left: pd.Series) -> pd.Series:
    return left


def on_working_days(left: pd.Series) -> pd.Series:
    wait = left.dt.dayofweek.map({5: 2, 6: 1}).fillna(0)
    return left.where(wait == 0, left.dt.floor("D") + pd.to_timedelta(wait.fillna(0), unit="D") + 9 * DAY / 24)


def weekly(left: pd.Series) -> pd.Series:
    wait: pd.Series = pd.to_timedelta(7 - left.dt.dayofweek, unit="D")
    return left.dt.floor("D") + wait


def at_the_end_of_the_month(left: pd.Series) -> pd.Series:
    end: pd.Series = (left.dt.tz_localize(None).dt.to_period("M") + 1).dt.to_timestamp()
    return end.dt.tz_localize("UTC")


def all_in_one_go(left: pd.Series) -> pd.Series:
    return left.where(left.isna(), START + DAYS * DAY)


def seen(
    life: Life, recorded: Recorded = at_once, *, now: int = DAYS, dated: bool = True, taken_in: tuple[pd.Timestamp, ...] = ()
) -> Observed:
    """What is known on day `now`: who left by then as it was `recorded`, and who stayed, once the horizon is over. The window is the newest known rows."""
    end = START + now * DAY
    rows = life.rows.assign(recorded=recorded(life.rows["left"]))
    over = rows["scored"] + life.horizon
    known = over <= end
    everyone = rows.assign(churned=(rows["recorded"] <= end).astype("int64"))
    sample = Labelled(
        everyone[FEATURES],
        everyone["churned"],
        everyone["customer"],
        everyone["scored"],
        everyone["recorded"].where(everyone["churned"] == 1),
    )
    rows = everyone[known].reset_index(drop=True)
    when = rows["recorded"].where(rows["churned"] == 1)
    told = pd.DataFrame({"_time": rows["scored"], "_recorded": when.fillna(rows["scored"] + life.horizon), "_churned": rows["churned"]})
    if not dated:
        told = told[told["_churned"] == 1].assign(_time=pd.Series(pd.NaT, index=told.index, dtype="datetime64[us, UTC]"))
    newest = rows[rows["scored"] >= rows["scored"].max() - 28 * DAY]
    window = known_window(newest[[*FEATURES, "churned", "customer"]])
    labelled = replace(window.labelled, times=newest["scored"].reset_index(drop=True))
    record = OutcomeRecord(told, tuple(at.to_pydatetime() for at in taken_in), end.to_pydatetime(), sample)
    return replace(window, champion=cast(Artifact, champion_of_known_windows()), labelled=labelled, record=record)


def without(life: Life, gone: "pd.Series[bool]") -> Life:
    """With the churn of those who are `gone` never recorded."""
    return replace(life, rows=life.rows.assign(left=life.rows["left"].where(~gone)))


def stopped(life: Life, day: float, until: float = DAYS) -> Life:
    """A feed that records nothing from a day on, `until` another one."""
    left = life.rows["left"]
    return without(life, (left >= START + day * DAY) & (left < START + until * DAY))


def redefined(life: Life, who: "pd.Series[bool]", share: float, day: float, seed: int) -> Life:
    """From a day on what a further `share` of the customers `who` do is recorded as churn, too."""
    wider = also_leaving(life, who, share, seed)
    added = life.rows["left"].isna() & wider.rows["left"].notna()
    return without(wider, added & (wider.rows["left"] < START + day * DAY))
