"""A list of outcomes to ask for: drawn, written as a table that people fill in, and put on record."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.atomic_files import write_atomically
from pipeline.diagnosis.asking.asked_list import AskedList
from pipeline.diagnosis.asking.choice import Choice, Partition, choose
from pipeline.diagnosis.asking.settled import Settled, settles
from pipeline.diagnosis.diagnosis import Diagnosis
from pipeline.diagnosis.observed import Observed
from pipeline.errors import DataError
from pipeline.intake.asked_rows import known_unasked
from pipeline.intake.outcome_table import outcome_columns
from pipeline.record.opened_workspace import Opened
from pipeline.shown_text import plain
from pipeline.state.asked_outcomes import AskedCustomer, newest_list, newest_number_in, read_asked, record_list_in
from pipeline.state.offers import read_offers

Mask = NDArray[np.bool_]

LENGTHS = (60, 120, 240, 480, 960)  # of a list, tried in turn until one settles enough
ENOUGH = 0.9  # probability to be right that is enough to stop there
_RUN_BY_SPREADSHEETS = re.compile(r"\s*[=+\-@\t\r\n]")
_NUMBER = re.compile(r"[+-]?\d+")


@dataclass(frozen=True)
class WrittenList:
    """A list on record under its `number`, with the sha256 of its content (`digest`), written to `path`."""

    number: int
    digest: str
    path: str
    asked: AskedList


def ask_outcomes(opened: Opened, observed: Observed, found: Diagnosis, out: Path, length: int | None = None) -> WrittenList:
    """Draw a list from the window, write it to `out` and record it.

    Args:
        opened: the workspace.
        observed: its window.
        found: the window's diagnosis so far.
        out: CSV to write: id, scoring time, an empty column for the outcome, stratum, probability, weight, why; no feature of anybody.
        length: customers to ask; None: the first of `LENGTHS` that settles enough, else the longest.

    Raises:
        DataError: the window's data are broken, its rows have no ids, nobody is left to ask, `out` is no CSV, is there already or cannot be written,
            or another list was made meanwhile.
    """
    require_new_table(out)
    if found.action == "fix_data":
        raise DataError(
            "The window's data look broken, and no outcome settles that.", "Have them fixed first: `churnops diagnose` names the column."
        )
    if observed.ids is None:
        raise DataError(
            "The window's rows have no ids, so nobody can be asked.", "Name the column as `id` under [predictions] in churnops.toml."
        )
    before, known, safe = _before(opened, observed), _known(opened, observed), ~_run_by_spreadsheets(observed.ids)
    asked_ids = read_asked(opened.state)["_id"]
    asked = observed.ids.isin(asked_ids).to_numpy()
    free = ~known & ~asked & safe & _old_enough(opened, observed)
    last = newest_list(opened.state)
    seed = 1 if last is None else last.number + 1
    choice, settled = _enough(opened, observed, found, (length,) if length else LENGTHS, free, asked, before, seed)
    record = AskedList(
        customers=int(choice.drawn.sum()),
        champion=observed.champion.digest,
        cuts=choice.partition.cuts,
        regions=choice.partition.regions,
        since=observed.profile.since,
        until=observed.profile.until,
        known=known_unasked(observed.labelled, asked_ids, observed.profile.since, observed.profile.until),
        rival=settled.rival,
        if_changed=settled.if_changed,
        if_not=settled.if_not,
        left_out=int((~safe).sum()),
    )
    return _written(opened, out, record, _customers(observed, choice), _table(opened, observed, choice), 0 if last is None else last.number)


def require_new_table(out: Path) -> None:
    """Raises DataError unless a list can be written to `out`: a CSV that is not there yet, as somebody may have filled it in."""
    if out.suffix.lower() != ".csv":
        raise DataError(f"{out.name} is no CSV file.", "Name one with --out, like calls.csv.")
    if out.exists():
        raise DataError(f"{out} is there already, perhaps with answers.", "Name a file that is new with --out.")


def _enough(
    opened: Opened,
    observed: Observed,
    found: Diagnosis,
    lengths: tuple[int, ...],
    free: Mask,
    asked: Mask,
    before: Partition | None,
    seed: int,
) -> tuple[Choice, Settled]:
    """The first list that settles enough, else the longest."""
    for length in lengths:
        choice = choose(observed, opened.policy, length, free, asked, before, seed)
        settled = settles(observed, choice, found, opened.policy)
        if settled.probability >= ENOUGH or length >= free.sum():
            break
    return choice, settled


def _before(opened: Opened, observed: Observed) -> Partition | None:
    """How the newest list was divided, where it was by the same scores."""
    last = newest_list(opened.state)
    told = None if last is None else AskedList.model_validate(last.body)
    return Partition(told.cuts, told.regions) if told is not None and told.champion == observed.champion.digest else None


def _known(opened: Opened, observed: Observed) -> Mask:
    """Whose outcome is known, or tells nothing because an offer was made to them; shape (window,)."""
    assert observed.ids is not None  # whoever asks has checked
    labelled, since = observed.labelled, observed.profile.since
    found = np.zeros(len(observed.ids), dtype=bool)
    for ids in (labelled.ids, labelled.set_aside):
        found |= np.zeros_like(found) if ids is None else observed.ids.isin(ids).to_numpy()
    if since is not None:
        offers = read_offers(opened.state, since, opened.clock())
        found |= observed.ids.isin(offers.loc[~offers["held_out"], "_id"]).to_numpy()
    return found


def _run_by_spreadsheets(ids: "pd.Series") -> Mask:
    """Which ids a spreadsheet would run as a formula; a number with a sign is a number."""
    run = [bool(_RUN_BY_SPREADSHEETS.match(str(id_))) and not _NUMBER.fullmatch(str(id_)) for id_ in ids]
    return np.asarray(ids.isna().to_numpy() | np.array(run, dtype=bool))


def _old_enough(opened: Opened, observed: Observed) -> Mask:
    """Whose horizon is over, shape (window,): of the others nobody can know yet."""
    horizon = opened.settings.outcomes.horizon_length
    if horizon is None or observed.times is None:
        return np.ones(len(observed.window), dtype=bool)
    return np.asarray(observed.times <= pd.Timestamp(opened.clock() - horizon), dtype=bool)


def _scale(observed: Observed) -> float:
    """Customers for each one in the sample."""
    return max(1.0, (observed.customers or observed.rows) / max(1, len(observed.window)))


def _customers(observed: Observed, choice: Choice) -> Iterator[AskedCustomer]:
    """Everybody asked so far in this window, as this list divides them."""
    assert observed.ids is not None  # whoever asks has checked
    scale = _scale(observed)
    for place in np.flatnonzero(choice.drawn | choice.asked):
        at = None if observed.times is None or pd.isna(observed.times.iloc[place]) else observed.times.iloc[place].isoformat()
        stratum = int(choice.stratum[place])
        members, probability = round(scale * int(choice.members[stratum])), float(choice.probability[place]) / scale
        yield AskedCustomer(str(observed.ids.iloc[place]), at, stratum, members, probability, drawn=bool(choice.drawn[place]))


def _table(opened: Opened, observed: Observed, choice: Choice) -> pd.DataFrame:
    assert observed.ids is not None  # whoever asks has checked
    drawn, scale, names = np.flatnonzero(choice.drawn), _scale(observed), outcome_columns(opened.settings, ())
    probability = choice.probability[drawn] / scale
    usual = float(choice.on_lists.sum() / choice.members.sum()) / scale
    columns: dict[str, object] = {names.id: observed.ids.iloc[drawn].to_numpy()}
    if observed.times is not None:
        columns[names.scored_at] = [at.isoformat() for at in observed.times.iloc[drawn]]
    most = _most_suspect(choice)
    columns |= {
        names.outcome: "",
        "stratum": [_stratum_words(choice, stratum) for stratum in _parts(observed, choice, drawn)],
        "probability": np.round(probability, 6),
        "weight": np.round(1 / probability, 2),
        "why": [f"tells more than most {most}" if one > usual else "part of a fair sample of everybody" for one in probability],
    }
    return pd.DataFrame(columns).sample(frac=1, random_state=0)  # whoever is called first is drawn by lot, too


def _parts(observed: Observed, choice: Choice, places: NDArray[np.int64]) -> Iterator[tuple[int, tuple[bool, ...]]]:
    """Of each of these customers the band of the score, and in which of the regions they are."""
    bands = np.searchsorted(np.array(choice.partition.cuts), observed.scores, side="right")
    inside = [one.holds(observed.window, observed.scores) for one in choice.partition.regions]
    for place in places:
        yield int(bands[place]), tuple(bool(one[place]) for one in inside)


def _stratum_words(choice: Choice, part: tuple[int, tuple[bool, ...]]) -> str:
    band, inside = part
    ends = (0.0, *choice.partition.cuts, 1.0)
    regions = (
        f"{'' if here else 'not '}{_named(one.column, one.said)}" for one, here in zip(choice.partition.regions, inside, strict=True)
    )
    return ", ".join((f"score {ends[band]:.2f} to {ends[band + 1]:.2f}", *regions))


def _named(column: str | None, said: str) -> str:
    return f"{'score' if column is None else plain(column)} {plain(said)}"


def _most_suspect(choice: Choice) -> str:
    """What the list was chosen by, first of all."""
    first = choice.suspicions.each[0]
    if first.favoured <= 1 or first.region is None:
        return "whether anything changed" if first.favoured <= 1 else "how far all customers changed"
    return f"about customers with {_named(first.region.column, first.region.said)}"


def _written(
    opened: Opened, out: Path, record: AskedList, customers: Iterator[AskedCustomer], table: pd.DataFrame, before: int
) -> WrittenList:
    """In one transaction; the file comes last, so that where it cannot be written nothing is on record. `before`: the number of the list that was
    the newest when these customers were drawn."""
    at, body = opened.clock(), record.model_dump(mode="json")
    with opened.state.write() as connection:
        if newest_number_in(connection) != before:
            raise DataError("Another list was made meanwhile, perhaps of the same customers.", "Ask again: others are drawn.")
        require_new_table(out)
        found = record_list_in(connection, at, opened.person, list(customers), body)
        told = {"number": found.number, "digest": found.digest, "customers": record.customers, "by": opened.person}
        opened.ledger.append_in(connection, at, "outcomes_asked", None, told)
        try:
            write_atomically(out, table.to_csv(index=False).encode())
        except OSError as error:
            raise DataError(f"{out} cannot be written: {error.strerror or error}.", "Name another file with --out.") from error
    opened.ledger.catch_up()
    return WrittenList(found.number, found.digest, str(out), record)
