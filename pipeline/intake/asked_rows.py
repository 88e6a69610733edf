"""Outcomes that were asked for by a list: for how many customers each stands.

Every known outcome speaks for its own customer. One that was asked for speaks also for the customers of its stratum whose outcome nobody knows: by the
inverse of its chance to be asked and to have answered. The more outcomes come in by themselves, the less it has to speak for.

Source: Horvitz and Thompson (1952), "A Generalization of Sampling Without Replacement From a Finite Universe"; those who did not answer are taken to
be like the others of their stratum (Little, 1986, "Survey Nonresponse Adjustments for Estimates of Means").
"""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from pipeline.diagnosis.asking.asked_list import AskedList
from pipeline.diagnosis.diagnosis import Diagnosis
from pipeline.record.opened_workspace import Opened
from pipeline.state.asked_outcomes import answered_of, bodies_of, newest_list, read_asked
from pipeline.windows.window import Labelled, Window

if TYPE_CHECKING:
    import pandas as pd


def with_design_weights(opened: Opened, window: Window) -> Window:
    """The window with the design weights of its labelled rows, where enough of their customers were asked for."""
    if not window.labelled_rows or newest_list(opened.state) is None:
        return window
    found = _weighed(opened, window.labelled)
    return window if found is None else replace(window, known=found)


def with_newest_list(opened: Opened, found: Diagnosis, until: datetime | None) -> Diagnosis:
    """The diagnosis, saying first of what it cannot see whom people were told to ask, where evidence is short and the newest list is of this window.
    `until` (UTC): its newest row."""
    last = newest_list(opened.state) if found.without_outcomes or found.action == "collect_labels" else None
    told = None if last is None else AskedList.model_validate(last.body)
    if last is None or told is None or told.until != until or (answered := answered_of(opened.state, last.number)) >= told.customers:
        return found
    so_far = f" {answered:,} of them have answered." if answered else ""
    said = f"Evidence is short, and list {last.number} is out. {told.said}{so_far}"
    return found.model_copy(update={"blind_spots": (said, *found.blind_spots)})


def _weighed(opened: Opened, known: Labelled) -> Labelled | None:
    if known.ids is None:
        return None
    asked = read_asked(opened.state)
    there = asked[asked["_id"].isin(known.ids)]
    if len(there) < opened.policy.evidence.performance.min_rows:
        return None  # too few to speak for all; they count as what they are
    by_id: dict[str, float] = {}
    for number, body in bodies_of(opened.state).items():
        answered = there[there["list"] == number]
        told = AskedList.model_validate(body)
        came = max(0, known_unasked(known, asked["_id"], told.since, told.until) - told.known)
        by_id |= {} if answered.empty else _of_one_list(answered.set_index("_id"), came)
    weights = known.ids.map(by_id).fillna(1.0).astype("float64")
    others = 1.0 if known.weights is None else known.weights
    return replace(known, design_weights=weights, weights=weights * others)


def known_unasked(known: Labelled, asked: "pd.Series[str]", since: datetime | None, until: datetime | None) -> int:
    """Customers scored in `since` <= time <= `until` (UTC; None: whenever) with a known outcome and not `asked` (ids) by any list. When a list is made and when it
    is weighed the same rows are counted, so that the difference is who has come in since."""
    import pandas as pd

    if known.ids is None:
        return 0
    rows = ~known.ids.isin(asked)
    if known.times is not None and since is not None and until is not None:
        rows &= known.times.between(pd.Timestamp(since), pd.Timestamp(until))
    return int(known.ids[rows].nunique())


def _of_one_list(answered: "pd.DataFrame", unasked: int) -> dict[str, float]:
    """Weight of each customer of a list whose outcome is known, 1 at least."""
    weights = answered["customers"] / answered.groupby("stratum")["stratum"].transform("size")
    everybody = float(answered.drop_duplicates("stratum")["customers"].sum())
    left = max(0.0, 1.0 - unasked / everybody)
    return dict(zip(answered.index, (weights * left).clip(lower=1.0), strict=True))
