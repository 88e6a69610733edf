"""A campaign planned: of a list of scored customers, whom to contact and who is held out by lot."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import pandas as pd

from pipeline.atomic_files import write_atomically
from pipeline.errors import DataError
from pipeline.intake.offer_table import id_column
from pipeline.measures.campaign_value import break_even
from pipeline.measures.contact_list import ACTION, CONTACT, HOLD_OUT, ContactAction
from pipeline.measures.hold_out import held_out
from pipeline.measures.risk_tiers import TIERS, Tier, tier_of
from pipeline.record.opened_workspace import Opened
from pipeline.shown_text import plain
from pipeline.state.offers import Offer, add_offers_in
from pipeline.tables.cell_values import ids_in, parse_numbers
from pipeline.tables.reading import RawTable, read_raw


@dataclass(frozen=True)
class Chosen:
    """Who is to be contacted: the `top` highest in the column `score`, or everybody `from_score` on; by neither, those whom `churnops score` would contact or hold out, where the
    list is one of its, else everybody for whom an offer pays. `kind`: the team's word for what is offered."""

    score: str
    kind: str
    top: int | None = None
    from_score: float | None = None


@dataclass(frozen=True)
class TierPlan:
    """Of the chosen customers of a risk tier, how many are `held_out`."""

    tier: Tier
    customers: int
    held_out: int


@dataclass(frozen=True)
class Plan:
    """How many customers are to be contacted and how many are held out, per tier with any, highest first."""

    to_contact: int
    held_out: int
    tiers: tuple[TierPlan, ...]


def plan_offers(opened: Opened, file: Path, out: Path, chosen: Chosen) -> Plan:
    """Write the chosen rows of `file` to `out`, in their order, with the columns that [offers] names for time, kind and held out, and log who is
    held out. On the same day the same list has the same lots.

    Raises:
        DataError: `file` cannot be read, lacks a column, repeats a customer or has a score that is no probability; or `out` is no CSV, cannot
            be written, or is `file`.
    """
    named, at = opened.settings.offers, opened.clock()
    _require_other(file, out)
    raw = read_raw(file, opened.settings.data.format)
    ids, scores = _scored(opened, raw, chosen.score)
    kept = _kept(raw, scores, chosen, opened)
    ids, scores = ids[kept], scores[kept]
    held = held_out(ids.tolist(), scores.tolist(), named.holdout, named.seed, f"{at:%Y-%m-%d}")
    added: dict[str, Any] = {
        named.time: at.isoformat(timespec="seconds"),
        named.kind: chosen.kind,
        named.held_out: [int(one) for one in held],
    }
    table = raw.frame.loc[kept].assign(**added).to_csv(index=False)
    moment = at.replace(microsecond=0)
    with opened.state.write() as connection:
        # The file comes last: where it cannot be written, nothing is logged.
        add_offers_in(connection, [Offer(id_, moment, chosen.kind, None, held_out=True) for id_, one in zip(ids, held, strict=True) if one])
        try:
            write_atomically(out, table.encode())
        except OSError as error:
            raise DataError(f"{out} cannot be written: {error.strerror or error}.", "Name another file with --out.") from error
    tiers = [tier_of(score) for score in scores]
    plans = (
        TierPlan(tier, tiers.count(tier), sum(one for one, of in zip(held, tiers, strict=True) if of == tier)) for tier in reversed(TIERS)
    )
    return Plan(len(ids) - sum(held), sum(held), tuple(one for one in plans if one.customers))


def _require_other(file: Path, out: Path) -> None:
    if out.suffix.lower() != ".csv":
        raise DataError(f"{out.name} is no CSV file.", "Name one with --out, like campaign.csv.")
    if out.exists() and file.exists() and out.samefile(file):
        raise DataError(f"{out.name} is the list itself.", "Name another file with --out.")


def _scored(opened: Opened, raw: RawTable, score: str) -> "tuple[pd.Series[str], pd.Series[float]]":
    id_ = id_column(opened, raw.frame.columns)
    for name, option in ((id_, "`id` under [offers] in churnops.toml"), (score, "--score")):
        if name not in raw.frame:
            raise DataError(f"{raw.path.name} lacks `{plain(name)}`.", f"Name the column that has it by {option}.")
    ids, scores = ids_in(raw.frame[id_], raw.decimal), parse_numbers(raw.frame[score], raw.decimal)
    wrong = ~scores.between(0, 1)
    if wrong.any():
        raise DataError(
            f"{raw.path.name}: `{plain(score)}` is no probability in {int(wrong.sum()):,} rows, the first in data row {int(wrong.to_numpy().argmax()) + 1}.",
            "Give probabilities of churn from 0 to 1, or name their column by --score.",
        )
    doubtful = ids.isna() | ids.duplicated()
    if doubtful.any():
        raise DataError(
            f"{raw.path.name}: `{plain(id_)}` is empty or repeats a customer in {int(doubtful.sum()):,} rows, the first in data row {int(doubtful.to_numpy().argmax()) + 1}.",
            "Give each customer one row.",
        )
    return ids, scores


def _kept(raw: RawTable, scores: "pd.Series[float]", chosen: Chosen, opened: Opened) -> "pd.Series[bool]":
    if chosen.top is not None:
        # Of equal scores the first rows count.
        return scores.rank(ascending=False, method="first") <= chosen.top
    if chosen.from_score is not None:
        return scores >= chosen.from_score
    value = opened.settings.value
    if ACTION in raw.frame and raw.frame[ACTION].isin(get_args(ContactAction)).all():
        return raw.frame[ACTION].isin([CONTACT, HOLD_OUT])
    if not value.alike:
        raise DataError(
            f"{raw.path.name} lacks `{ACTION}`, and by [value] customers are worth different amounts.",
            "Take the list that `churnops score --out` writes, or give --top or --from-score.",
        )
    return scores >= break_even(value.same_for_all())
