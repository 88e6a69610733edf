"""From outcomes to labels: which predictions an outcome speaks of, and what a horizon makes of it."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

# A scoring time that was cut to one of these is the time it was cut from.
_PRECISIONS = ("us", "ms", "s", "min", "D")


@dataclass(frozen=True)
class LabelRule:
    """How outcomes become labels. With a `horizon`, an outcome that names no scoring time is what happened at its time of observation
    (`horizon_labels`), and with `absence_is_stayed` customers without one stayed. `timezone` is that of scoring times cut to a day."""

    horizon: timedelta | None = None
    absence_is_stayed: bool = False
    timezone: str = "UTC"


BY_ID_AND_TIME = LabelRule()


def labels_of(ids: pd.Series, times: pd.Series | None, told: pd.DataFrame, rule: LabelRule) -> pd.Series:
    """Outcome of each row (1, 0, NaN where none is known): the one for its id and scoring time, else what those of its id say that name no
    scoring time. By id alone, the latest word, where the rows have no scoring times (None).

    Scoring times are the same where one is the other cut to its milliseconds, seconds, minutes or day. With a horizon a row counts once its
    horizon is over, churners too: among younger rows churners alone could be known. `told`: as `outcomes.read_outcomes` gives them.
    """
    if times is None:
        return ids.map(told.drop_duplicates("_id", keep="last").set_index("_id")["_churned"]).astype("float64")
    undated = told[told["_time"].isna()]
    if rule.horizon is None:
        churned = ids.map(undated.drop_duplicates("_id", keep="last").set_index("_id")["_churned"]).astype("float64")
    else:
        churned = horizon_labels(ids, times, undated, rule.horizon, absence_is_stayed=rule.absence_is_stayed)
        churned = churned.where(times <= undated["_observed"].max() - rule.horizon)
    return _at_scoring_times(ids, times, told[told["_time"].notna()], rule.timezone).fillna(churned)


def horizon_labels(ids: pd.Series, times: pd.Series, told: pd.DataFrame, horizon: timedelta, *, absence_is_stayed: bool) -> pd.Series:
    """1 where the id churned at most a `horizon` after the scoring time. 0 where it did not and is known to have been there a horizon later:
    its outcome of then or later says so, or with `absence_is_stayed` the newest of all outcomes is of then or later. NaN where neither is known.

    Nobody has stayed who was gone already when scored, nobody by absence where none of the ids that churned meanwhile is among the rows (ids
    that are spelt differently would all have stayed), and a churn is no sign of having stayed before where nobody's staying is ever told.
    """
    rows = pd.DataFrame({"_id": ids.astype(object), "_time": times.astype("datetime64[us, UTC]"), "place": np.arange(len(ids))})
    rows = rows.dropna().sort_values("_time", kind="stable", ignore_index=True)
    events = told[["_id", "_observed", "_churned"]].astype({"_id": object, "_observed": "datetime64[us, UTC]"})
    events = events.dropna().sort_values("_observed", kind="stable", ignore_index=True)
    churns, end = events[events["_churned"] == 1], rows["_time"] + horizon
    following = pd.merge_asof(rows, churns, left_on="_time", right_on="_observed", by="_id", direction="forward")
    before = pd.merge_asof(rows, events, left_on="_time", right_on="_observed", by="_id")
    churned, gone = following["_observed"] <= end, before["_churned"] == 1
    telling = events if absence_is_stayed or len(churns) < len(events) else events.iloc[:0]
    there = telling.groupby("_id")["_observed"].max().reindex(rows["_id"]).set_axis(rows.index) >= end
    if absence_is_stayed and _ids_join(rows, churns, horizon):
        there |= end <= events["_observed"].max()
    found = np.full(len(ids), np.nan)
    found[rows["place"]] = np.where(churned, 1.0, np.where(there & ~gone, 0.0, np.nan))
    return pd.Series(found, index=ids.index)


def churn_recorded(ids: pd.Series, times: pd.Series, told: pd.DataFrame, rule: LabelRule) -> pd.Series:
    """When the churn of each row was written down (datetime64[us, UTC]), as far as it is known, whether or not the horizon is over; missing where
    none is. `told`: as `outcomes.read_outcomes` gives them."""
    churns = told[(told["_churned"] == 1) & told["_recorded"].notna()]
    # As numbers, which is what labels are.
    moments = churns.assign(_churned=churns["_recorded"].astype("datetime64[us, UTC]").astype("int64").astype("float64"))
    undated = moments[moments["_time"].isna()]
    if rule.horizon is None:
        found = ids.map(undated.drop_duplicates("_id", keep="last").set_index("_id")["_churned"]).astype("float64")
    else:
        rows = pd.DataFrame({"_id": ids.astype(object), "_time": times.astype("datetime64[us, UTC]"), "place": np.arange(len(ids))})
        rows = rows.dropna().sort_values("_time", kind="stable", ignore_index=True)
        events = undated[["_id", "_observed", "_churned"]].astype({"_id": object, "_observed": "datetime64[us, UTC]"})
        events = events.dropna().sort_values("_observed", kind="stable", ignore_index=True)
        following = pd.merge_asof(
            rows, events, left_on="_time", right_on="_observed", by="_id", direction="forward", tolerance=pd.Timedelta(rule.horizon)
        )
        moment = np.full(len(ids), np.nan)
        moment[rows["place"]] = following["_churned"]
        found = pd.Series(moment, index=ids.index)
    known = _at_scoring_times(ids, times, moments[moments["_time"].notna()], rule.timezone).fillna(found)
    return pd.to_datetime(known, unit="us", utc=True).astype("datetime64[us, UTC]")


def _ids_join(rows: pd.DataFrame, churns: pd.DataFrame, horizon: timedelta) -> bool:
    meanwhile = churns["_observed"].between(rows["_time"].min(), rows["_time"].max() + horizon)
    return not meanwhile.any() or bool(churns.loc[meanwhile, "_id"].isin(rows["_id"]).any())


def _at_scoring_times(ids: pd.Series, times: pd.Series, dated: pd.DataFrame, timezone: str) -> pd.Series:
    """The outcome for each row's id and scoring time, as precise as the coarser of both is; NaN where there is none."""
    found = pd.Series(np.nan, index=ids.index)
    for precision in _PRECISIONS:
        asked = found.isna() & ids.isin(dated["_id"])
        if not asked.any():
            break
        scored, whole = _cut(times[asked], precision, timezone)
        keys = pd.MultiIndex.from_arrays([ids[asked], scored])
        of_times, of_whole = _cut(dated["_time"], precision, timezone)
        words = pd.Series(dated["_churned"].to_numpy(), index=pd.MultiIndex.from_arrays([dated["_id"], of_times]), dtype="float64")
        of_any, of_coarse = (_latest(some, keys) for some in (words, words[of_whole.to_numpy()]))
        found[asked] = np.where(whole, of_any, of_coarse)
        # An outcome whose prediction was found belongs to no other one.
        dated = dated[~words.index.isin(keys)] if precision == "us" else dated
    return found


def _cut(times: pd.Series, precision: str, timezone: str) -> tuple[pd.Series, pd.Series]:
    """Times cut to a precision, and which of them have no other."""
    if precision == "D":
        times = times.dt.tz_convert(timezone).dt.tz_localize(None)
    cut = times.dt.floor(precision)
    return cut, cut == times


def _latest(words: pd.Series, keys: pd.MultiIndex) -> NDArray[np.float64]:
    return words[~words.index.duplicated(keep="last")].reindex(keys).to_numpy(dtype="float64")
