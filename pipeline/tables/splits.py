"""Dividing labelled rows so that no model is judged on its training data: the reference in three, recent rows in two."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pipeline.errors import DataError
from pipeline.tables.schema import Schema

TRAIN_SHARE, GATE_SHARE = 0.6, 0.2  # the rest is held back
FEWEST_ROWS = 20  # of one part; below it an AUC says nothing
_LEFT_AT_LEAST = 1 / 3  # of the latest rows, once customers who train are dropped: fewer are newcomers, and no sample of the base
DAYS_IN_ORDER = 3  # fewer calendar days are a batch, whose rows have no order in time


@dataclass(frozen=True)
class Split:
    """The reference in three. `how` says for people by what it was divided; rows keep their order, the index starts anew."""

    train: pd.DataFrame
    test: pd.DataFrame
    held_back: pd.DataFrame
    how: str


@dataclass(frozen=True)
class RecentSplit:
    """Boolean masks over the recent rows. A row may be in neither."""

    train: np.ndarray
    held_out: np.ndarray


def split_reference(frame: pd.DataFrame, schema: Schema, seed: int, *, newest_to_test: bool = False) -> Split:
    """60% of a typed, labelled table to train on, 20% to test on, 20% held back.

    With `newest_to_test`, the oldest rows train, the newest test, and those between are held back; rows whose id an older part has are dropped.
    Where no id repeats: at random, seeded, with the target's share equal in all parts. Where ids repeat, no id is on two sides; with a
    time column the earliest rows train, the next judge, the last are held back, and rows whose id an earlier side has are dropped.
    Where that leaves too little, as with the same customers scored every day, and without a time column, customers are divided at random.

    Raises:
        DataError: a part would lack one outcome or have fewer than 20 rows.
    """
    rng = np.random.default_rng(seed)
    churned = frame[schema.target].to_numpy(dtype=bool)
    if newest_to_test and schema.time is not None:
        return _checked(frame, schema, _newest_to_test(frame, schema), f"by `{schema.time}`, the newest rows to test on")
    ids = frame[schema.id] if schema.id is not None else pd.Series(pd.NA, index=frame.index)
    if not ids.dropna().duplicated().any():
        return _checked(frame, schema, _random_parts(churned, rng), "at random, outcomes in equal shares")
    if schema.time is not None:
        by_time = _parts_by_time(frame[schema.time], ids)
        if _problem(by_time, churned) is None:
            return _checked(frame, schema, by_time, f"by `{schema.time}`, each customer on one side")
    # A row without an id is a customer of its own.
    customer = pd.factorize(ids.where(ids.notna(), pd.Series(np.arange(len(ids)), index=ids.index)))[0]
    ever_churned = np.zeros(customer.max() + 1, dtype=bool)
    np.logical_or.at(ever_churned, customer, churned)
    return _checked(frame, schema, _random_parts(ever_churned, rng)[customer], "at random by customer")


def split_recent(frame: pd.DataFrame, time: pd.Series, ids: pd.Series | None, held_out_share: float) -> RecentSplit:
    """The latest rows judge, the earlier ones train; `time` and `ids` belong to `frame` row by row.

    The cut is the one between two calendar days (UTC) that comes nearest to `held_out_share` (0-1). Rows without a time count as earliest.
    Held-out rows of a customer who also trains are dropped. Rows of one or two days are a batch, whose order tells of nothing but how its
    table was sorted, by customers' ids as a rule: there every so-manieth customer is held out. So it is where the same customers came before
    the cut and after it, such that dropping would leave less than a third of the held-out rows, those of newcomers; of these customers the latest
    rows judge, and none train.
    """
    days = time.dt.floor("D")
    in_turn = _in_turn(len(frame), ids, held_out_share)
    if days.nunique() < DAYS_IN_ORDER:
        return RecentSplit(~in_turn, in_turn)
    ranks = days.rank(method="dense", na_option="top").to_numpy(dtype=int)
    earlier = np.cumsum(np.bincount(ranks, minlength=2))[:-1]
    cut = 1 + int(np.argmin(np.abs(earlier[1:] / len(frame) - (1 - held_out_share))))
    latest = ranks > cut
    known_before = np.zeros(len(frame), dtype=bool) if ids is None else ids.isin(ids[~latest].dropna()).to_numpy()
    if (latest & ~known_before).sum() < _LEFT_AT_LEAST * latest.sum():
        return RecentSplit(~in_turn, latest & in_turn)
    return RecentSplit(~latest, latest & ~known_before)


def never_trained_on(split: Split, trained: pd.DataFrame, schema: Schema) -> Split:
    """The split without the rows of its test set that a model was trained on, when the table was divided otherwise: they would flatter it. Rows are told by
    what they hold, as ids are not kept with a model: of those that are alike, as many as the model had beyond the ones that train again.

    Raises:
        DataError: what is left would lack one outcome or have fewer than 20 rows.
    """
    columns = [*schema.features, schema.target]

    def content(rows: pd.DataFrame) -> pd.Series:
        return pd.util.hash_pandas_object(rows[columns].astype("string"), index=False)

    had = content(trained).value_counts().sub(content(split.train).value_counts(), fill_value=0)
    key = content(split.test)
    kept = (key.groupby(key).cumcount() >= key.map(had).fillna(0)).to_numpy()
    churned = split.test[schema.target].to_numpy(dtype=bool)[kept]
    if kept.sum() < FEWEST_ROWS or churned.all() or not churned.any():
        raise DataError(
            f"The champion was trained on all but {kept.sum()} rows of the test set, so that it cannot be compared on it.",
            "Bring more labelled rows, or another `seed` under [training].",
        )
    return replace(split, test=split.test[kept].reset_index(drop=True))


def _in_turn(rows: int, ids: pd.Series | None, share: float) -> np.ndarray:
    """Whether each row is of every so-manieth customer, in the order in which they come; a row without an id is a customer of its own."""
    places = pd.Series(np.arange(rows))
    customer = places if ids is None else ids.reset_index(drop=True).where(ids.notna().to_numpy(), places)
    number = pd.factorize(customer)[0]
    return np.asarray(np.floor((number + 1) * share) > np.floor(number * share))


def _random_parts(churned: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    parts = np.empty(len(churned), dtype=int)
    for outcome in (False, True):
        rows = rng.permutation(np.flatnonzero(churned == outcome))
        cuts = np.round(len(rows) * np.array([TRAIN_SHARE, TRAIN_SHARE + GATE_SHARE])).astype(int)
        for part, members in enumerate(np.split(rows, cuts)):
            parts[members] = part
    return parts


def _parts_by_time(time: pd.Series, ids: pd.Series) -> np.ndarray:
    ranks = time.rank(method="max", na_option="top", pct=True).to_numpy()
    parts = np.searchsorted([TRAIN_SHARE, TRAIN_SHARE + GATE_SHARE], ranks)
    first = pd.Series(parts, index=ids.index).groupby(ids).transform("min").to_numpy()
    return np.where(ids.notna() & (parts > first), -1, parts)


def _newest_to_test(frame: pd.DataFrame, schema: Schema) -> np.ndarray:
    ids = pd.Series(pd.NA, index=frame.index) if schema.id is None else frame[schema.id]
    oldest_first = _parts_by_time(frame[schema.time], ids)
    return np.select([oldest_first == 1, oldest_first == 2], [2, 1], oldest_first)


def can_split_by_time(frame: pd.DataFrame, schema: Schema) -> bool:
    """Whether a typed, labelled table can be split by time: it has the column, on several days, and enough outcomes in every part."""
    if schema.time is None or frame[schema.time].dt.floor("D").nunique() < DAYS_IN_ORDER:
        return False
    return _problem(_newest_to_test(frame, schema), frame[schema.target].to_numpy(dtype=bool)) is None


def _problem(parts: np.ndarray, churned: np.ndarray) -> str | None:
    for part, name in enumerate(("training", "test", "held-back")):
        rows, churners = int((parts == part).sum()), int(churned[parts == part].sum())
        if rows < FEWEST_ROWS:
            return f"The {name} part would have {rows} rows; {FEWEST_ROWS} are needed."
        if churners in (0, rows):
            return f"The {name} part would have {'no' if churners == 0 else 'only'} churners."
    return None


def _checked(frame: pd.DataFrame, schema: Schema, parts: np.ndarray, how: str) -> Split:
    if problem := _problem(parts, frame[schema.target].to_numpy(dtype=bool)):
        raise DataError(problem, "Bring more labelled rows.")
    train, test, held_back = (frame[parts == part].reset_index(drop=True) for part in range(3))
    return Split(train, test, held_back, how)
