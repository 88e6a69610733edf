"""The matured window without the outcomes that an offer may have changed."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pipeline.record.opened_workspace import Opened
from pipeline.state.offers import read_offers
from pipeline.windows.offers_made import OffersMade
from pipeline.windows.window import Labelled, Window

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from pipeline.models.artifact import Artifact
    from pipeline.windows.balanced_rows import Balance

_TICK = timedelta(microseconds=1)
_DAY = timedelta(days=1)


def with_untouched_rows(opened: Opened, champion: "Artifact", window: Window) -> Window:
    """The window with the labelled rows that stand for everybody (`balanced_rows`), what offers brought to the others, and all rows as they would
    have been without offers where enough were held out to tell.

    A row is contacted where an offer was made to its customer between its scoring and the end of what its outcome tells of, and held out
    where the only offers then were held out.

    Raises:
        IntegrityError: the champion's model cannot be loaded.
    """
    known = window.labelled
    touched = _touched_by_offers(opened, known) if window.labelled_rows else None
    if touched is None or known.ids is None:
        return window
    import numpy as np

    from pipeline.models.typical_value import typical_value
    from pipeline.windows.balanced_rows import balance, kept_share, offer_effects, restore

    contacted, held_out = touched
    scores = champion.scores(known.features)
    found = balance(scores, contacted, held_out)
    once = ~known.ids.duplicated(keep="last").to_numpy()
    churned = known.churned.to_numpy(dtype=np.float64)
    effects = offer_effects(scores[once], churned[once], contacted[once], held_out[once])
    share = (
        kept_share(effects, typical_value(opened.settings.value, champion).acceptance) if found.represented and contacted.any() else None
    )
    made = OffersMade(
        contacted=int(contacted.sum()),
        held_out=int(held_out.sum()),
        untouched=int((~contacted & ~held_out).sum()),
        balanced=int((~contacted & ~found.kept).sum()),
        represented=found.represented,
        effects=effects,
        share_kept=share,
    )
    left = replace(_weighed(known, found), set_aside=known.ids[~found.kept])
    restored = None if share is None else _weighed(known, restore(scores, churned, contacted, held_out, share))
    return replace(window, known=left, offers=made, restored=restored)


def representing(opened: Opened, scores: "NDArray[np.float64]", known: Labelled) -> Labelled:
    """Those of some labelled rows that stand for everybody (`balanced_rows`), each with its weight; all of them where no offer touched any.
    `scores`: by which offers were made, shape (rows,)."""
    touched = _touched_by_offers(opened, known)
    if touched is None:
        return known
    from pipeline.windows.balanced_rows import balance

    return _weighed(known, balance(scores, *touched))


def _touched_by_offers(opened: Opened, known: Labelled) -> "tuple[NDArray[np.bool_], NDArray[np.bool_]] | None":
    """As `_touched`; None where no row is either."""
    if known.ids is None:
        return None
    zone, horizon = opened.settings.data.format.timezone, opened.settings.outcomes.horizon_length
    first, last = (None, None) if known.times is None else (known.times.min().to_pydatetime(), known.times.max().to_pydatetime())
    since = datetime.fromisoformat("0001-01-02T00:00:00+00:00") if first is None else first - _DAY
    until = opened.clock() if last is None or horizon is None else last + horizon
    offers = _by_the_end_of_their_day(read_offers(opened.state, since, until), zone)
    if offers.empty or not offers["_id"].isin(known.ids).any():
        return None
    contacted, held_out = _touched(opened, known, offers, horizon)
    return (contacted, held_out) if contacted.any() or held_out.any() else None


def _weighed(known: Labelled, balance: "Balance") -> Labelled:
    """The rows that are kept, each with how many it stands for."""
    import pandas as pd

    return replace(known, weights=pd.Series(balance.weights, index=known.churned.index)).at(balance.kept)


def _by_the_end_of_their_day(offers: "pd.DataFrame", timezone: str) -> "pd.DataFrame":
    """An offer that is dated by its day alone came at any time of it, so after a scoring of that day."""
    local = offers["_offered"].dt.tz_convert(timezone)
    days = local == local.dt.normalize()
    return offers.assign(_offered=offers["_offered"].where(~days, offers["_offered"] + _DAY - _TICK))


def _touched(
    opened: Opened, known: Labelled, offers: "pd.DataFrame", horizon: timedelta | None
) -> "tuple[NDArray[np.bool_], NDArray[np.bool_]]":
    """Which rows are contacted, and which held out; each of shape (rows,)."""
    assert known.ids is not None  # whom offers were made to is told by id
    if known.times is None:
        hit, held = (known.ids.isin(offers.loc[offers["held_out"] == which, "_id"]).to_numpy() for which in (False, True))
    else:
        ends = known.times + horizon if horizon is not None else _ends(opened, known.ids, known.times)
        hit, held = (_within(known.ids, known.times, ends, offers[offers["held_out"] == which]) for which in (False, True))
    return hit, held & ~hit


def _ends(opened: Opened, ids: "pd.Series", times: "pd.Series") -> "pd.Series":
    """Without a horizon an outcome tells of the time until it was observed, or until its customer was scored again; NaT where neither is known."""
    from pipeline.state.outcomes import read_outcomes

    following = times.sort_values(kind="stable").groupby(ids).shift(-1).reindex(times.index)
    observed = _following(ids, times, read_outcomes(opened.state, opened.clock(), moments=True), "_observed")
    return following.where(observed.isna() | (following <= observed), observed)


def _within(ids: "pd.Series", times: "pd.Series", ends: "pd.Series", offers: "pd.DataFrame") -> "NDArray[np.bool_]":
    at = _following(ids, times, offers, "_offered")
    inside: NDArray[np.bool_] = (at.notna() & (ends.isna() | (at <= ends))).to_numpy()
    return inside


def _following(ids: "pd.Series", times: "pd.Series", told: "pd.DataFrame", name: str) -> "pd.Series":
    """The first time in the column `name` of what is told of each row's customer from the row's own time on; NaT where there is none."""
    import numpy as np
    import pandas as pd

    rows = pd.DataFrame({"_id": ids.astype(object), "_at": times.astype("datetime64[us, UTC]"), "place": np.arange(len(ids))})
    moments = told[["_id", name]].astype({"_id": object, name: "datetime64[us, UTC]"})
    found = pd.merge_asof(
        rows.dropna().sort_values("_at", kind="stable"),
        moments.sort_values(name, kind="stable"),
        left_on="_at",
        right_on=name,
        by="_id",
        direction="forward",
    )
    return found.set_index("place")[name].reindex(range(len(ids))).set_axis(ids.index)
